"""Learning a cost that only experts know, from the paths they took.

A task of this kind is a generator of maps with a hidden cost and an encoder. The expert's shortest
paths under the hidden cost are the only teacher; the cost itself is used for measuring alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mme_ilqr_ros.learning.structured import Plan
from mme_ilqr_ros.planning.field import Field, follow, solve_edges, solve_field
from mme_ilqr_ros.planning.moves import STEPS

CostOf = Callable[["MapSet", int], np.ndarray]
"""What a planner takes for the cost of map k of a set: [H, W] of cells or [8, H, W] of edges."""


@dataclass(frozen=True, eq=False)
class MapSet:
    """Maps with what is seen of them, a goal each, and the hidden cost.

    Attributes:
        occupied: bool [N, H, W].
        layers: float32 [N, C, H, W] whatever else is seen.
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


def demonstrate(
    maps: MapSet, rng: np.random.Generator, paths: int | None = None, noise: float = 0.0
) -> np.ndarray:
    """Return what the experts did: float32 [N, 8, H, W], 1 for every move made from a cell.

    Args:
        maps: Where.
        rng: Source of randomness.
        paths: Paths shown on each map, from random starts; None shows the way from every start.
        noise: The expert of a map misjudges every cost by a factor of log-normal(0, noise).
    """
    height, width = maps.occupied.shape[1:]
    shown = np.zeros((len(maps), len(STEPS), height, width), dtype=np.float32)
    for k in range(len(maps)):
        misjudged = np.exp(noise * rng.normal(size=maps.cost[k].shape))
        field = field_of(maps.cost[k] * misjudged, maps.goal(k))
        starts = np.argwhere(field.arrows >= 0)
        if paths is not None:
            chosen = starts[rng.integers(len(starts), size=paths)]
            walks = [follow(field, (int(i), int(j))).cells[:-1] for i, j in chosen]
            starts = np.concatenate(walks)
        i, j = starts.T
        shown[k, field.arrows[i, j], i, j] = 1.0
    return shown


def path_regret_loss(plan: Plan, shown: Tensor) -> Tensor:
    """Return the mean of Q(s, a) - V(s) over the pairs (s, a) shown, each map counting alike.

    Along a path these differences add up to what it costs more than the best path under the model's
    own cost. So the loss is zero when every path shown is a shortest one, and as the value of a
    shortest path is concave in the costs, it is convex in them.

    Args:
        plan: The model's answer for B maps.
        shown: [B, 8, H, W] from `demonstrate`.
    """
    spent = torch.where(shown > 0.0, plan.regrets * shown, 0.0).flatten(1).sum(dim=1)
    return (spent / shown.flatten(1).sum(dim=1).clamp(min=1.0)).mean()
