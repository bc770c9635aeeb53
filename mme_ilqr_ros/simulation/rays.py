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
def _on_circles(circles, age, x, y, way_x, way_y):
    """Return the distance to the first circle, `age` s after they were where they are given."""
    nearest = NOWHERE
    for i in range(len(circles)):
        away_x = circles[i, 0] + age * circles[i, 3] - x
        away_y = circles[i, 1] + age * circles[i, 4] - y
        nearest = min(nearest, _on_circle(away_x, away_y, circles[i, 2], way_x, way_y))
    return nearest


@compiled
def _on_grid(occupied, frame, x, y, way_x, way_y, reach):
    """Return the distance to the first occupied cell within `reach`."""
    cos, sin, cell = frame[2], frame[3], frame[4]
    east, north = x - frame[0], y - frame[1]
    u, v = (cos * east + sin * north) / cell, (cos * north - sin * east) / cell
    du, dv = cos * way_x + sin * way_y, cos * way_y - sin * way_x
    row, column = int(np.floor(v)), int(np.floor(u))
    inside = 0 <= row < occupied.shape[0] and 0 <= column < occupied.shape[1]
    if inside and occupied[row, column]:
        return 0.0
    limit = reach / cell
    across = _on_lines(occupied, False, u, v, du, dv, limit)
    return min(across, _on_lines(occupied, True, v, u, dv, du, min(limit, across))) * cell


@compiled
def _first_hit(x, y, way_x, way_y, age, circles, boxes, occupied, frame, reach, but):
    """Return the distance to the first hit, and the number of the box that it is on, or -1.

    Args:
        x: Where the ray begins; `y` too. The others are as in `cast`.
        y: See `x`.
        way_x: Its direction.
        way_y: Its direction.
        age: Its age.
        circles: See `cast`; `boxes`, `occupied`, `frame` and `reach` too.
        boxes: See `circles`.
        occupied: See `circles`.
        frame: See `circles`.
        reach: See `circles`.
        but: Number of a box to leave out.
    """
    nearest, box = _on_circles(circles, age, x, y, way_x, way_y), -1
    for i in range(len(boxes)):
        distance = _on_box(boxes[i], x, y, way_x, way_y) if i != but else NOWHERE
        if distance < nearest:
            nearest, box = distance, i
    distance = _on_grid(occupied, frame, x, y, way_x, way_y, min(nearest, reach))
    if distance < nearest:
        nearest, box = distance, -1
    return nearest, box


@inlined
def _reflected(box, x, y, way_x, way_y):
    """Return the direction of a ray after a mirror that it meets from outside."""
    cos, sin = box[2], box[3]
    east, north = x - box[0], y - box[1]
    start_x, start_y = cos * east + sin * north, cos * north - sin * east
    pace_x, pace_y = cos * way_x + sin * way_y, cos * way_y - sin * way_x
    enter_x = (-np.sign(pace_x) * box[4] - start_x) / pace_x if pace_x != 0.0 else -NOWHERE
    enter_y = (-np.sign(pace_y) * box[5] - start_y) / pace_y if pace_y != 0.0 else -NOWHERE
    if enter_x > enter_y:
        pace_x = -pace_x
    else:
        pace_y = -pace_y
    return cos * pace_x - sin * pace_y, sin * pace_x + cos * pace_y


@compiled
def cast(origins, ways, ages, circles, boxes, occupied, frame, reach):
    """Return distances [B] in m along each ray to its first hit, infinite beyond `reach`.

    A ray that begins inside something has distance zero. A mirror sends it on, once.

    Args:
        origins: [B, 2] where rays begin, in m.
        ways: [B, 2] their directions, of length 1.
        ages: [B] time in s by which circles have moved on for each ray.
        circles: [M, 5] x, y, radius, vx, vy.
        boxes: [K, 7] centre x, y, cosine and sine of the yaw, half sizes, 1 for a mirror.
        occupied: [H, W] cells.
        frame: [5] origin x, y, cosine and sine of the yaw, and resolution of the grid.
        reach: Length of the rays in m.
    """
    ranges = np.empty(len(origins))
    for ray in range(len(origins)):
        x, y, way_x, way_y = origins[ray, 0], origins[ray, 1], ways[ray, 0], ways[ray, 1]
        world = (ages[ray], circles, boxes, occupied, frame)
        driven, box = _first_hit(x, y, way_x, way_y, *world, reach, -1)
        if 0.0 < driven < reach and box >= 0 and boxes[box, 6] > 0.0:
            turned_x, turned_y = _reflected(boxes[box], x, y, way_x, way_y)
            x, y, left = x + driven * way_x, y + driven * way_y, reach - driven
            driven += _first_hit(x, y, turned_x, turned_y, *world, left, box)[0]
        ranges[ray] = driven if driven <= reach else NOWHERE
    return ranges
