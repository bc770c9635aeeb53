"""What a robot without a map has to find its way in: mazes, warehouses, bug traps, trap forests.

From the start little is seen, and the straight way to the goal is closed.
"""

from __future__ import annotations

import itertools

import numpy as np

from mme_ilqr_ros.benchmark.families.drawing import (
    REVERSING,
    THICK,
    Rng,
    World,
    between,
    box,
    cells,
    placed,
    world,
)

UNHURRIED = 8.0  # timeout over the time of the straight way, at least: the way itself is far longer
Cell = tuple[int, int]


def maze(rng: Rng, part: float) -> World:
    """Return a maze of 4 x 4 to 12 x 12 cells, from one side to the other; some have loops."""
    n, pitch = 4 + int(9 * part), cells(rng.uniform(1.2, 1.6)) + THICK
    open_doors = _spanning_tree(rng, n)
    doors = _doors(n)
    loops = rng.choice([0.0, 0.1])  # share of the other doors that are open too
    open_doors |= {door for door in sorted(doors - open_doors) if rng.random() < loops}
    walls = [_wall(door, pitch) for door in sorted(doors - open_doors)]
    side, half = n * pitch, THICK / 2
    for at in (0.0, side):
        walls.append(box([-half, at - half], [side + half, at + half]))
        walls.append(box([at - half, -half], [at + half, side + half]))
    ends = (np.array([[0, rng.integers(n)], [n - 1, rng.integers(n)]]) + 0.5) * pitch
    start = [*ends[0], rng.choice([0.0, 0.5, 1.0, -0.5]) * np.pi]
    timeout = 60.0 + 3.0 * n * n * pitch  # the longest way goes through every cell
    drawn = world("maze", start, ends[1], walls=walls, timeout=round(timeout), robot=REVERSING)
    return placed(drawn, rng)


def _doors(n: int) -> set[tuple[Cell, Cell]]:
    """Return all pairs of neighbours among n x n cells, the lower one first."""
    ahead = {((x, y), (x + 1, y)) for x in range(n - 1) for y in range(n)}
    return ahead | {((x, y), (x, y + 1)) for x in range(n) for y in range(n - 1)}


