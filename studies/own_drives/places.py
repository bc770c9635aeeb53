"""Regret on unseen queries by the number of drives, and beside it what does not learn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.on_ground import learn_on, usable
from studies.own_drives.baselines import NAV2, formula, nav2, one_bit
from studies.own_drives.owners import SETTINGS, dislikes, owner_of

COUNTS = (0, 1, 2, 3, 5, 10, 20, 40)
N_QUERIES = 30


def measure(name: str, path: Path, seed: int, n_queries: int = N_QUERIES) -> dict[str, Any]:
    """Return the regrets [%] of all costs for one owner on one map.

    Each learned one is from the first so many drives; `seconds` is processor time of learning.
    """
    owner = owner_of(path, seed, max(COUNTS), n_queries, dislikes)
    ground = owner.ground
    walks = usable(owner.drives, ground)
    row: dict[str, Any] = {
        "map": name,
        "seed": seed,
        "shipped": owner.regret(ground.cost),
        "formula": owner.regret(formula(ground, SETTINGS.least_distance, SETTINGS.max_detour)),
        "dijkstra": owner.regret(np.where(ground.free, 1.0, np.inf)),
        **{version: owner.regret(nav2(ground, *values)) for version, values in NAV2.items()},
        "oracle": owner.regret(owner.true),
        "one bit": {str(n): owner.regret(one_bit(ground, walks[:n])) for n in (5, 20, 40)},
        "learned": {},
        "seconds": {},
    }
    for n in COUNTS:
        begun = time.process_time()
        habits = learn_on(ground, walks[:n], SETTINGS)
        row["seconds"][str(n)] = time.process_time() - begun
        row["learned"][str(n)] = owner.regret(cost_on(habits, ground))
    return row


def summary(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the means over the seeds, a line per map and cost."""
    lines = []
    for name in dict.fromkeys(row["map"] for row in rows):
        of = [row for row in rows if row["map"] == name]
        shipped = np.mean([row["shipped"] for row in of])
        plain = ("shipped", "formula", "dijkstra", *NAV2, "oracle")
        figures = {key: np.mean([row[key] for row in of]) for key in plain}
        for key in ("one bit", "learned"):
            for n in of[0][key]:
                label = f"{key}, {n} drives"
                figures[label] = np.mean([row[key][n] for row in of])
        for key, value in figures.items():
            lines.append(
                {"map": name, "cost": key, "regret": float(value), "of": float(value / shipped)}
            )
    return lines
