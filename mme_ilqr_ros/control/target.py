"""The point of the plan to head for: ahead of the robot, in sight, and not inside an obstacle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry import circles as circle_geometry
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path, PathProgress

Array = NDArray[np.float64]
SPACING = 0.1  # [m] between the points of the plan that are tried
SEARCH = 5.0  # [m] along the plan in which room for the target is looked for, before its end
SAME = 0.2  # [m] a plan moved by less is the same plan, and points nearer by less as near
SIGHT = 60.0  # [m] what is farther away is out of sight: the longest lookahead, and some more
CUT = 0.5  # of the reach: how far from a via point the straight way to the target may pass it
MOST_TRIED = 50  # points of the plan that are looked at for sight, whatever the lookahead


class PathTarget:
    """Follows one plan; progress along it is kept while the plan stays the same.

    Attributes:
        reach: Distance at which a via point of the plan counts as passed [m].
    """

    def __init__(self) -> None:
        self.reach = 0.0
        self._progress: PathProgress | None = None

    def reset(self) -> None:
        """Forget the plan."""
        self._progress = None

    def has_via_ahead(self, path: Path | None, position: Array) -> bool:
        """Return whether a via point of the plan is still to be passed: its end is not its goal."""
        if path is None or not len(path.vias):
            return False
        return self._arc_length(path, position) < path.vias[-1]

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
        would hide it from the robot, or where the way there would cut off a via point. Where it
        would lie inside an obstacle that the planner did not know, it moves on along the plan: a
        target inside a trap would hold the robot there.

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
        spacing = max(SPACING, (farthest - nearest) / MOST_TRIED)
        s = np.arange(farthest, nearest - 1e-9, -spacing)
        for via in path.vias[(path.vias > here) & (path.vias < farthest)]:
            away = _distance_to_lines(path.point_at(via), position, path.point_at(s))
            s = s[(s <= via) | (away <= CUT * self.reach)]
            nearest = min(nearest, via)
        seen = first_in_sight(position, path.point_at(s), field, radius) if len(s) else None
        start = nearest if seen is None else s[seen]
        far = min(start + SEARCH, path.length)
        ahead = np.append(np.arange(start, far, SPACING), path.length)
        points = path.point_at(ahead)
        room = np.minimum(circle_geometry.clearance(points, circles), _distance(points, field))
        free = room > radius
        return points[int(np.argmax(free))] if free.any() else points[-1]

    def reference(self, path: Path, position: Array, spacing: float, count: int) -> Array:
        """Return points and headings (x, y, yaw) of the plan from here on [count, 3].

        Args:
            path: The plan.
            position: The robot [2].
            spacing: Distance between the points along the plan [m].
            count: Number of points; those beyond its end lie there.
        """
        s = self._arc_length(path, position) + spacing * np.arange(count)
        s = np.minimum(s, path.length)
        return np.column_stack([path.point_at(s), path.heading_at(s)])

    def rest(
        self, path: Path, position: Array, ahead: float, walls: DistanceField | None
    ) -> tuple[float, Array]:
        """Return the rest of the plan [m], with the way back to it, and a point of it [2].

        Args:
            path: The plan.
            position: The robot [2].
            ahead: Distance of the point along the plan [m]; beyond its end, that end.
            walls: What stands; where they are known in a window only, the point lies before the
                plan leaves it: beyond it everything would seem to be free.
        """
        s = self._arc_length(path, position)
        away = float(np.hypot(*(path.point_at(s) - position)))
        if walls is not None:
            steps = np.arange(0.0, ahead, SPACING)
            known = walls.covers(path.point_at(s + steps))
            ahead = ahead if known.all() else float(steps[max(int(np.argmin(known)) - 1, 0)])
        vias = path.vias[path.vias > s]
        ahead = min(ahead, float(vias[0]) - s) if len(vias) else ahead
        return path.length - s + away, path.point_at(s + ahead)

    def _arc_length(self, path: Path, position: Array) -> float:
        """Return the progress along the plan [m]; it goes on when a plan comes again."""
        known = self._progress
        if known is not None and known.path is path:
            return known.advance(position)
        progress = PathProgress(path, reach=self.reach)
        if known is not None and _is_same(known.path, path):
            progress.s = known.s
        else:
            progress.s = path.first_nearest(position, SAME)
        self._progress = progress
        return progress.advance(position)


def _distance_to_lines(point: Array, start: Array, ends: Array) -> Array:
    """Return how far a point [2] is from the straight lines from one point to others [K, 2]."""
    along, offset = ends - start, point - start
    squared = np.maximum(np.sum(along**2, axis=1), 1e-12)
    share = np.clip(along @ offset / squared, 0.0, 1.0)
    return np.hypot(*(offset - share[:, None] * along).T)


def _is_same(old: Path, new: Path) -> bool:
    """Return True when a plan is another only by a correction of its frame."""
    if old.points.shape != new.points.shape:
        return False
    return bool(np.abs(old.points - new.points).max() < SAME)


def first_in_sight(
    start: Array, ends: Array, field: DistanceField | None, radius: float
) -> int | None:
    """Return the first end of [K, 2] that is `in_line_of_sight`, or None.

    A few are tried at a time: mostly the first will do, and each takes a hundred looks at walls.
    """
    looks, index = _looks(start, ends), np.arange(len(ends))
    for tried in np.split(index, [1, 5, 15]):
        seen = in_line_of_sight(start, ends[tried], field, radius, looks)
        if seen.any():
            return int(tried[int(np.argmax(seen))])
    return None


def in_line_of_sight(
    start: Array, ends: Array, field: DistanceField | None, radius: float, looks: int = 0
) -> NDArray[np.bool_]:
    """Return for every end [K, 2] whether a disc could slide straight there past the walls [K].

    The first `radius` is not looked at, so a robot that stands close to a wall is not blind. What
    is farther away than SIGHT is not in sight. `looks` are taken on the way to each; 0: as many as
    the farthest one needs.
    """
    if field is None or len(ends) == 0:
        return np.ones(len(ends), dtype=bool)
    lengths = np.hypot(*(ends - start).T)
    seen = lengths <= SIGHT
    if not seen.any():
        return seen
    share = np.linspace(0.0, 1.0, looks or _looks(start, ends), endpoint=False)
    points = start + share[:, None] * (ends - start)[:, None]
    blind = share * lengths[:, None] < radius
    return seen & np.all(blind | (_distance(points, field) > radius), axis=1)


def _looks(start: Array, ends: Array) -> int:
    """Return how many looks the farthest of those within SIGHT needs."""
    lengths = np.hypot(*(ends - start).T)
    return 1 + int(np.ceil(2.0 * lengths.max(where=lengths <= SIGHT, initial=0.0) / SPACING))


def _distance(points: Array, field: DistanceField | None) -> Array:
    if field is None:
        return np.full(points.shape[:-1], np.inf)
    return field.value(points)
