"""Habits of direction: keep right in corridors, one sense round the map, one way through zones."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.habits.on_ground import learn_on, usable
from mme_ilqr_ros.planning.directed import across
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS
from studies.own_drives.baselines import one_bit
from studies.own_drives.owners import SETTINGS, Owner, disliked, owner_of

COUNTS, N_QUERIES = (20, 40, 80), 60
HABITS = ("keep right", "one sense", "one way")
_WRONG_SIDE, _WRONG_WAY = 3.0, 6.0  # factors of the owner's cost
_MIDDLE = 0.15  # of a corridor's width on either side, where the cost goes from one to the other


def keep_right(ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    """Return an owner's cost [8, H, W], and by move and cell how right it is: 1, 0 or NaN."""
    place = across(ground.occupied, ground.side)
    wrong = np.clip((place - 0.5 + _MIDDLE) / (2.0 * _MIDDLE), 0.0, 1.0)
    cost = ground.cost * _WRONG_SIDE ** np.nan_to_num(wrong)
    return cost, np.where(np.isnan(place), np.nan, (place < 0.5).astype(float))


def one_sense(ground: Ground, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Do the same for corridors that are driven in one sense round the middle of the map."""
    middle = np.argwhere(ground.free).mean(axis=0)
    row, column = np.indices(ground.shape) - middle[:, None, None]
    away = np.maximum(np.hypot(row, column), 1e-9)
    round_it = rng.choice([-1.0, 1.0]) * np.stack([column, -row]) / away
    along = np.tensordot(STEPS / LENGTHS[:, None], round_it, axes=1)
    corridor = ~np.isnan(across(ground.occupied, ground.side)).all(axis=0)
    return _by_sense(ground, along, corridor)


def one_way(ground: Ground, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Do the same for discs that may be crossed along one random direction."""
    zone = disliked(ground, rng)
    angle = rng.uniform(-np.pi, np.pi)
    along = (STEPS / LENGTHS[:, None]) @ [np.sin(angle), np.cos(angle)]
    return _by_sense(ground, along[:, None, None], zone)


def _by_sense(
    ground: Ground, along: np.ndarray, where: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cost and what is right for cosines [8, H, W] with the way to go, bool [H, W]."""
    right = np.where(where & ground.free, along > 0.0, np.nan)
    right = np.where(np.abs(along) < 0.5, np.nan, right)  # those across do not count
    return ground.cost * (1.0 + (_WRONG_WAY - 1.0) * np.maximum(-along, 0.0) * where), right


TASTES = {"one sense": one_sense, "one way": one_way}


def measure(habit: str, name: str, path: Path, seed: int) -> dict[str, Any]:
    """Return how much of unseen plans goes the right way [%], and their regret [%]."""
    kept: list[np.ndarray] = []

    def taste(ground: Ground, rng: np.random.Generator) -> np.ndarray:
        cost, right = TASTES[habit](ground, rng) if habit in TASTES else keep_right(ground)
        kept.append(right)
        return cost

    owner = owner_of(path, seed, max(COUNTS), N_QUERIES, taste)
    ground, right = owner.ground, kept[0]
    walks = usable(owner.drives, ground)
    costs = {
        "shipped": ground.cost,
        "one bit": one_bit(ground, walks[: COUNTS[0]]),
        "oracle": owner.true,
    }
    seconds, shown = {}, {}
    for n in COUNTS:
        begun = time.process_time()
        habits = learn_on(ground, walks[:n], SETTINGS)
        seconds[str(n)] = time.process_time() - begun
        costs[str(n)], shown[str(n)] = cost_on(habits, ground), habits.has_directions
    return {
        "habit": habit,
        "map": name,
        "seed": seed,
        "right": {key: _share(owner, cost, right) for key, cost in costs.items()},
        "regret": {key: owner.regret(cost) for key, cost in costs.items()},
        "seconds": seconds,
        "shown": shown,
    }


def _share(owner: Owner, cost: np.ndarray, right: np.ndarray) -> float:
    """Return the percentage of the length, where there is a right way, that goes it."""
    total, good = 0.0, 0.0
    for cells in owner.plans(cost):
        lengths = np.where(np.isnan(right), 0.0, occupancy(cells, right.shape[1:], 8))
        total += lengths.sum()
        good += (lengths * np.nan_to_num(right)).sum()
    return 100.0 * float(good / max(total, 1e-9))
