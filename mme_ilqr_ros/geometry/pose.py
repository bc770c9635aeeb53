"""Angles, poses in the plane, and the state of a robot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

FARTHEST = 1e8  # [m] from the origin; twice round the Earth, so it holds every map projection


def wrap(angle: ArrayLike) -> float | NDArray[np.float64]:
    """Bring angles into (-pi, pi] by whole turns.

    Args:
        angle: Finite angles [...] in rad, of any size.

    Returns:
        The same directions [...] in rad; a float for a single angle.
    """
    angle = np.asarray(angle, dtype=float)
    turns = np.ceil((angle - np.pi) / (2.0 * np.pi))
    wrapped = angle - 2.0 * np.pi * turns
    # Rounding may leave the half-open interval by one ulp; the two ends are the same direction.
    wrapped = np.where((wrapped <= -np.pi) | (wrapped > np.pi), np.pi, wrapped)
    return float(wrapped) if wrapped.ndim == 0 else wrapped


def difference(a: ArrayLike, b: ArrayLike) -> float | NDArray[np.float64]:
    """Return the shortest turn from `b` to `a`, in (-pi, pi] rad; arrays broadcast."""
    return wrap(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))


def yaw_to_quaternion(yaw: float) -> tuple[float, float, float, float]:
    """Return the rotation by `yaw` rad about z as a unit quaternion (x, y, z, w)."""
    return 0.0, 0.0, math.sin(0.5 * yaw), math.cos(0.5 * yaw)


def quaternion_to_yaw(x: float, y: float, z: float, w: float) -> float:
    """Return the rotation about z of a quaternion, in (-pi, pi] rad.

    The quaternion need not have unit length. Roll and pitch are dropped, as for a robot on a floor.
    """
    yaw = math.atan2(2.0 * (w * z + x * y), w * w + x * x - y * y - z * z)
    return math.pi if yaw == -math.pi else yaw


@dataclass(frozen=True)
class Pose:
    """Position and heading of one frame seen from another.

    Attributes:
        x: Position in m.
        y: Position in m.
        yaw: Heading in rad, counter-clockwise from x; any size.
    """

    x: float
    y: float
    yaw: float

    def compose(self, other: Pose) -> Pose:
        """Return `other`, which is given in this pose's frame, in this pose's parent frame."""
        x, y = self.transform((other.x, other.y))
        return Pose(float(x), float(y), float(wrap(self.yaw + other.yaw)))

    def inverse(self) -> Pose:
        """Return the parent frame as seen from this pose."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        x, y = -cos * self.x - sin * self.y, sin * self.x - cos * self.y
        return Pose(x, y, float(wrap(-self.yaw)))

    def transform(self, points: ArrayLike) -> NDArray[np.float64]:
        """Bring points [..., 2] in m from this pose's frame into its parent frame."""
        moved = self.rotate(points)
        moved[..., 0] += self.x
        moved[..., 1] += self.y
        return moved

    def rotate(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Bring free vectors [..., 2] (velocities, gradients) into the parent frame."""
        vectors = np.asarray(vectors, dtype=float)
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        along, left = vectors[..., 0], vectors[..., 1]
        rotated = np.empty_like(vectors)
        with np.errstate(invalid="ignore"):  # an infinite vector has no direction: NaN
            rotated[..., 0] = cos * along - sin * left
            rotated[..., 1] = sin * along + cos * left
        return rotated


@dataclass(frozen=True)
class RobotState:
    """Pose and body velocity of a planar robot.

    Attributes:
        x: Position in m.
        y: Position in m.
        yaw: Heading in rad.
        vx: Forward speed in m/s.
        wz: Turning rate in rad/s, counter-clockwise.
        vy: Speed to the left in m/s; zero for robots that cannot slide.
    """

    x: float
    y: float
    yaw: float
    vx: float = 0.0
    wz: float = 0.0
    vy: float = 0.0

    @property
    def position(self) -> NDArray[np.float64]:
        """Position [2] in m."""
        return np.array([self.x, self.y])

    @property
    def pose(self) -> Pose:
        """Pose without the velocity."""
        return Pose(self.x, self.y, self.yaw)

    def after(self, seconds: float) -> RobotState:
        """Return the state after a short time at constant velocity, by the heading half-way."""
        heading = self.yaw + 0.5 * seconds * self.wz
        cos, sin = math.cos(heading), math.sin(heading)
        x = self.x + seconds * (cos * self.vx - sin * self.vy)
        y = self.y + seconds * (sin * self.vx + cos * self.vy)
        return replace(self, x=x, y=y, yaw=self.yaw + seconds * self.wz)

    def as_array(self) -> NDArray[np.float64]:
        """Return [x, y, yaw, vx, wz], without vy."""
        return np.array([self.x, self.y, self.yaw, self.vx, self.wz])

    def is_finite(self) -> bool:
        """Return True when every number is finite."""
        numbers = (self.x, self.y, self.yaw, self.vx, self.wz, self.vy)
        return all(map(math.isfinite, numbers))
