"""The shape of a robot: the polygon of nav2's parameter `footprint`, checked and measured."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.discs import Discs, covering_discs
from mme_ilqr_ros.geometry.polygon import convex_hull, distance_to_polygon

FloatArray = NDArray[np.float64]

LARGEST = 10.0  # [m] from the robot's centre
SMALLEST = 0.01  # [m] between the robot's centre and an edge
LONGEST_TEXT = 2000
EXAMPLE = "[[0.3, 0.2], [0.3, -0.2], [-0.3, -0.2], [-0.3, 0.2]]"


class FootprintError(InputError):
    """A footprint cannot be that of a robot; the message says why."""


@dataclass(frozen=True, eq=False)
class Footprint:
    """A convex polygon round the robot's centre, in the robot's frame: x ahead, y to the left.

    Attributes:
        corners: [K, 2] in m, counter-clockwise.
        note: What was changed to get it, in a line for the log; empty if nothing.
    """

    corners: FloatArray
    note: str = ""

    @cached_property
    def inscribed_radius(self) -> float:
        """Radius of the largest disc round the robot's centre inside it [m]."""
        return -float(self.distance(np.zeros((1, 2)))[0])

    @cached_property
    def circumscribed_radius(self) -> float:
        """Radius of the smallest disc round the robot's centre that holds it [m]."""
        return float(np.hypot(*self.corners.T).max())

    @cached_property
    def discs(self) -> Discs:
        """The discs by which the controller plans; see `covering_discs`."""
        return covering_discs(self.corners)

    def distance(self, points: FloatArray) -> FloatArray:
        """Return the signed distances [N] of points [N, 2] in its frame; negative inside [m]."""
        return distance_to_polygon(points, self.corners)

    def placed(self, x: float, y: float, yaw: float) -> FloatArray:
        """Return the corners [K, 2] when the robot is at a pose [m], [rad]."""
        cos, sin = np.cos(yaw), np.sin(yaw)
        return np.array([x, y]) + self.corners @ np.array([[cos, sin], [-sin, cos]])


def footprint_of(corners: ArrayLike, padding: float = 0.0) -> Footprint:
    """Return the footprint of a robot with some corners.

    Args:
        corners: [N, 2] in m, in the robot's frame and in any order; their convex hull counts.
        padding: By which every corner moves away from both axes, as nav2's `footprint_padding` [m].

    Raises:
        FootprintError: They span no area, lie too far away, or not round the robot's centre.
    """
    points = _checked(corners)
    hull = convex_hull(points + padding * np.sign(points))
    if len(hull) < 3:
        raise FootprintError(
            f"its {len(points)} corners lie on a line: give three or more round it"
        )
    note, dents = "", len(np.unique(points, axis=0)) - len(hull)
    if dents > 0:
        note = f"footprint: its convex hull counts, which leaves out {dents} of its corners"
    found = Footprint(hull, note)
    if found.inscribed_radius < SMALLEST:
        raise FootprintError(
            f"the robot's centre (0, 0) must lie {SMALLEST:g} m and more inside it: give corners"
            " in metres from it"
        )
    return found


def _checked(corners: ArrayLike) -> FloatArray:
    try:
        points = np.asarray(corners, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FootprintError(f"must be a list of corners such as {EXAMPLE}") from error
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise FootprintError(f"must be a list of three or more corners [x, y] such as {EXAMPLE}")
    for x, y in points.tolist():
        if not max(abs(x), abs(y)) <= LARGEST:  # NaN neither
            raise FootprintError(f"corner [{x:g}, {y:g}]: must lie within {LARGEST:g} m")
    return points


def as_text(corners: Collection[tuple[float, float]]) -> str:
    """Return corners [m] as the text that `parse_footprint` reads; empty for none."""
    return str([[float(x), float(y)] for x, y in corners]) if len(corners) else ""


@lru_cache(maxsize=16)
def parse_footprint(text: str, padding: float = 0.0) -> Footprint | None:
    """Return the footprint that a text as nav2's `footprint` describes; None for an empty one.

    Raises:
        FootprintError: It is not a list of corners, or see `footprint_of`.
    """
    if not text.strip() or text.strip() == "[]":
        return None
    try:
        corners = ast.literal_eval(text.strip()[:LONGEST_TEXT])
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise FootprintError(f"must be a list of corners such as {EXAMPLE}") from error
    return footprint_of(corners, padding)
