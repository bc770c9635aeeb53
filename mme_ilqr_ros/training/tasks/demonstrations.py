"""Maps with a hidden cost and demonstrations on them: shortest paths under that cost.

The paths are all that is learned from; the cost itself is used for measuring only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.planning.field import Field, solve_edges, solve_field
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
