"""Trap, pocket and forest for robots of any size and speed; the world grows with the robot."""

from __future__ import annotations

import itertools

import numpy as np

from mme_ilqr_ros.benchmark.families.drawing import RADIUS, Rng, World, placed
from mme_ilqr_ros.benchmark.families.ways_out import off_centre, scaled, shipped

SCENES = ("trap", "u_pocket", "forest")
RADII = (0.1, 0.2, 0.5, 1.0)  # [m]
SPEEDS = (0.22, 0.4, 1.0, 2.0)  # [m/s]
COMBINATIONS = tuple(itertools.product(SCENES, RADII, SPEEDS))
SLOWER_THAN_STRAIGHT = 8.0  # timeout over the time of the straight way at full speed


def robots(rng: Rng, part: float) -> World:
    """Return the trap, pocket or forest for a radius of 0.1 to 1 m and a speed of 0.22 to 2 m/s."""
    scene, radius, speed = COMBINATIONS[int(len(COMBINATIONS) * part)]
    size = radius / RADIUS
    drawn = scaled(shipped(scene), size)
    start = off_centre(rng, size)
    away = float(np.hypot(*np.subtract(drawn["goal"], start[:2])))
    drawn |= {
        "family": "robots",
        "label": f"_{scene}_r{radius}_v{speed}",
        "start": start,
        "goal_tolerance": round(size * drawn["goal_tolerance"], 3),
        "timeout": round(max(30.0, SLOWER_THAN_STRAIGHT * away / speed), 1),
        "robot": limits(radius, speed),
    }
    return placed(drawn, rng, cell=0.05 * size)


def limits(radius: float, speed: float) -> World:
    """Return a robot [m, m/s] whose acceleration suits its speed, and its turning its size."""
    turning = round(1.5 * (RADIUS / radius) ** 0.5, 3)
    return {
        "radius": radius,
        "v_min": 0.0,
        "v_max": speed,
        "w_max": turning,
        "a_max": round(float(np.clip(2.5 * speed, 0.5, 3.0)), 3),
        "aw_max": round(turning / 0.3, 3),
    }
