"""Narrow places: docks, goals beside walls, bent corridors, spirals, gaps in a long wall."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.benchmark.families.drawing import (
    CELL,
    RADIUS,
    THICK,
    Rng,
    World,
    between,
    box,
    cells,
    corridor,
    placed,
    world,
)

FINE = 0.02  # [m] cells of maps with gaps that are hardly wider than the robot


def slot(rng: Rng, part: float) -> World:
    """Return a dock 0.60 to 0.80 m wide with the goal 0.3 to 1.0 m inside."""
    width, inside = 0.60 + CELL * int(5 * part), between(0.3, 1.0, rng.random())
    depth = cells(inside + between(0.3, 0.5, rng.random()))
    walls = corridor([[0.0, 0.0], [depth, 0.0]], width, ends=True)
    walls += front(width, 1.5)
    start = [rng.uniform(-3.5, -1.5), rng.uniform(-1.5, 1.5), rng.uniform(-1.5, 1.5)]
    drawn = world("slot", start, [inside, 0.0], tolerance=0.15, walls=walls, timeout=40.0)
    return placed(drawn, rng)


def front(width: float, length: float) -> list[World]:
    """Return the walls [m] to both sides of a mouth at the origin that leads along x."""
    half = width / 2 + THICK
    return [box([0.0, side * half], [THICK, side * (half + length)]) for side in (1.0, -1.0)]


def wall_goal(rng: Rng, part: float) -> World:
    """Return a room whose goal lies 0.25 to 0.5 m from a wall, or from both walls of a corner."""
    away = between(0.25, 0.50, part)
    length, half = cells(rng.uniform(4.0, 6.0)), cells(rng.uniform(1.5, 2.5))
    walls = corridor([[0.0, 0.0], [length, 0.0]], 2 * half, begins=True, ends=True)
    aside = half - away if rng.random() < 0.5 else rng.uniform(0.8 - half, half - 0.8)
    start = [rng.uniform(0.5, 1.5), rng.uniform(-half + 0.5, half - 0.5), rng.uniform(-3.1, 3.1)]
    goal = [length - away, aside]
    drawn = world("wall_goal", start, goal, tolerance=0.1, walls=walls, timeout=40.0)
    return placed(drawn, rng)


def l_corridor(rng: Rng, part: float) -> World:
    """Return a corridor 0.55 to 0.80 m wide with one bend or two; the goal is in it or beyond."""
    width = 0.55 + CELL * int(6 * part)
    first, second, third = (cells(rng.uniform(1.2, 2.5)) for _ in range(3))
    x = first + width / 2  # as far as all its walls lie between cells
    line = [[0.0, 0.0], [x, 0.0], [x, second + width / 2]]
    if rng.random() < 0.5:
        line[2:] = [[x, second], [x + third + width / 2, second]]
    way = np.subtract(line[-1], line[-2])
    way /= np.hypot(*way)
    closed = rng.random() < 0.5
    goal = line[-1] + (rng.uniform(-0.7, -0.45) if closed else rng.uniform(0.4, 1.0)) * way
    walls = corridor(line, width, ends=closed) + front(width, 4.0)
    start = [rng.uniform(-2.0, -0.8), rng.uniform(-0.8, 0.8), rng.uniform(-1.0, 1.0)]
    return placed(world("l_corridor", start, goal, tolerance=0.15, walls=walls), rng)


def spiral(rng: Rng, part: float) -> World:
    """Return a square spiral of 0.75 to 2 turns, 0.55 to 0.80 m wide, to drive out of or into."""
    width, legs = cells(rng.uniform(0.55, 0.80)), 4 + int(6 * part)  # a bend is a quarter turn
    line = spiral_line(legs, width + THICK)
    way = np.subtract(line[-1], line[-2])
    way /= np.hypot(*way)
    outward = np.array([way[1], -way[0]])  # it winds to the left
    outside = line[-1] + rng.uniform(0.9, 1.8) * way + rng.uniform(0.0, 1.5) * outward
    ends = [line[0], outside] if rng.random() < 0.5 else [outside, line[0]]
    start = [*ends[0], rng.uniform(-3.1, 3.1)]
    # Half a width more at both ends: room round the innermost point, and an end between cells.
    middle = [[-width / 2, 0.0], *line[1:-1], line[-1] + width / 2 * way]
    walls = corridor(middle, width, begins=True)
    return placed(world("spiral", start, ends[1], tolerance=0.2, timeout=90.0, walls=walls), rng)


def spiral_line(legs: int, pitch: float) -> np.ndarray:
    """Return the middle line [legs + 1, 2] of a square spiral from inside out, in m.

    Args:
        legs: Straight parts; they have the lengths 1, 1, 2, 2, 3, 3, ... times the pitch.
        pitch: Distance from one turn to the next [m].
    """
    ways = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    steps = [(leg // 2 + 1) * pitch * ways[leg % 4] for leg in range(legs)]
    return np.vstack([np.zeros(2), np.cumsum(steps, axis=0)])


def gap(rng: Rng, part: float) -> World:
    """Return a gap of 1.05 to 1.5 robot widths in a long wall; the time is too short to go round.

    The map has finer cells, so that it shows the gap as wide as it is.
    """
    width, thick = cells(between(1.05, 1.5, part) * 2 * RADIUS, FINE), cells(0.1, FINE)
    before, after, aside = rng.uniform(1.5, 2.5), rng.uniform(1.5, 2.5), rng.uniform(-0.8, 0.8)
    reach = cells(2.0 * (before + after), FINE)  # there and back: about four times the way
    half = width / 2
    walls = [box([0.0, s * half], [thick, s * (half + reach)]) for s in (1.0, -1.0)]
    start = [-before, aside, rng.uniform(-1.0, 1.0)]
    goal = [thick + after, rng.uniform(-0.8, 0.8)]
    timeout = round(4.0 + 2.2 * (before + after), 1)  # enough to go through, not to go round
    return placed(world("gap", start, goal, walls=walls, timeout=timeout), rng, FINE)
