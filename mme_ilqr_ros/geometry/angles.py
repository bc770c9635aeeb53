"""Angles: wrapping, shortest differences, and yaw as a quaternion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
