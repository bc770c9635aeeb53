"""Which modes are the same way round: what distinguishes two plans is on which side they pass.

Two plans from the same start, closed by the segment between their ends, make a loop. They are the
same way round when that loop winds round no obstacle and their ends see each other. How far apart
they run, and how fast, does not matter.

The winding number round an obstacle is the same for all its points, because no plan crosses it; so
one point stands for a circle, and one for every connected piece of the walls. It is counted, not
integrated: how often the plan crosses the ray from the point in the direction of x, upwards minus
downwards. Round a circle that moves, the plan is taken relative to it, each stage at its own time:
in front of it and behind it are different ways.

Source: Bhattacharya, Likhachev, Kumar, Topological constraints in search-based robot path planning,
Autonomous Robots 2012: classes of paths by invariants of their loop. Here they are winding numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.geometry.distance_field import DistanceField

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def wall_points(field: DistanceField) -> Array:
    """Return a point for every connected piece of the walls of a map, as circles [P, 5].

    They have no radius; cells that touch at a corner are one piece. A map's points can be kept as
    long as the map.
    """
    blocked = field.values < 0.0
    pieces, count = ndimage.label(blocked, np.ones((3, 3)))
    points = np.zeros((count, 5))
    if count:
        deepest = np.array(ndimage.minimum_position(field.values, pieces, np.arange(1, count + 1)))
        points[:, :2] = field.origin.transform((deepest[:, ::-1] + 0.5) * field.resolution)
    return points


def ways_round(
    states: Array,
    costs: Array,
    dt: float,
    circles: Array,
    field: DistanceField | None = None,
    walls: Array | None = None,
) -> Labels:
    """Return for every mode the best mode that is the same way round [N]; its own index if none is.

    Args:
        states: Trajectories [N, T+1, nx] from one start, x and y [m] first.
        costs: The lower, the better; a class is named after its best mode [N].
        dt: Stage duration [s].
        circles: x, y, radius, vx, vy [M, 5].
        field: Distance field of the walls, or None.
        walls: Its `wall_points`, where they are known already.
    """
    values, frame = np.ones((1, 1)), np.zeros(6)
    if field is not None:
        walls = wall_points(field) if walls is None else walls
        circles = np.concatenate([circles, walls])
        values, o = field.values, field.origin
        turn = (np.cos(o.yaw), np.sin(o.yaw))
        frame = np.array([o.x, o.y, *turn, field.resolution, 1.0])
    order = np.argsort(costs, kind="stable")
    # One kind of memory: for each other one numba would compile anew, in a control cycle.
    states, circles, values = (
        np.ascontiguousarray(a, np.float64) for a in (states, circles, values)
    )
    return _classes(states, order, float(dt), circles, values, frame)


@compiled
def _classes(states, order, dt, circles, values, frame):
    """Compare every mode, the best first, with the best of each class found so far."""
    n_modes, end = states.shape[0], states.shape[1] - 1
    near = _within(states, end * dt, circles)
    counts = np.empty((n_modes, near.size), np.int64)
    x, y = np.empty(end + 1), np.empty(end + 1)
    for n in range(n_modes):
        for t in range(end + 1):
            x[t], y[t] = states[n, t, 0], states[n, t, 1]
        for i in range(near.size):
            counts[n, i] = _crossings(x, y, dt, circles[near[i]])
    labels = np.empty(n_modes, np.int64)
    for rank in range(n_modes):
        n = order[rank]
        labels[n] = n
        for before in range(rank):
            best = order[before]
            if labels[best] == best and _same(
                states[n, end], states[best, end], counts[n], counts[best], near, end * dt,
                circles, values, frame,
            ):  # fmt: skip
                labels[n] = best
                break
    return labels


@compiled
def _within(states, duration, circles):
    """Return the circles that a loop of plans can wind round: those in the box round all plans."""
    left, right = states[:, :, 0].min(), states[:, :, 0].max()
    low, high = states[:, :, 1].min(), states[:, :, 1].max()
    kept = np.empty(circles.shape[0], np.int64)
    count = 0
    for m in range(circles.shape[0]):
        x, y, r = circles[m, 0], circles[m, 1], circles[m, 2]
        x_end, y_end = x + duration * circles[m, 3], y + duration * circles[m, 4]
        beside = max(x, x_end) + r < left or min(x, x_end) - r > right
        if not (beside or max(y, y_end) + r < low or min(y, y_end) - r > high):
            kept[count] = m
            count += 1
    return kept[:count]


@compiled
def _crossings(x, y, dt, circle):
    """Return how often a plan x, y [T+1] crosses the ray from a circle's centre along x.

    Without a branch, so that it becomes vector instructions.
    """
    count = 0
    cx, cy, vx, vy = circle[0], circle[1], dt * circle[3], dt * circle[4]
    for t in range(x.size - 1):
        x0, y0 = x[t] - (cx + t * vx), y[t] - (cy + t * vy)
        x1, y1 = x[t + 1] - (cx + (t + 1) * vx), y[t + 1] - (cy + (t + 1) * vy)
        left_turn = x0 * y1 - y0 * x1 > 0.0
        count += int(left_turn & (y0 <= 0.0) & (y1 > 0.0))
        count -= int((not left_turn) & (y0 > 0.0) & (y1 <= 0.0))
    return count


@compiled
def _crossing(x, y, x_next, y_next):
    """Return 1 for a segment that crosses the positive x axis upwards, -1 downwards, else 0."""
    if (y > 0.0) == (y_next > 0.0):
        return 0
    left_turn = x * y_next - y * x_next > 0.0
    if y_next > y:
        return 1 if left_turn else 0
    return 0 if left_turn else -1


@compiled
def _same(a, b, counts_a, counts_b, near, duration, circles, values, frame):
    """Tell whether two plans that end in states a and b [nx] are the same way round."""
    for i in range(near.size):
        circle = circles[near[i]]
        cx, cy = circle[0] + duration * circle[3], circle[1] + duration * circle[4]
        back = _crossing(a[0] - cx, a[1] - cy, b[0] - cx, b[1] - cy)
        if counts_a[i] + back != counts_b[i]:
            return False
        if _distance_to_segment(cx, cy, a, b) < circle[2]:
            return False
    return frame[5] == 0.0 or _in_sight(a, b, values, frame)


@compiled
def _distance_to_segment(px, py, a, b):
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = (px - a[0]) * dx + (py - a[1]) * dy
    share = min(max(along / max(dx * dx + dy * dy, 1e-12), 0.0), 1.0)
    return np.hypot(a[0] + share * dx - px, a[1] + share * dy - py)


@compiled
def _in_sight(a, b, values, frame):
    """Walk from a to b by what the distance field leaves free; False where a wall is met.

    frame = (origin x, origin y, cos yaw, sin yaw, resolution, 1 if present).
    """
    length, s = np.hypot(b[0] - a[0], b[1] - a[1]), 0.0
    while s < length:
        dx = a[0] + s / length * (b[0] - a[0]) - frame[0]
        dy = a[1] + s / length * (b[1] - a[1]) - frame[1]
        column = int(np.floor((frame[2] * dx + frame[3] * dy) / frame[4]))
        row = int(np.floor((frame[2] * dy - frame[3] * dx) / frame[4]))
        value = 0.0  # beyond the map nothing is known of distances
        if 0 <= row < values.shape[0] and 0 <= column < values.shape[1]:
            value = values[row, column]
        if value < 0.0:
            return False
        s += max(value - frame[4], 0.5 * frame[4])
    return True
