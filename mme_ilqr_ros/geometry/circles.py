"""Circles that move: float arrays [M, 5] with rows x, y, radius, vx, vy in m and m/s."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.pose import FARTHEST, Pose

FloatArray = NDArray[np.float64]
FASTEST = 100.0  # [m/s] nothing that a robot on the ground meets is faster


class CircleError(InputError):
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
        CircleError: Wrong shape, or what `circle_fault` finds.
    """
    circles = circle_rows(values)
    if fault := circle_fault(circles):
        raise CircleError(f"circles: {fault}")
    return circles.copy() if circles is values else circles


def circle_rows(values: ArrayLike) -> FloatArray:
    """Return rows of numbers [M, 3] or [M, 5] as an array [M, 5], whatever the numbers are.

    Raises:
        CircleError: Wrong shape or type.
    """
    try:
        circles = np.asarray(values)
        if circles.dtype.kind not in "iuf":  # rows of text or of True and False are a mistake
            raise TypeError(circles.dtype)
        circles = circles.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise CircleError("circles: rows must be x, y, radius or x, y, radius, vx, vy") from error
    if circles.shape == (0,):
        return no_circles()
    if circles.ndim != 2 or circles.shape[1] not in (3, 5):
        raise CircleError(f"circles: shape {circles.shape}: must be [M, 3] or [M, 5]")
    at_rest = np.zeros((len(circles), 5 - circles.shape[1]))
    return np.hstack([circles, at_rest]) if circles.shape[1] == 3 else circles


def circle_fault(circles: FloatArray) -> str:
    """Return what is wrong with the first impossible row of circles [M, 5]; empty when none is."""
    largest = np.array([FARTHEST, FARTHEST, FARTHEST, FASTEST, FASTEST])
    good = (np.abs(circles) <= largest).all(axis=1) & (circles[:, 2] >= 0.0)
    if good.all():
        return ""
    row = int(np.argmin(good))
    circle = circles[row]
    if not np.isfinite(circle).all():
        return f"row {row} is not finite: {circle.tolist()}"
    if circle[2] < 0.0:
        return f"row {row}: radius = {circle[2]}: must not be negative"
    if np.abs(circle[3:]).max() > FASTEST:
        speed = float(np.hypot(*circle[3:]))
        return f"row {row} moves at {speed:.3g} m/s: must be at most {FASTEST:g} m/s"
    return f"row {row}: {circle.tolist()}: must lie within {FARTHEST:g} m"


def nearest(circles: FloatArray, position: ArrayLike, count: int, seconds: float) -> FloatArray:
    """Return at most `count` of the circles [M, 5], in order: what could touch a point soonest.

    Args:
        circles: Circles [M, 5].
        position: The point [2] in m.
        count: How many to keep.
        seconds: A circle may drive straight at the point for so long [s].
    """
    if len(circles) <= count:
        return circles
    away = np.hypot(*(circles[:, :2] - np.asarray(position)).T) - circles[:, 2]
    gap = away - seconds * np.hypot(circles[:, 3], circles[:, 4])
    return circles[np.sort(np.argpartition(gap, count)[:count])]


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


def told_first(told: FloatArray, seen: FloatArray) -> FloatArray:
    """Return circles [M, 5] of two sources; one that was seen where another is told is dropped."""
    if len(told) == 0 or len(seen) == 0:
        return np.concatenate([told, seen])
    apart = np.hypot(*np.moveaxis(seen[:, None, :2] - told[:, :2], -1, 0))
    is_told = (apart < np.maximum(told[:, 2], seen[:, None, 2])).any(axis=1)
    return np.concatenate([told, seen[~is_told]])
