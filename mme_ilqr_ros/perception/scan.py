"""One turn of a planar laser scanner, as it was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose

CENTRED = Pose(0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Scan:
    """Ranges of one turn, in the scanner's own frame.

    Attributes:
        ranges: [B] distances in m in the order in which they were measured. Infinite, or
            `range_max` and more: nothing there; NaN or below `range_min`: says nothing.
        angle_min: Direction of the first ray in rad, counted from the scanner's x axis.
        angle_increment: Angle from one ray to the next in rad; negative where it turns clockwise.
        range_min: Nearest measurable distance in m.
        range_max: Furthest measurable distance in m.
        stamp: Time of the first ray in s.
        time_increment: Time from one ray to the next in s; 0: all at once.
        mount: The scanner in the robot's frame.
    """

    ranges: NDArray[np.float64]
    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float
    stamp: float
    time_increment: float = 0.0
    mount: Pose = CENTRED

    @property
    def times(self) -> NDArray[np.float64]:
        """When each ray was measured [B] in s."""
        return self.stamp + self.time_increment * np.arange(len(self.ranges), dtype=np.float64)

    @property
    def end(self) -> float:
        """When the last ray was measured [s]."""
        return self.stamp + self.time_increment * max(len(self.ranges) - 1, 0)

    @property
    def angles(self) -> NDArray[np.float64]:
        """Direction of each ray [B] in rad in the scanner's frame."""
        return self.angle_min + self.angle_increment * np.arange(len(self.ranges), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class PointScan:
    """Points of any scanner in its own frame, cut to the heights that the robot can touch.

    From a 3D lidar or a depth camera. What is behind the nearest point of a direction is not used.

    Attributes:
        points: [N, 2] in m, in any order.
        stamp: Time of the measurement in s.
        range_min: Nearest measurable distance in m.
        range_max: Points further away are not used [m].
        mount: The scanner in the robot's frame.
    """

    points: NDArray[np.float64]
    stamp: float
    range_min: float = 0.05
    range_max: float = 30.0
    mount: Pose = CENTRED

    @property
    def end(self) -> float:
        """When the last point was measured [s]."""
        return self.stamp

    def fan(self, rays: int = 720) -> Scan:
        """Return the nearest point of each direction; a direction without one says nothing.

        Args:
            rays: Number of directions in a full turn.
        """
        step = 2.0 * math.pi / rays
        points = np.asarray(self.points, dtype=np.float64)
        points = points[np.isfinite(points).all(axis=1)]
        distance = np.hypot(points[:, 0], points[:, 1])
        direction = np.arctan2(points[:, 1], points[:, 0])
        ray = ((direction + math.pi) / step).astype(np.int64) % rays
        good = (distance >= self.range_min) & (distance < self.range_max)
        nearest = np.full(rays, np.inf)
        np.minimum.at(nearest, ray[good], distance[good])
        ranges = np.where(np.isinf(nearest), np.nan, nearest)
        start = -math.pi + 0.5 * step
        bounds = (self.range_min, self.range_max)
        return Scan(ranges, start, step, *bounds, self.stamp, mount=self.mount)


def angle_increment_of(
    angle_min: float, angle_max: float, increment: float, count: int
) -> tuple[float, str]:
    """Return the angle from ray to ray that fits the number of rays, and a warning if told another.

    Drivers get the step wrong by a ray: the first and last direction and the count decide where
    they make another step than the one that is said.

    Args:
        angle_min: Direction of the first ray in rad.
        angle_max: Direction of the last ray in rad.
        increment: The step as the driver says it, in rad.
        count: Number of rays.
    """
    if count < 2:
        return increment, ""
    derived = (angle_max - angle_min) / (count - 1)
    off = abs(derived - increment) * (count - 1)  # [rad] at the last ray
    if off <= 0.25 * abs(derived):
        return increment, ""
    # A full turn whose last ray is one step short of the first, with angle_max a step too far.
    full_turn = abs(abs(angle_max - angle_min) - 2.0 * math.pi) < 1e-3
    if (
        full_turn
        and abs(derived * (count - 1) / count - increment) <= 0.25 * abs(increment) / count
    ):
        return increment, ""
    warning = (
        f"scan: {count} rays from {angle_min:.4f} to {angle_max:.4f} rad make steps of"
        f" {derived:.6f} rad, not {increment:.6f}: uses the former; correct the driver"
    )
    return derived, warning
