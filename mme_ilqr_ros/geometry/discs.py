"""Equal discs in a row that together cover a convex polygon, for plans of long robots.

One disc round a robot of 0.51 x 0.43 m sticks out 12 cm beyond its sides and fits through no gap
that the robot fits through; two discs stick out 3.5 cm, three 1.6 cm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TOLERANCE = 0.2  # of half the width, by which discs may stick out beyond a side
MOST = 5
SLICES = 120  # of the length, with common ends for 1 to 6 equal parts
HALVINGS = 40


@dataclass(frozen=True, eq=False)
class Discs:
    """Discs that cover a robot, in its own frame.

    Attributes:
        offsets: Their centres [K, 2] [m].
        radius: Of each [m].
        sticks_out: How far they reach beyond the robot's sides [m].
    """

    offsets: FloatArray
    radius: float
    sticks_out: float

    def centres(self, x: float, y: float, yaw: float) -> FloatArray:
        """Return their centres [K, 2] when the robot is at a pose [m], [rad]."""
        cos, sin = np.cos(yaw), np.sin(yaw)
        return np.array([x, y]) + self.offsets @ np.array([[cos, sin], [-sin, cos]])


def one_disc(radius: float) -> Discs:
    """Return what a round robot is: itself."""
    return Discs(np.zeros((1, 2)), radius, 0.0)


def covering_discs(hull: FloatArray, tolerance: float = TOLERANCE, most: int = MOST) -> Discs:
    """Return the fewest equal discs in a row that cover a polygon and hardly stick out.

    They lie one behind the other on the middle line along x, the way it drives; of a wide robot
    too, for side by side they would need wider gaps. Ahead and behind they stick out by up to their
    radius: before a wall that is a stop some centimetres early, but no gap that is closed.

    Args:
        hull: Corners of the convex polygon [K, 2] [m], counter-clockwise.
        tolerance: Part of half the width, by which they may stick out beyond a side.
        most: Number of discs with which it is given up.
    """
    right, left = hull[:, 1].min(), hull[:, 1].max()
    middle, half = 0.5 * (right + left), 0.5 * (left - right)
    s, width = _half_widths(hull, middle)
    count, radius, centres = 0, np.inf, s
    while count < most and radius - half > tolerance * half:
        count += 1
        radius, centres = _least_radius(s, width, count)
    # Rounded, as a round robot's disc is at its very centre.
    offsets = np.round(np.column_stack([centres, np.full(count, middle)]), 9)
    return Discs(offsets, radius, radius - float(half))


def _half_widths(hull: FloatArray, middle: float) -> tuple[FloatArray, FloatArray]:
    """Return places on the middle line [N] and how far the polygon reaches from it there [N].

    Every corner has its place. Between two places a disc that holds the edges' ends holds them.
    """
    places, across = hull[:, 0], hull[:, 1] - middle
    s = np.union1d(np.linspace(places.min(), places.max(), SLICES + 1), places)
    width = np.zeros(len(s))
    corners = np.column_stack([places, across])
    for (a, u), (b, v) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if a != b:  # the corners of an edge across belong to its neighbours too
            on = (s >= min(a, b)) & (s <= max(a, b))
            width[on] = np.maximum(width[on], np.abs(u + (s[on] - a) / (b - a) * (v - u)))
    return s, width


def _least_radius(s: FloatArray, width: FloatArray, count: int) -> tuple[float, FloatArray]:
    """Return the least radius of `count` discs that cover, and their places [count]."""
    low, high = float(width.max()), float(np.hypot(s[-1] - s[0], width.max()))
    for _ in range(HALVINGS):
        radius = 0.5 * (low + high)
        low, high = (low, radius) if _cover(s, width, radius, count) is not None else (radius, high)
    centres = _cover(s, width, high, count)
    assert centres is not None  # a disc of the greatest radius covers all alone
    return high, centres


def _cover(s: FloatArray, width: FloatArray, radius: float, count: int) -> FloatArray | None:
    """Return the places of discs of a radius that cover from the left, or None if they do not.

    A disc at c covers the slice at s where |s - c| <= reach(s). Each is put as far to the right as
    what is left of it allows.
    """
    reach = np.sqrt(np.maximum(radius**2 - width**2, 0.0))
    centres, first = [], 0
    for _ in range(count):
        centre = float((s + reach)[first:].min())
        centres.append(centre)
        beyond = np.flatnonzero(s - reach > centre + 1e-12)
        if not len(beyond):
            return np.array(centres + [centre] * (count - len(centres)))
        first = int(beyond[0]) - 1  # the slice between two places belongs to both discs
        if s[first] + reach[first] <= centre:
            return None
    return None
