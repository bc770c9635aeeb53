"""What the families draw with: boxes, corridors, and the keys of a world that a file holds.

Worlds are drawn with the robot's way along +x, then mirrored and turned by quarters. Sizes are
multiples of a cell, so that a map of the walls has exactly the free space that the robot has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
World = dict[str, Any]
Rng = np.random.Generator

CELL = 0.05  # [m] of the maps
MARGIN = 3.0  # [m] of free map around everything
RADIUS = 0.2  # [m] of the usual robot
THICK = 0.2  # [m] of a wall
ROBOT = {"radius": RADIUS, "v_min": 0.0, "v_max": 1.0, "w_max": 1.5, "a_max": 2.5, "aw_max": 5.0}
REVERSING = {**ROBOT, "v_min": -0.5}


def world(
    family: str,
    start: ArrayLike,
    goal: ArrayLike,
    *,
    walls: Sequence[World] = (),
    circles: Sequence[list[float]] = (),
    obstacles: Sequence[World] = (),
    tolerance: float = 0.25,
    timeout: float = 60.0,
    robot: World = ROBOT,
) -> World:
    """Return the keys of a world file, without a map.

    Args:
        family: Its kind.
        start: x, y, yaw [m, rad].
        goal: x, y [m].
        walls: Boxes; they are in the map.
        circles: Rows x, y, radius [m]; they stand and are not in the map.
        obstacles: Discs that move from keyframe to keyframe.
        tolerance: Distance from the goal that counts as there [m].
        timeout: Time after which the run has failed [s].
        robot: Its size and limits.
    """
    return {
        "family": family,
        "start": rounded(start),
        "goal": rounded(goal),
        "goal_tolerance": tolerance,
        "timeout": timeout,
        "robot": robot,
        "walls": list(walls),
        "circles": list(circles),
        "obstacles": list(obstacles),
    }


def box(low: ArrayLike, high: ArrayLike) -> World:
    """Return a wall from its lower left corner to its upper right one, in any order [m]."""
    a, b = np.asarray(low, float), np.asarray(high, float)
    return {"center": rounded((a + b) / 2), "size": rounded(np.abs(b - a))}


def circle(x: float, y: float, radius: float) -> list[float]:
    """Return a row of `circles`."""
    return rounded([x, y, radius])


def cells(length: float, cell: float = CELL) -> float:
    """Return a length [m] rounded to whole cells."""
    return round(round(length / cell) * cell, 6)


def between(low: float, high: float, part: float) -> float:
    """Return the number at a part in [0, 1) of the way from `low` to `high`."""
    return low + part * (high - low)


def corridor(points: ArrayLike, width: float, *, begins: bool = False, ends: bool = False) -> list:
    """Return the walls of a corridor with right angles.

    Args:
        points: [N, 2] its middle line [m]; every leg is parallel to an axis.
        width: Room between the walls [m].
        begins: Whether a wall closes its first end.
        ends: Whether a wall closes its last end.
    """
    line = np.asarray(points, float)
    ways = np.diff(line, axis=0)
    ways /= np.hypot(*ways.T)[:, None]
    half, walls = 0.5 * width, []
    for leg, way in enumerate(ways):
        left = np.array([-way[1], way[0]])
        for side in (1.0, -1.0):
            first = _reach(ways, leg, leg - 1, side, half, closed=begins)
            last = _reach(ways, leg, leg + 1, side, half, closed=ends)
            inner = side * half * left
            low = line[leg] - first * way + inner
            walls.append(box(low, line[leg + 1] + last * way + inner + side * THICK * left))
    for closed, end, way in ((begins, line[0], -ways[0]), (ends, line[-1], ways[-1])):
        across = half * np.array([-way[1], way[0]])
        if closed:
            walls.append(box(end - across, end + across + THICK * way))
    return walls


def _reach(ways: Array, leg: int, other: int, side: float, half: float, *, closed: bool) -> float:
    """Return how far a side's wall goes beyond the end of its leg where the `other` leg meets it.

    The wall inside a bend ends before it, the one outside goes round it.
    """
    if not 0 <= other < len(ways):
        return THICK if closed else 0.0
    first, second = sorted((leg, other))
    turn = ways[first, 0] * ways[second, 1] - ways[first, 1] * ways[second, 0]  # 1 is to the left
    return -half if turn * side > 0.0 else half + THICK


def placed(drawn: World, rng: Rng, cell: float = CELL) -> World:
    """Return the world mirrored and turned by a number of quarters, with its map."""
    mirrored, quarters = bool(rng.integers(2)), int(rng.integers(4))
    moved = _moved(drawn, -1.0 if mirrored else 1.0, quarters)
    return {**moved, "map": map_of(moved, cell)}


def map_of(drawn: World, cell: float = CELL) -> World:
    """Return the `map` that holds a world; the faces of its walls lie between cells."""
    points = [np.array([drawn["start"][:2], drawn["goal"][:2]])]
    for wall in drawn["walls"]:
        centre, half = np.array(wall["center"]), 0.5 * np.array(wall["size"])
        points.append(np.array([centre - half, centre + half]))
    for x, y, radius in drawn["circles"]:
        points.append(np.array([[x - radius, y - radius], [x + radius, y + radius]]))
    low, high = np.vstack(points).min(axis=0) - MARGIN, np.vstack(points).max(axis=0) + MARGIN
    face = points[1][0] if drawn["walls"] else np.zeros(2)
    origin = face + cell * np.floor((low - face) / cell)
    size = cell * np.ceil((high - origin) / cell)
    return {"size": rounded(size), "origin": rounded(origin), "resolution": cell}


def rounded(numbers: ArrayLike) -> list[float]:
    """Return the numbers to a tenth of a millimetre, as a file holds them."""
    return [round(float(number), 4) + 0.0 for number in np.asarray(numbers, float).reshape(-1)]


def _moved(drawn: World, mirror: float, quarters: int) -> World:
    """Return the world with y times `mirror`, then turned to the left by quarters."""
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    turn = np.linalg.matrix_power(quarter, quarters) @ np.diag([1.0, mirror])

    def point(given: Sequence[float]) -> list[float]:
        return rounded(turn @ np.asarray(given[:2]))

    yaw = mirror * drawn["start"][2] + 0.5 * np.pi * quarters
    return {
        **drawn,
        "start": [*point(drawn["start"]), round(yaw, 4)],
        "goal": point(drawn["goal"]),
        "walls": [
            {"center": point(wall["center"]), "size": rounded(np.abs(turn @ wall["size"]))}
            for wall in drawn["walls"]
        ],
        "circles": [[*point(row), row[2]] for row in drawn["circles"]],
        "obstacles": [
            {**disc, "keyframes": [[time, *point(place)] for time, *place in disc["keyframes"]]}
            for disc in drawn["obstacles"]
        ],
    }
