"""Families of worlds for development and for checking: each a function of a seed and a number.

A generator gets a random generator and a part in [0, 1) that runs evenly over the family's main
size, so that a few worlds already show all of its range.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from mme_ilqr_ros.benchmark.families.drawing import Rng, World
from mme_ilqr_ros.benchmark.families.moving import crossing, head_on, overtaking
from mme_ilqr_ros.benchmark.families.narrow import gap, l_corridor, slot, spiral, wall_goal
from mme_ilqr_ros.benchmark.families.robots import robots
from mme_ilqr_ros.benchmark.families.unseen import bug_trap, maze, trap_forest, warehouse
from mme_ilqr_ros.benchmark.families.ways_out import dead_end, trap, u_inside

FAMILIES: dict[str, Callable[[Rng, float], World]] = {
    "slot": slot,
    "wall_goal": wall_goal,
    "l_corridor": l_corridor,
    "spiral": spiral,
    "gap": gap,
    "dead_end": dead_end,
    "u_inside": u_inside,
    "trap": trap,
    "crossing": crossing,
    "head_on": head_on,
    "overtaking": overtaking,
    "robots": robots,
    "maze": maze,
    "warehouse": warehouse,
    "bug_trap": bug_trap,
    "trap_forest": trap_forest,
}


def worlds_of(family: str, count: int, seed: int) -> list[World]:
    """Return worlds of a family, as world files hold them.

    Args:
        family: One of FAMILIES.
        count: How many; each is about another part of the family's sizes.
        seed: The same seed gives the same worlds; even ones are for development, odd ones check.
    """
    draw, kind = FAMILIES[family], zlib.crc32(family.encode())
    made = []
    for number in range(count):
        rng = np.random.default_rng([kind, seed, number])
        world = draw(rng, (number + rng.random()) / count)
        made.append({"id": f"{family}_s{seed}_{number:02d}{world.pop('label', '')}", **world})
    return made
