"""How good a planner is: argmax rollouts from every start, without any help."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from mme_ilqr_ros.planning.moves import STEPS

if TYPE_CHECKING:  # tasks import this file
    from mme_ilqr_ros.training.tasks.mazes import MazeSet

_CELLS_AT_A_TIME = 200_000  # keeps the evaluation of large maps within some hundred MB


class Answer(Protocol):
    """What a planner returns for a batch, as far as rollouts need it."""

    logits: Tensor
    residual: float


@dataclass(frozen=True)
class Score:
    """Outcome of rollouts from all cells that can reach the goal.

    Attributes:
        n_starts: Number of rollouts.
        n_reached: How many reach the goal without touching a wall.
        n_optimal: How many do so in the fewest moves.
        residual: Largest Bellman residual of the values that were followed.
    """

    n_starts: int = 0
    n_reached: int = 0
    n_optimal: int = 0
    residual: float = 0.0

    @property
    def success(self) -> float:
        """Share of rollouts that reach the goal."""
        return self.n_reached / self.n_starts

    @property
    def optimal(self) -> float:
        """Share of rollouts that reach it in the fewest moves."""
        return self.n_optimal / self.n_starts

    def __add__(self, other: Score) -> Score:
        """Return the score over the rollouts of both."""
        return Score(
            self.n_starts + other.n_starts,
            self.n_reached + other.n_reached,
            self.n_optimal + other.n_optimal,
            max(self.residual, other.residual),
        )

    def rank(self) -> tuple[float, ...]:
        """Return what models are compared by."""
        return self.success, self.optimal

    def row(self) -> dict[str, float]:
        """Return the numbers shown."""
        return {
            "success %": 100.0 * self.success,
            "optimal %": 100.0 * self.optimal,
            "starts": self.n_starts,
            "failures": self.n_starts - self.n_reached,
            "residual": self.residual,
        }


@torch.no_grad()
def evaluate(planner: Callable[[MazeSet], Answer], mazes: MazeSet) -> Score:
    """Roll a planner out on mazes, without a mask.

    Args:
        planner: Takes mazes, returns the answer of a model for them.
        mazes: Maps, goals and true distances.
    """
    score = Score()
    at_a_time = max(1, _CELLS_AT_A_TIME // mazes.occupied[0].size)
    for k in range(0, len(mazes), at_a_time):
        part = mazes.part(k, k + at_a_time)
        answer = planner(part)
        arrived, moves = rollout(answer.logits.argmax(dim=1).cpu().numpy(), part)
        optimal = arrived & (moves == part.distance)
        counts = (int(x[part.starts].sum()) for x in (part.starts, arrived, optimal))
        score += Score(*counts, answer.residual)
    return score


def rollout(best_move: np.ndarray, mazes: MazeSet) -> tuple[np.ndarray, np.ndarray]:
    """Follow the best moves [N, H, W] from every cell at once.

    Returns:
        Whether the goal was reached without touching a wall, bool [N, H, W], and after how many
        moves [N, H, W]. A walk that has not arrived after as many moves as there are cells is in
        a loop and never will.
    """
    n, height, width = best_move.shape
    rows, columns = np.indices((height, width))
    row, column = rows + STEPS[best_move, 0], columns + STEPS[best_move, 1]
    if mazes.wrap:
        row, column = row % height, column % width
    else:
        row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    here = (rows * width + columns).reshape(-1)
    goal = mazes.goals[:, 0] * width + mazes.goals[:, 1]
    walls = mazes.occupied.reshape(n, -1)
    end = walls | (here == goal[:, None])  # nobody leaves a wall or the goal
    place = np.where(end, here, (row * width + column).reshape(n, -1))
    moves = np.where(end, 0, 1)
    for _ in range(math.ceil(math.log2(height * width)) + 1):  # each round doubles the moves made
        moves = moves + np.take_along_axis(moves, place, axis=1)
        place = np.take_along_axis(place, place, axis=1)
    reached = (place == goal[:, None]) & ~walls
    return reached.reshape(best_move.shape), moves.reshape(best_move.shape)
