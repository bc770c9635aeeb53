"""A scan as rays in the fixed frame, each from where the scanner was when it was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.scan import CENTRED, PointScan, Scan

FloatArray = NDArray[np.float64]
MOST_RANGE = 200.0  # [m] a hit further away is an error, and would lay out half the world


@dataclass(frozen=True, eq=False)
class ScanPoints:
    """Rays in the fixed frame, in the order of their directions.

    Attributes:
        origins: [B, 2] where the scanner was [m].
        ends: [B, 2] the hit point, or how far the ray is known to be free [m].
        hit: [B] True where something was hit.
        valid: [B] False where the ray says nothing: neither a hit nor free.
        ranges: [B] distances in m, infinite without a hit.
        stamp: Time of the last ray [s].
        increment: Angle between neighbours in rad, positive.
        pose: The robot at `stamp`.
    """

    origins: FloatArray
    ends: FloatArray
    hit: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    ranges: FloatArray
    stamp: float
    increment: float
    pose: Pose

    def leave_out(self, rays: NDArray[np.bool_] | NDArray[np.intp]) -> None:
        """Let some of the rays, by mask or number, say nothing."""
        self.hit[rays] = self.valid[rays] = False
        self.ranges[rays] = np.inf

    def moved(self, motion: Pose) -> ScanPoints:
        """Return the rays seen from a frame in which their frame has the pose `motion`."""
        origins, ends = motion.transform(self.origins), motion.transform(self.ends)
        return replace(self, origins=origins, ends=ends, pose=motion.compose(self.pose))


def scan_points(
    scan: Scan | PointScan,
    history: PoseHistory,
    clear_max: float,
    correction: Pose | None = None,
) -> ScanPoints:
    """Place a scan in the fixed frame.

    Args:
        scan: As measured.
        history: Covers the times of the scan.
        clear_max: Rays without a hit are free up to here [m], at most up to the scanner's range.
        correction: The frame of the history in the fixed frame; None: they are the same.
    """
    fan = scan.fan() if isinstance(scan, PointScan) else scan
    ranges = np.asarray(fan.ranges, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        valid = ranges >= max(fan.range_min, 0.0)  # NaN and -inf are not
        hit = valid & (ranges < min(fan.range_max - 1e-6, MOST_RANGE))
    length = np.where(hit, ranges, min(clear_max, fan.range_max))
    times = fan.times
    if fan.time_increment == 0.0:
        times = times[:1]
    poses = history.at_all(times)
    if correction is not None and correction != CENTRED:
        poses[:, :2] = correction.transform(poses[:, :2])
        poses[:, 2] += correction.yaw
    yaw = poses[:, 2]
    cos, sin = np.cos(yaw), np.sin(yaw)
    x = poses[:, 0] + cos * fan.mount.x - sin * fan.mount.y
    y = poses[:, 1] + sin * fan.mount.x + cos * fan.mount.y
    angle = yaw + fan.mount.yaw + fan.angles
    origins = np.empty((len(ranges), 2))
    origins[:, 0], origins[:, 1] = x, y
    ends = np.empty((len(ranges), 2))
    ends[:, 0] = x + length * np.cos(angle)
    ends[:, 1] = y + length * np.sin(angle)
    return ScanPoints(
        origins,
        ends,
        hit,
        valid,
        np.where(hit, ranges, np.inf),
        float(fan.times[-1]),
        abs(fan.angle_increment),
        Pose(*poses[-1].tolist()),
    )


def inside_polygon(points: FloatArray, polygon: FloatArray) -> NDArray[np.bool_]:
    """Return [N] True where a point [N, 2] lies in a polygon [K, 2], by crossings of its edges."""
    x, y = points[:, 0], points[:, 1]
    inside = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside


def disc(radius: float, corners: int = 16) -> FloatArray:
    """Return a polygon [corners, 2] round a disc at the origin."""
    angle = np.arange(corners) * (2.0 * math.pi / corners)
    outer = radius / math.cos(math.pi / corners)
    return outer * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
