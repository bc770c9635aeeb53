"""Maps with a hidden cost, shortest paths on them to learn from, and how good learned paths are.

Only the paths are learned from; the hidden cost itself is used for measuring: regret is how much
more than necessary a planner's paths cost under it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field import Field, solve_edges, solve_field
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, inner, move_cost
from mme_ilqr_ros.planning.moves import STEPS

CostOf = Callable[["MapSet", int], np.ndarray]
"""A planner's cost of map k of a set: [H, W] of cells or [8, H, W] of edges."""


@dataclass(frozen=True, eq=False)
class MapSet:
    """Maps with extra layers, a goal each, and the hidden cost.

    Attributes:
        occupied: bool [N, H, W].
        layers: float32 [N, C, H, W] of what else the map shows.
        goals: int64 [N, 2] (row, column).
        cost: [N, H, W] of cells or [N, 8, H, W] of edges, inf where a move is not allowed.
    """

    occupied: np.ndarray
    layers: np.ndarray
    goals: np.ndarray
    cost: np.ndarray

    def __len__(self) -> int:
        return len(self.occupied)

    def goal(self, k: int) -> tuple[int, int]:
        """Return the goal cell of map k."""
        return int(self.goals[k, 0]), int(self.goals[k, 1])

    def part(self, n: int) -> MapSet:
        """Return the first n maps."""
        return MapSet(self.occupied[:n], self.layers[:n], self.goals[:n], self.cost[:n])

    def truth(self, k: int) -> Field:
        """Return the field of map k under the hidden cost."""
        return field_of(self.cost[k], self.goal(k))

    @staticmethod
    def stack(maps: list[tuple[np.ndarray, ...]]) -> MapSet:
        """Return maps given as (occupied, layers, goal, cost) as one set."""
        return MapSet(*(np.stack(part) for part in zip(*maps, strict=True)))


def field_of(cost: np.ndarray, goal: tuple[int, int]) -> Field:
    """Return the field for costs [H, W] of cells or [8, H, W] of edges."""
    return solve_field(cost, goal) if cost.ndim == 2 else solve_edges(cost, goal)


def demonstrate(maps: MapSet) -> np.ndarray:
    """Return the best move of every start: float32 [N, 8, H, W], 1 for each move demonstrated.

    From recorded paths, make such an array with 1 for every move made from a cell.
    """
    height, width = maps.occupied.shape[1:]
    shown = np.zeros((len(maps), len(STEPS), height, width), dtype=np.float32)
    for k in range(len(maps)):
        arrows = maps.truth(k).arrows
        i, j = np.nonzero(arrows >= 0)
        shown[k, arrows[i, j], i, j] = 1.0
    return shown


def any_goal(occupied: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random cell [2] of the largest connected free region."""
    region, n_regions = ndimage.label(~occupied)
    sizes = ndimage.sum_labels(~occupied, region, np.arange(1, n_regions + 1))
    return rng.choice(np.argwhere(region == 1 + np.argmax(sizes)))


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
