"""Regret: how much more than necessary a planner's paths cost under the true cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field import Field
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, move_cost
from mme_ilqr_ros.planning.field.layout import inner
from mme_ilqr_ros.training.tasks.demonstrations import CostOf, MapSet, field_of


@dataclass(frozen=True)
class PathScore:
    """How good a planner's paths are, from all cells that can reach the goal.

    Attributes:
        agreement: Fraction of the experts' moves that the planner would make as well.
        median: Of the regret under the true cost [%].
        p95: 95th percentile of the regret [%].
        n_starts: Number of paths.
    """

    agreement: float
    median: float
    p95: float
    n_starts: int

    def rank(self) -> tuple[float, ...]:
        """Return what models are compared by, which needs no true cost: larger is better."""
        return (self.agreement,)

    def row(self) -> dict[str, float]:
        """Return the numbers shown, by name with unit."""
        return {
            "moves as the expert %": 100.0 * self.agreement,
            "regret median %": round(self.median, 6),  # rounding of the sums lies far below
            "regret p95 %": round(self.p95, 6),
            "starts": self.n_starts,
        }


def measure(cost_of: CostOf, maps: MapSet, shown: np.ndarray | None = None) -> PathScore:
    """Plan on every map with the cost `cost_of` and measure the paths under the true cost.

    Args:
        cost_of: The planner.
        maps: With hidden costs.
        shown: Moves of experts, as from `demonstrate`; None for the best under the true cost.
    """
    each, agreed, moves = [], 0, 0
    for k in range(len(maps)):
        field = field_of(closed(cost_of(maps, k), maps.cost[k]), maps.goal(k))
        truth = maps.truth(k)
        each.append(regrets(field, truth))
        theirs = truth.arrows if shown is None else _arrows(shown[k])
        agreed += int((field.arrows == theirs)[theirs >= 0].sum())
        moves += int((theirs >= 0).sum())
    values = np.concatenate(each)
    median, p95 = np.percentile(values, (50, 95))
    return PathScore(agreed / max(1, moves), float(median), float(p95), len(values))


def _arrows(shown: np.ndarray) -> np.ndarray:
    """Return [H, W] the move shown in each cell of [8, H, W], -1 where none is."""
    return np.where(shown.any(axis=0), shown.argmax(axis=0), -1)


def closed(cost: np.ndarray, true_cost: np.ndarray) -> np.ndarray:
    """Return a cost that is infinite at obstacles, which every planner knows."""
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
    """Return [H, W] the cost of the paths of `field` under the costs of `truth`."""
    arrows = np.full_like(truth.flat_values, -1, dtype=np.int8)
    inner(arrows, field.stride)[...] = field.arrows
    flat = _spent(field.order, arrows, field.stride, truth.flat_costs, len(truth.flat_values))
    return inner(flat, field.stride)


@compiled
def _spent(
    order: np.ndarray, arrows: np.ndarray, stride: int, costs: np.ndarray, n: int
) -> np.ndarray:
    """Add up costs along the arrows, starting at the goal; inf where no arrow leads."""
    spent = np.full(n, np.inf)
    spent[order[0]] = 0.0
    for k in range(1, len(order)):
        cell = order[k]
        move = arrows[cell]
        other = cell + D_ROWS[move] * stride + D_COLUMNS[move]
        spent[cell] = spent[other] + move_cost(costs, stride, cell, move)
    return spent
