"""How much dearer than necessary a planner's paths are under the true cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.planning.compiled import compiled
from mme_ilqr_ros.planning.field import Field
from mme_ilqr_ros.planning.field.layout import inner
from mme_ilqr_ros.planning.field.price import D_COLUMNS, D_ROWS, price
from mme_ilqr_ros.training.tasks.demonstrations import CostOf, MapSet, field_of


@dataclass(frozen=True)
class Regret:
    """Regrets of the paths from all cells that can reach the goal, over all maps of a set.

    Attributes:
        median: [%].
        p95: 95th percentile [%].
        n_starts: Number of paths.
    """

    median: float
    p95: float
    n_starts: int

    def rank(self) -> tuple[float, ...]:
        """Return what models are compared by: larger is better."""
        return -self.median - 0.2 * self.p95, -self.p95

    def row(self) -> dict[str, float]:
        """Return the numbers shown, by name with unit."""
        return {"regret median %": self.median, "p95 %": self.p95, "starts": self.n_starts}


def measure(cost_of: CostOf, maps: MapSet) -> Regret:
    """Plan on every map for what `cost_of` says and measure the paths under the true cost."""
    each = [
        regrets(field_of(closed(cost_of(maps, k), maps.cost[k]), maps.goal(k)), maps.truth(k))
        for k in range(len(maps))
    ]
    return summary(np.concatenate(each))


def summary(values: np.ndarray) -> Regret:
    """Return median and 95th percentile of regrets [K] in %."""
    return Regret(float(np.median(values)), float(np.percentile(values, 95)), len(values))


def closed(cost: np.ndarray, true_cost: np.ndarray) -> np.ndarray:
    """Return a cost with the moves closed that are not allowed: obstacles are known to all."""
    if cost.ndim == true_cost.ndim:
        return np.where(np.isfinite(true_cost), cost, np.inf)
    occupied = ~np.isfinite(true_cost).any(axis=0)  # cells without any move
    return np.where(occupied, np.inf, cost)


def regrets(field: Field, truth: Field) -> np.ndarray:
    """Return regrets [K] in % of following `field` from every start where `truth` has a value."""
    spent = true_cost_of(field, truth)
    starts = np.isfinite(truth.values) & (truth.values > 0.0)
    return 100.0 * (spent[starts] / truth.values[starts] - 1.0)


def true_cost_of(field: Field, truth: Field) -> np.ndarray:
    """Return [H, W] what the paths of `field` cost under the prices of `truth`."""
    arrows = np.full_like(truth.flat_values, -1, dtype=np.int8)
    inner(arrows, field.stride)[...] = field.arrows
    flat = _spent(field.order, arrows, field.stride, truth.prices, len(truth.flat_values))
    return inner(flat, field.stride)


@compiled
def _spent(order, arrows, stride, prices, n):
    """Add up prices along the arrows, from the goal on; inf where no arrow leads."""
    spent = np.full(n, np.inf)
    spent[order[0]] = 0.0
    for k in range(1, len(order)):
        cell = order[k]
        move = arrows[cell]
        other = cell + D_ROWS[move] * stride + D_COLUMNS[move]
        spent[cell] = spent[other] + price(prices, stride, cell, move)
    return spent
