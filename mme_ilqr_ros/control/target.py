"""The point of the plan to head for: ahead of the robot, in sight, and not inside an obstacle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry import circles as circle_geometry
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path, PathProgress

Array = NDArray[np.float64]
SPACING = 0.1  # [m] between the points of the plan that are tried


class PathTarget:
    """Follows one plan; progress along it is kept while the plan stays the same."""

    def __init__(self) -> None:
        self._progress: PathProgress | None = None

    def reset(self) -> None:
        """Forget the plan."""
        self._progress = None

    def point(
        self,
        path: Path,
        position: Array,
        circles: Array,
        field: DistanceField | None,
        radius: float,
        lookahead: tuple[float, float],
    ) -> Array:
        """Return the target [2] in m.

        It lies `lookahead[1]` ahead, or nearer (down to `lookahead[0]`) where walls of the map
        would hide it from the robot. Where it would lie inside an obstacle that the planner did
        not know, it moves on along the plan: a target inside a trap would hold the robot there.

        Args:
            path: The plan, in the controller's frame.
            position: The robot [2].
            circles: Obstacles [M, 5].
            field: Distance field of the map, or None.
            radius: Room the robot's centre needs [m].
            lookahead: Shortest and longest distance along the plan [m].
        """
        here = self._arc_length(path, position)
        nearest, farthest = (min(here + distance, path.length) for distance in lookahead)
        s = np.arange(farthest, nearest - 1e-9, -SPACING)
        in_sight = [in_line_of_sight(position, path.point_at(v), field, radius) for v in s]
        start = s[int(np.argmax(in_sight))] if any(in_sight) else nearest
        ahead = np.append(np.arange(start, path.length, SPACING), path.length)
        points = path.point_at(ahead)
        room = np.minimum(circle_geometry.clearance(points, circles), _distance(points, field))
        free = room > radius
        return points[int(np.argmax(free))] if free.any() else points[-1]

    def _arc_length(self, path: Path, position: Array) -> float:
        known = self._progress
        if known is None or not np.array_equal(known.path.points, path.points):
            known = self._progress = PathProgress(path)
            s = np.arange(0.0, path.length + SPACING, SPACING)
            known.s = float(s[np.argmin(np.hypot(*(path.point_at(s) - position).T))])
        return known.advance(position)


def in_line_of_sight(start: Array, end: Array, field: DistanceField | None, radius: float) -> bool:
    """Return True when a disc could slide straight from start [2] to end [2] past the walls.

    The first `radius` is not looked at, so a robot that stands close to a wall is not blind.
    """
    if field is None:
        return True
    length = float(np.hypot(*(end - start)))
    s = np.arange(min(radius, length), length, SPACING / 2)
    points = start + s[:, None] * (end - start) / max(length, 1e-9)
    return bool(np.all(_distance(points, field) > radius))


def _distance(points: Array, field: DistanceField | None) -> Array:
    if field is None:
        return np.full(len(points), np.inf)
    return field.value_and_gradient(points)[0]
