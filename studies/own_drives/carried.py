"""Habits learned on one map and planned with on another: an owner who dislikes narrow places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.on_ground import learn_on, usable
from mme_ilqr_ros.planning.habits import CLEAR_RADII, CLEARANCE_FEATURE, Habits
from studies.own_drives.owners import SETTINGS, owner_of

N_DRIVES, N_QUERIES = 20, 60
FACTOR, UP_TO = 4.0, 4.0  # of the owner's cost where touching, falling to 1 at so many radii


def narrow(ground: Ground, rng: np.random.Generator) -> np.ndarray:
    """Return the cost of an owner who keeps further from walls than today's table."""
    radii = CLEAR_RADII * ground.features[CLEARANCE_FEATURE]
    return ground.cost * FACTOR ** np.maximum(1.0 - radii / UP_TO, 0.0)


def without_places(habits: Habits) -> Habits:
    """Return the habits as they are on another map."""
    return Habits(
        **{
            **vars(habits),
            "places": np.zeros_like(habits.places),
            "directions": np.zeros_like(habits.directions),
        }
    )


def measure(path: Path, other: Path, seed: int) -> dict[str, Any]:
    """Return the regrets [%] on another map of what was learned on one."""
    owner = owner_of(path, seed, N_DRIVES, 1, narrow)
    learned = learn_on(owner.ground, usable(owner.drives, owner.ground), SETTINGS)
    there = owner_of(other, seed + 1000, 0, N_QUERIES, narrow)
    carried = _moved(without_places(learned), there.ground)
    return {
        "map": path.stem,
        "other": other.stem,
        "seed": seed,
        "shipped": there.regret(there.ground.cost),
        "dijkstra": there.regret(np.where(there.ground.free, 1.0, np.inf)),
        "learned": there.regret(cost_on(carried, there.ground)),
        "clearance": {k: v.tolist() for k, v in learned.features.items()},
    }


def _moved(habits: Habits, ground: Ground) -> Habits:
    """Return habits without places in the shape of another ground."""
    shape = tuple(-(-n // 2) for n in ground.shape)
    zeros = np.zeros(shape, dtype=np.float32)
    return Habits(**{**vars(habits), "places": zeros, "directions": np.stack([zeros] * 4)})
