"""First hits of rays on circles, boxes and the squares of a grid, one ray after the other.

Every ray has its own origin and age, so that a scanner that turns while the robot drives and
circles move is no more work than one that sees all at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled, inlined

FloatArray = NDArray[np.float64]
# In cells: a ray through a corner is looked up just behind it, or it would slip between cells.
PAST_THE_LINE = 1e-9
NOWHERE = np.inf


@inlined
def _on_circle(away_x, away_y, radius, way_x, way_y):
    """Return the distance to a circle whose centre is `away`; zero inside it."""
    # |s d - o| = r  <=>  s = d.o -+ sqrt((d.o)^2 - (|o|^2 - r^2))
    outside = away_x * away_x + away_y * away_y - radius * radius
    if outside <= 0.0:
        return 0.0
    ahead = way_x * away_x + way_y * away_y
    root = ahead * ahead - outside
    # Outside a circle both crossings are on the same side of the ray's origin.
    return ahead - np.sqrt(root) if root >= 0.0 and ahead > 0.0 else NOWHERE


@inlined
def _on_box(box, x, y, way_x, way_y):
    """Return the distance to a box: a ray is in it while between both pairs of parallel sides."""
    cos, sin = box[2], box[3]
    start_x, start_y = (
        cos * (x - box[0]) + sin * (y - box[1]),
        cos * (y - box[1]) - sin * (x - box[0]),
    )
    pace_x, pace_y = cos * way_x + sin * way_y, cos * way_y - sin * way_x
    pace_x = pace_x if abs(pace_x) >= 1e-15 else 1e-15
    pace_y = pace_y if abs(pace_y) >= 1e-15 else 1e-15
    one_x, other_x = (-box[4] - start_x) / pace_x, (box[4] - start_x) / pace_x
    one_y, other_y = (-box[5] - start_y) / pace_y, (box[5] - start_y) / pace_y
    enter = max(min(one_x, other_x), min(one_y, other_y), 0.0)
    leave = min(max(one_x, other_x), max(one_y, other_y))
    return enter if leave >= enter else NOWHERE


@inlined
def _on_lines(occupied, along_rows, u, v, du, dv, reach):
    """Return how far a ray goes until it crosses a line u = const into an occupied cell.

    Args:
        occupied: [H, W] cells.
        along_rows: Whether u counts rows, and v columns.
        u: Where the ray begins, in cells; `v` too.
        v: See `u`.
        du: Its direction; `dv` too.
        dv: See `du`.
        reach: Length of the ray in cells.
    """
    if du == 0.0:
        return NOWHERE
    size_u = occupied.shape[0] if along_rows else occupied.shape[1]
    size_v = occupied.shape[1] if along_rows else occupied.shape[0]
    step = 1 if du > 0.0 else -1
    cell = int(np.floor(u)) + step
    cell = max(cell, 0) if step > 0 else min(cell, size_u - 1)
    per_cell = 1.0 / du
    while 0 <= cell < size_u:
        way = ((cell if step > 0 else cell + 1) - u) * per_cell
        if way > reach:
            break
        beside = int(np.floor(v + (way + PAST_THE_LINE) * dv))
        if 0 <= beside < size_v:
            if occupied[cell, beside] if along_rows else occupied[beside, cell]:
                return way
        elif (beside < 0) == (dv < 0.0) and dv != 0.0:
            break  # it has left the map to that side
        cell += step
    return NOWHERE


@compiled
def cast(origins, ways, ages, circles, boxes, occupied, frame, reach):
    """Return distances [B] in m to the first hit of each ray, infinite beyond `reach`.

    A ray that begins inside something has distance zero.

    Args:
        origins: [B, 2] where rays begin, in m.
        ways: [B, 2] their directions, of length 1.
        ages: [B] time in s by which circles have moved on for each ray.
        circles: [M, 5] x, y, radius, vx, vy.
        boxes: [K, 6] centre x, y, cosine and sine of the yaw, half sizes.
        occupied: [H, W] cells.
        frame: [5] origin x, y, cosine and sine of the yaw, and resolution of the grid.
        reach: Length of the rays in m.
    """
    ranges = np.empty(len(origins))
    grid_x, grid_y, cos, sin, cell = frame[0], frame[1], frame[2], frame[3], frame[4]
    for ray in range(len(origins)):
        x, y, way_x, way_y = origins[ray, 0], origins[ray, 1], ways[ray, 0], ways[ray, 1]
        age, nearest = ages[ray], NOWHERE
        for i in range(len(circles)):
            away_x, away_y = (
                circles[i, 0] + age * circles[i, 3] - x,
                circles[i, 1] + age * circles[i, 4] - y,
            )
            nearest = min(nearest, _on_circle(away_x, away_y, circles[i, 2], way_x, way_y))
        for i in range(len(boxes)):
            nearest = min(nearest, _on_box(boxes[i], x, y, way_x, way_y))
        u, v = (
            (cos * (x - grid_x) + sin * (y - grid_y)) / cell,
            (cos * (y - grid_y) - sin * (x - grid_x)) / cell,
        )
        du, dv = cos * way_x + sin * way_y, cos * way_y - sin * way_x
        row, column = int(np.floor(v)), int(np.floor(u))
        if (
            0 <= row < occupied.shape[0]
            and 0 <= column < occupied.shape[1]
            and occupied[row, column]
        ):
            nearest = 0.0
        limit = min(nearest, reach) / cell
        across = _on_lines(occupied, False, u, v, du, dv, limit)
        across = min(across, _on_lines(occupied, True, v, u, dv, du, min(limit, across)))
        nearest = min(nearest, across * cell)
        ranges[ray] = nearest if nearest <= reach else NOWHERE
    return ranges