def _spanning_tree(rng: Rng, n: int) -> set[tuple[Cell, Cell]]:
    """Return the doors of a maze that has one way between any two cells: a random deep walk."""
    way = [(int(rng.integers(n)), int(rng.integers(n)))]
    seen, doors = set(way), set()
    while way:
        x, y = way[-1]
        near = [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
        near = [c for c in near if c not in seen and 0 <= c[0] < n and 0 <= c[1] < n]
        if not near:
            way.pop()
            continue
        following = near[int(rng.integers(len(near)))]
        first, second = sorted([way[-1], following])
        doors.add((first, second))
        seen.add(following)
        way.append(following)
    return doors


def _wall(door: tuple[Cell, Cell], pitch: float) -> World:
    """Return the wall [m] in place of a door between two cells."""
    (x, y), (across, _) = door[0], np.subtract(door[1], door[0])
    half = THICK / 2
    if across:
        low, high = [(x + 1) * pitch, y * pitch], [(x + 1) * pitch, (y + 1) * pitch]
    else:
        low, high = [x * pitch, (y + 1) * pitch], [(x + 1) * pitch, (y + 1) * pitch]
    return box(np.subtract(low, half), np.add(high, half))


def warehouse(rng: Rng, part: float) -> World:
    """Return 4 to 8 rows of racks 8 to 16 m long in a hall; aisles are closed at one end or open.

    Start and goal are in different aisles. Every closed end is at the same side as its neighbour's
    or at the other one, so that some ways lead along every rack in turn.
    """
    rows, length = 4 + int(5 * part), cells(between(8.0, 16.0, rng.random()))
    aisle, depth, end = cells(rng.uniform(1.2, 1.8)), 0.8, 1.6  # aisles, racks, cross aisles [m]
    pitch = aisle + depth
    height, half = rows * pitch + aisle, THICK / 2
    walls = [
        box([-end, -THICK], [length + end, 0.0]),
        box([-end, height], [length + end, height + THICK]),
        box([-end - THICK, -THICK], [-end, height + THICK]),
        box([length + end, -THICK], [length + end + THICK, height + THICK]),
    ]
    serpentine = rng.random() < 0.5
    for row in range(rows):
        y = aisle + row * pitch
        low, high = 0.0, length
        if serpentine:  # a rack reaches the wall at one side, and at the other in the next row
            low, high = (-end, length) if row % 2 else (0.0, length + end)
        walls.append(box([low, y], [high, y + depth]))
        pallet = cells(rng.uniform(1.0, length - 1.0))
        if not serpentine and row > 0 and rng.random() < 0.5:
            walls.append(box([pallet, y - aisle], [pallet + 2 * half, y]))
    first, last = 0.5 * aisle, height - 0.5 * aisle
    start = [rng.uniform(0.2, 0.8) * length, first, rng.uniform(-3.1, 3.1)]
    goal = [rng.uniform(0.2, 0.8) * length, last]
    timeout = round(60.0 + UNHURRIED * rows * length / 2)
    drawn = world("warehouse", start, goal, walls=walls, timeout=timeout, robot=REVERSING)
    return placed(drawn, rng)


def bug_trap(rng: Rng, part: float) -> World:
    """Return a room 3 to 8 m wide whose only door is the end of a passage that reaches inward.

    The robot is inside, and the goal lies behind the wall opposite the door.
    """
    half, door = cells(between(1.5, 4.0, part)), cells(rng.uniform(0.4, 0.6))  # halves of both
    side = 2.0 * half
    inward = cells(between(0.2, 0.45, rng.random()) * side)
    walls = [
        box([half, -half], [half + THICK, half]),  # before the goal
        box([-half, half], [half + THICK, half + THICK]),
        box([-half, -half - THICK], [half + THICK, -half]),
    ]
    for way in (1.0, -1.0):
        walls.append(box([-half - THICK, way * door], [-half, way * (half + THICK)]))
        walls.append(box([-half, way * door], [-half + inward, way * (door + THICK)]))
    start = [half - rng.uniform(0.6, 1.2), rng.uniform(-0.3, 0.3) * side, rng.uniform(-0.5, 0.5)]
    goal = [half + rng.uniform(1.5, 3.0), rng.uniform(-0.3, 0.3) * side]
    timeout = round(40.0 + UNHURRIED * side)
    drawn = world("bug_trap", start, goal, walls=walls, timeout=timeout, robot=REVERSING)
    return placed(drawn, rng)


def trap_forest(rng: Rng, part: float) -> World:
    """Return a field 10 to 20 m long with pockets of three walls, most of them open to it."""
    length, pitch = between(10.0, 20.0, part), 3.2
    columns, rows = int(length / pitch), 4
    walls: list[World] = []
    for column, row in itertools.product(range(columns), range(rows)):
        if rng.random() < 0.15:
            continue
        # Every second column half a row aside, so that no straight way leads through.
        y = (row - (rows - 1) / 2 + 0.5 * (column % 2)) * pitch
        beside = rng.uniform(-0.25, 0.25, 2)
        centre = np.array([cells(2.5 + column * pitch + beside[0]), cells(y + beside[1])])
        turn = 0 if rng.random() < 0.7 else int(rng.integers(1, 4))
        walls += _pocket(centre, cells(rng.uniform(0.6, 0.9)), cells(rng.uniform(0.4, 0.7)), turn)
    start = [0.0, rng.uniform(-1.0, 1.0), 0.0]
    goal = [columns * pitch + 3.0, rng.uniform(-1.0, 1.0)]
    timeout = round(40.0 + UNHURRIED * length)
    drawn = world("trap_forest", start, goal, walls=walls, timeout=timeout, robot=REVERSING)
    return placed(drawn, rng)


def _pocket(centre: np.ndarray, side: float, back: float, turn: int) -> list[World]:
    """Return a U of three walls that opens toward -x, turned to the left by quarters.

    Args:
        centre: Its middle [2] [m].
        side: Half its width [m].
        back: Half its depth [m].
        turn: Number of quarters.
    """
    quarter = np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), turn)
    corners = [
        ([back - THICK, -side], [back, side]),
        ([-back, side - THICK], [back, side]),
        ([-back, -side], [back, -side + THICK]),
    ]
    return [box(centre + quarter @ low, centre + quarter @ high) for low, high in corners]
