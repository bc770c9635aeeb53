"""Ways out: dead ends, a U round the robot, and the trap in several sizes; for `--planner none`."""

from __future__ import annotations

import numpy as np
import yaml

from mme_ilqr_ros.benchmark.families.drawing import (
    REVERSING,
    ROBOT,
    Rng,
    World,
    between,
    cells,
    circle,
    corridor,
    placed,
    rounded,
    world,
)
from mme_ilqr_ros.resources import share_path

TRAP_SIZES = (0.6, 1.0, 1.5, 2.0)


def dead_end(rng: Rng, part: float) -> World:
    """Return a dead end 2 to 6 m deep and 0.7 to 1.4 m wide, across the way to the goal.

    The robot begins near the closed end, or outside and is drawn in. Half of them may reverse.
    """
    depth, width = cells(between(2.0, 6.0, part)), cells(rng.uniform(0.7, 1.4))
    walls = corridor([[0.0, 0.0], [depth, 0.0]], width, ends=True)
    inside = rng.random() < 0.5
    x = depth - rng.uniform(0.35, 0.8) if inside else rng.uniform(-2.0, -0.5)
    start = [x, rng.uniform(-0.1, 0.1), rng.uniform(-0.3, 0.3)]
    goal = [depth + rng.uniform(1.0, 2.5), rng.uniform(-1.0, 1.0)]
    robot = REVERSING if rng.random() < 0.5 else ROBOT
    return placed(world("dead_end", start, goal, walls=walls, robot=robot, timeout=90.0), rng)


def u_inside(rng: Rng, part: float) -> World:
    """Return a U of circles, up to 4 m deep, that opens away from the goal; the robot is in it."""
    depth, half, radius = between(1.0, 4.0, part), rng.uniform(0.6, 1.2), 0.25
    count = int(np.ceil(depth / 0.4))
    arm = np.linspace(0.0, depth, count + 1)
    bottom = np.linspace(-half, half, int(np.ceil(2 * half / 0.4)) + 1)
    offset = half + radius
    circles = [circle(x, side * offset, radius) for side in (1.0, -1.0) for x in arm]
    circles += [circle(depth + radius, y, radius) for y in (-offset, *bottom, offset)]
    start = [depth - rng.uniform(0.4, 0.8), rng.uniform(-0.2, 0.2), rng.uniform(-1.0, 1.0)]
    goal = [depth + rng.uniform(1.5, 3.0), rng.uniform(-1.0, 1.0)]
    return placed(world("u_inside", start, goal, circles=circles, timeout=60.0), rng)


def trap(rng: Rng, part: float) -> World:
    """Return the trap at 0.6, 1, 1.5 or 2 times its size, for the same robot."""
    size = TRAP_SIZES[int(len(TRAP_SIZES) * part)]
    drawn = scaled(shipped("trap"), size)
    drawn |= {"family": "trap", "label": f"_x{size}", "start": off_centre(rng, 1.0)}
    return placed(drawn, rng)


def off_centre(rng: Rng, size: float) -> list[float]:
    """Return a start at the origin that looks along x, or not quite.

    Straight ahead both ways round are alike, which is the hardest: every other world.
    """
    if rng.random() < 0.5:
        return [0.0, 0.0, 0.0]
    return rounded([0.0, size * rng.uniform(-0.1, 0.1), rng.uniform(-0.2, 0.2)])


def shipped(name: str) -> World:
    """Return the keys of a shipped scenario, without its description and name."""
    text = share_path("config", "scenarios", f"{name}.yaml").read_text(encoding="utf-8")
    keys = yaml.safe_load(text)
    return {key: value for key, value in keys.items() if key not in ("name", "description")}


def scaled(drawn: World, factor: float) -> World:
    """Return a world of circles that is `factor` times as large; the robot stays as it is."""
    x, y, yaw = drawn["start"]
    return {
        **{key: value for key, value in drawn.items() if key != "map"},
        "start": rounded([factor * x, factor * y, yaw]),
        "goal": rounded(factor * np.array(drawn["goal"])),
        "circles": [rounded(factor * np.array(row)) for row in drawn["circles"]],
        "walls": [],
        "obstacles": [],
    }
