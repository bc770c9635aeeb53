"""Circles that move: float arrays [M, 5] with rows x, y, radius, vx, vy in m and m/s."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.pose import Pose

FloatArray = NDArray[np.float64]


class CircleError(ValueError):
    """Numbers make no circles; the message names the row."""


def no_circles() -> FloatArray:
    """Return an empty array of circles [0, 5]."""
    return np.zeros((0, 5))


def as_circles(values: ArrayLike) -> FloatArray:
    """Check rows of numbers and return them as circles.

    Args:
        values: [M, 3] rows x, y, radius (at rest), or [M, 5] with vx, vy; M may be 0.

    Returns:
        A new array [M, 5].

    Raises:
        CircleError: Wrong shape, a number that is not finite, or a negative radius.
    """
    try:
        circles = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise CircleError("circles: rows must be x, y, radius or x, y, radius, vx, vy") from error
    if circles.size == 0:
        return no_circles()
    if circles.ndim != 2 or circles.shape[1] not in (3, 5):
        raise CircleError(f"circles: shape {circles.shape}: must be [M, 3] or [M, 5]")
    for row, circle in enumerate(circles):
        if not np.isfinite(circle).all():
            raise CircleError(f"circles: row {row} is not finite: {circle.tolist()}")
        if circle[2] < 0.0:
            raise CircleError(f"circles: row {row}: radius = {circle[2]}: must not be negative")
    at_rest = np.zeros((len(circles), 5 - circles.shape[1]))
    return np.hstack([circles, at_rest])


def predict(circles: FloatArray, seconds: ArrayLike) -> FloatArray:
    """Move circles [M, 5] on at constant velocity by times [...] in s; return [..., M, 5]."""
    seconds = np.asarray(seconds, dtype=float)
    moved = np.broadcast_to(circles, (*seconds.shape, *circles.shape)).copy()
    moved[..., :2] += seconds[..., None, None] * circles[:, 3:]
    return moved


def clearance(points: ArrayLike, circles: FloatArray) -> FloatArray:
    """Return the distance [...] in m from points [..., 2] to the nearest circle's edge.

    Negative inside a circle, infinite when there is none.
    """
    offsets = np.asarray(points, dtype=float)[..., None, :] - circles[:, :2]
    distances = np.hypot(offsets[..., 0], offsets[..., 1]) - circles[:, 2]
    return np.min(distances, axis=-1, initial=np.inf)


def transformed(circles: FloatArray, pose: Pose) -> FloatArray:
    """Return circles [M, 5] seen from a frame in which their frame (at rest) has `pose`."""
    centres = pose.transform(circles[:, :2])
    velocities = pose.rotate(circles[:, 3:])
    return np.hstack([centres, circles[:, 2:3], velocities])
