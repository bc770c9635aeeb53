"""What moves: crossings that change speed, head-on in a corridor, a slower one ahead.

The robot always has a way that a competent driver finds: room to step aside, or time to stop.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.benchmark.families.drawing import (
    REVERSING,
    ROBOT,
    Rng,
    World,
    between,
    cells,
    corridor,
    placed,
    rounded,
    world,
)

QUICK = {**ROBOT, "v_max": 2.0, "w_max": 2.5, "a_max": 3.0, "aw_max": 6.0}
LASTS = 90.0  # [s] that the discs go on moving


def crossing(rng: Rng, part: float) -> World:
    """Return 3 to 8 discs that go to and fro across the way and change speed on it.

    Half of the robots drive at up to 2 m/s, the others at 1 m/s.
    """
    count = 3 + int(6 * part)
    places = 2.0 + 1.1 * np.arange(count) + rng.uniform(-0.3, 0.3, count)
    discs = [_crosser(rng, float(x)) for x in places]
    start, goal = [0.0, rng.uniform(-0.3, 0.3), 0.0], [places[-1] + 2.0, rng.uniform(-0.5, 0.5)]
    robot = QUICK if rng.random() < 0.5 else ROBOT
    return placed(world("crossing", start, goal, obstacles=discs, robot=robot), rng)


def _crosser(rng: Rng, x: float) -> World:
    """Return a disc that goes to and fro across the way at x, each leg at another speed."""
    reach, lean, usual = rng.uniform(1.6, 2.4), rng.uniform(-0.3, 0.3), rng.uniform(0.3, 1.0)
    way, time, place = rng.choice([-1.0, 1.0]), 0.0, rng.uniform(-1.0, 1.0) * reach
    frames = [[time, x + lean * place, place]]
    while time < LASTS:
        if way * place > 0.8 * reach:
            way = -way
        step = min(rng.uniform(0.3, 0.8) * reach, reach - way * place)
        time += step / (usual * rng.uniform(0.5, 1.5))
        place += way * step
        frames.append([time, x + lean * place, place])
    return disc(rng.uniform(0.2, 0.45), frames)


def head_on(rng: Rng, part: float) -> World:
    """Return a corridor in which a disc comes toward the robot; half of the robots may reverse.

    In a wide one it keeps to its line, and the robot has to step aside. In a narrow one it turns
    back half-way, and the robot has to stop in time and wait.
    """
    radius, speed = rng.uniform(0.2, 0.35), rng.uniform(0.3, 1.4)
    length, far = cells(rng.uniform(7.0, 9.0)), rng.uniform(0.4, 1.0)
    wide = part < 0.7
    if wide:
        width, frames = _keeps_on(rng, radius, speed, length + far)
        start_x = rng.uniform(-1.5, -0.5)
    else:
        width, turns_at = cells(rng.uniform(1.0, 1.2)), rng.uniform(0.45, 0.6) * length
        frames = _turns_back(rng, speed, turns_at, length + far)
        # At full speed the robot would be 0.8 m from the disc when that turns.
        start_x = min(-0.5, turns_at - radius - 1.0 - frames[1][0])
    start = [start_x, rng.uniform(-0.2, 0.2), 0.0]
    goal = [length + 1.0, rng.uniform(-0.3, 0.3)]
    walls = corridor([[0.0, 0.0], [length, 0.0]], width)
    robot = REVERSING if rng.random() < 0.5 else ROBOT
    discs = [disc(radius, frames)]
    return placed(world("head_on", start, goal, walls=walls, obstacles=discs, robot=robot), rng)


def _keeps_on(rng: Rng, radius: float, speed: float, far: float) -> tuple[float, list]:
    """Return the width [m] of a corridor and the keyframes of a disc that drives through it.

    On one side of it there are 0.55 to 1 m, for a robot of 0.4 m.
    """
    off = rng.uniform(0.0, 0.2)
    width = cells(2.0 * (radius + rng.uniform(0.55, 1.0) - off))
    return width, _along([far, -6.0], speed, off)


def _turns_back(rng: Rng, speed: float, turns_at: float, far: float) -> list:
    """Return the keyframes of a disc that comes half-way, stands, goes back and then aside."""
    first = _along([turns_at + rng.uniform(1.5, 3.0), turns_at], speed, 0.0)
    rest = first[-1][0] + rng.uniform(0.5, 2.0)
    back = rest + (far + 1.0 - turns_at) / speed
    return [*first, [rest, turns_at, 0.0], [back, far + 1.0, 0.0], [back + 8.0, far + 1.0, 4.0]]


def overtaking(rng: Rng, part: float) -> World:
    """Return a corridor with a slower disc ahead that goes the same way, and room to pass it."""
    radius, speed = rng.uniform(0.2, 0.35), between(0.15, 0.6, part)
    off = rng.uniform(-0.2, 0.2)
    width = cells(2.0 * (radius + 0.75 - abs(off) + rng.uniform(0.0, 0.4)))
    length = cells(rng.uniform(8.0, 11.0))
    walls = corridor([[0.0, 0.0], [length, 0.0]], width)
    ahead = rng.uniform(1.2, 2.5)
    frames = _along([ahead, ahead + LASTS * speed], speed, off)
    start = [rng.uniform(-0.5, 0.3), rng.uniform(-0.2, 0.2), 0.0]
    goal = [length + rng.uniform(0.0, 1.0), rng.uniform(-0.5, 0.5)]
    drawn = world("overtaking", start, goal, walls=walls, obstacles=[disc(radius, frames)])
    return placed(drawn, rng)


def disc(radius: float, frames: list[list[float]]) -> World:
    """Return a disc of `obstacles` that moves from keyframe to keyframe once."""
    rows = [rounded(frame) for frame in frames]
    return {"radius": round(radius, 3), "keyframes": rows, "loop": False}


def _along(xs: list[float], speed: float, y: float) -> list[list[float]]:
    times = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(xs)) / speed)])
    return [[float(t), x, y] for t, x in zip(times, xs, strict=True)]
