"""How well a cost explains drives: by how much each costs more than the best path under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.habits.fit import Driver, Walk, price
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.planning.directed import across, along_axes
from mme_ilqr_ros.planning.habit_cost import MOST
from mme_ilqr_ros.planning.habits import Habits, at_cells

NEAR = 0.5
"""Distance [m] from a plan up to which a drive agrees with it."""


@dataclass(frozen=True)
class Explained:
    """How well one cost explains held-out drives.

    Attributes:
        regret: Mean over the drives of the driven cost over the least one, minus 1 (0 = each drive
            is a best path under this cost).
        error: Standard error of that mean.
    """

    regret: float
    error: float

    @classmethod
    def of(cls, regrets: np.ndarray) -> Explained:
        """Return mean and standard error of regrets [N]."""
        if len(regrets) < 2:
            return cls(float(regrets.mean()) if len(regrets) else 0.0, 0.0)
        return cls(float(regrets.mean()), float(regrets.std(ddof=1) / np.sqrt(len(regrets))))


@dataclass(frozen=True, eq=False)
class Validation:
    """Held-out drives under three costs; `folds` 0 when there are too few drives.

    Attributes:
        shipped: Under the weights without habits.
        dijkstra: Under uniform cost.
        learned: Under habits learned from the other folds.
        gain: Mean and error of what shipped plans miss minus what learned ones miss.
        regrets: [N, 3] of each drive: shipped, Dijkstra, learned.
        missed: [N, 3] fraction of each drive further than NEAR from these plans. Of the two
            measures this one compares costs fairly, see `missed`.
        folds: Number of folds.
    """

    shipped: Explained
    dijkstra: Explained
    learned: Explained
    gain: Explained
    regrets: np.ndarray
    missed: np.ndarray
    folds: int


def regret_of(walk: Walk, cost: np.ndarray, driver: Driver) -> float:
    """Return by how much a walk costs more than the best one between its ends, as a fraction."""
    best = driver.walk(cost, walk[0], walk[-1])
    if best is None:
        return 0.0
    spent = [
        price(occupancy(cells, cost.shape[-2:], len(cost) if cost.ndim == 3 else 1), cost)
        for cells in (walk, best)
    ]
    return max(spent[0] / spent[1] - 1.0, 0.0)


def missed(walk: Walk, cost: np.ndarray, driver: Driver) -> float:
    """Return which fraction of a drive's cells lies further than NEAR from the plan of a cost.

    Unlike `regret_of` it does not depend on how far the costs of a map lie apart: a driver who errs
    by the same metres loses more by costs that differ more, even if these are right.
    """
    plan = driver.walk(cost, walk[0], walk[-1])
    if plan is None:
        return 1.0
    off = np.ones(cost.shape[-2:], dtype=bool)
    off[plan[:, 0], plan[:, 1]] = False
    away = ndimage.distance_transform_edt(off) * driver.ground.side
    return float(np.mean(away[walk[:, 0], walk[:, 1]] > NEAR))


def cost_on(habits: Habits, ground: Ground, hour: int | None = None) -> np.ndarray:
    """Return the cost of the ground's cells with habits: [H, W], or [8, H, W] with directions.

    The pace is that of an hour of the day, UTC; None for all day.
    """
    terms = _on_ground(habits.places, ground)
    if (pace := habits.pace) is not None:
        terms += at_cells(pace.at(hour), pace.block, ground.shape, ground.side)
    for name, table in habits.features.items():
        terms = terms + np.interp(ground.features[name], np.linspace(0.0, 1.0, len(table)), table)
    cost = ground.cost * np.exp(np.minimum(terms, MOST))
    if not habits.has_directions:
        return cost
    turns = along_axes(np.stack([_on_ground(part, ground) for part in habits.directions]))
    if habits.sides.any():
        places = across(ground.occupied, ground.side)
        knots = np.linspace(0.0, 1.0, len(habits.sides))
        turns += np.where(np.isnan(places), 0.0, np.interp(places, knots, habits.sides))
    return cost * np.exp(np.minimum(turns, MOST))


def _on_ground(blocks: np.ndarray, ground: Ground) -> np.ndarray:
    """Return blocks of two cells of the ground, cell by cell."""
    height, width = ground.shape
    return np.repeat(np.repeat(blocks, 2, axis=0), 2, axis=1)[:height, :width].astype(np.float64)
