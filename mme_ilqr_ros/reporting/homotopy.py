"""Homotopy classes of plans, and how often the driven plan changed its class in a run.

Two plans from the same start, closed by the segment between their ends, make a loop. They are in
the same class if the loop winds round no obstacle and no obstacle lies between their ends. How far
apart they run, and how fast, does not matter.

The winding number is the same for all points of an obstacle, because no plan crosses it; so one
point stands for a circle, and one for every connected piece of the walls. It is counted, not
integrated: how often the plan crosses the ray from the point in the direction of x, upwards minus
downwards. For a circle that moves, the plan is taken relative to it, each stage at its own time: to
pass in front of it and to pass behind it are different classes.

Source: Bhattacharya, Likhachev, Kumar, Topological constraints in search-based robot path planning,
Autonomous Robots 2012: classes of paths by invariants of their loop. Here they are winding numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.reporting.run_record import RunRecord

Array = NDArray[np.float64]


def way_change_times(
    record: RunRecord, dt: float, field: DistanceField | None = None
) -> list[float] | None:
    """Return when the driven plan changed its homotopy class [s]; None if unknown.

    In a cycle in which another mode took over, that mode is compared with the one that drove
    before, as both were planned in that cycle.

    Args:
        record: Its modes keep their index from cycle to cycle.
        dt: Time between the points of a trajectory [s].
        field: Distance field of the walls, or None.
    """
    if all(len(moment.trajectories) == 1 for moment in record.modes):
        return None  # a controller with one plan does not keep the one before
    walls = None if field is None else wall_points(field)
    changes = []
    for before, moment in zip(record.modes, record.modes[1:], strict=False):
        if not moment.switched:
            continue
        both = moment.trajectories[moment.chosen], moment.trajectories[before.chosen]
        if not same_class(*both, dt, record.circles_at(moment.time), field, walls):
            changes.append(moment.time)
    return changes


def same_class(
    a: Array,
    b: Array,
    dt: float,
    circles: Array,
    field: DistanceField | None = None,
    walls: Array | None = None,
) -> bool:
    """Return whether two plans from one start are in the same homotopy class.

    Args:
        a: Plan [T+1, 2], x and y [m].
        b: Plan [T+1, 2].
        dt: Time between their points [s].
        circles: x, y, radius, vx, vy [M, 5].
        field: Distance field of the walls, or None.
        walls: Its `wall_points`, where they are known already.
    """
    if field is not None:
        circles = np.concatenate([circles, wall_points(field) if walls is None else walls])
    times = dt * np.arange(len(a))
    centres = circles[:, None, :2] + times[:, None] * circles[:, None, 3:]
    ends = np.stack([a[-1], b[-1]]) - centres[:, -1:]
    winding = _crossings(a - centres) + _crossings(ends) - _crossings(b - centres)
    if winding.any() or (_distance_to_segment(ends) < circles[:, 2]).any():
        return False
    return field is None or _in_sight(a[-1], b[-1], field)


def wall_points(field: DistanceField) -> Array:
    """Return a point for every connected piece of the walls of a map, as circles [P, 5].

    They have no radius; cells that touch at a corner are one piece.
    """
    pieces, count = ndimage.label(field.values < 0.0, np.ones((3, 3)))
    points = np.zeros((count, 5))
    if count:
        deepest = np.array(ndimage.minimum_position(field.values, pieces, np.arange(1, count + 1)))
        points[:, :2] = field.origin.transform((deepest[:, ::-1] + 0.5) * field.resolution)
    return points


def _crossings(lines: Array) -> NDArray[np.int64]:
    """Return how often lines [M, T+1, 2] cross the positive x axis, upwards minus downwards [M]."""
    (x, y), (x_next, y_next) = np.moveaxis(lines[:, :-1], 2, 0), np.moveaxis(lines[:, 1:], 2, 0)
    left_turn = x * y_next - y * x_next > 0.0
    upwards = left_turn & (y <= 0.0) & (y_next > 0.0)
    downwards = ~left_turn & (y > 0.0) & (y_next <= 0.0)
    return upwards.sum(axis=1) - downwards.sum(axis=1)


def _distance_to_segment(ends: Array) -> Array:
    """Return the distance [M] of the origin to segments between points [M, 2, 2]."""
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    squared = np.maximum((along**2).sum(axis=1), 1e-12)
    fraction = np.clip(-(start * along).sum(axis=1) / squared, 0.0, 1.0)
    return np.hypot(*(start + fraction[:, None] * along).T)


def _in_sight(a: Array, b: Array, field: DistanceField) -> bool:
    """Return whether the segment from a to b [2] meets no wall; beyond the map there is none."""
    steps = max(2, int(np.ceil(2.0 * np.hypot(*(b - a)) / field.resolution)) + 1)
    points = field.origin.inverse().transform(np.linspace(a, b, steps))
    columns, rows = np.floor(points / field.resolution).astype(int).T
    height, width = field.values.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return bool((field.values[rows[inside], columns[inside]] >= 0.0).all())
