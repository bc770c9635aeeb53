"""Evaluation in mazes: rollouts of a planner's best moves from every start, without fallback."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import torch

from mme_ilqr_ros.learning.structured import StructuredPlan
from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes

TEST_SEED = 20_231_022
"""Never the seed of training data: `--seed` takes numbers up to a million."""

# Mazes for testing only: name, size, openness, how many.
TESTS = (
    ("15 x 15", 15, 1.0, 300),
    ("28 x 28", 28, 1.0, 100),
    ("49 x 49", 49, 1.0, 50),
    ("100 x 100", 100, 1.0, 16),
    ("256 x 256", 256, 1.0, 8),
    ("49 perfect", 49, 0.0, 30),
    ("256 perfect", 256, 0.0, 8),
)
_CELLS_AT_A_TIME = 200_000  # keeps the evaluation of large maps within some hundred MB


@dataclass(frozen=True)
class RolloutScore:
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
        """Fraction of rollouts that reach the goal."""
        return self.n_reached / self.n_starts

    @property
    def optimal(self) -> float:
        """Fraction of rollouts that reach it in the fewest moves."""
        return self.n_optimal / self.n_starts

    def __add__(self, other: RolloutScore) -> RolloutScore:
        """Return the score over the rollouts of both."""
        return RolloutScore(
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
def evaluate(planner: Callable[[MazeSet], StructuredPlan], mazes: MazeSet) -> RolloutScore:
    """Roll a planner out on mazes, without a mask.

    Args:
        planner: From mazes to a plan, of which only logits and residual are used.
        mazes: Maps, goals and true distances.
    """
    score = RolloutScore()
    at_a_time = max(1, _CELLS_AT_A_TIME // mazes.occupied[0].size)
    for k in range(0, len(mazes), at_a_time):
        part = mazes.part(k, k + at_a_time)
        answer = planner(part)
        arrived, moves = rollout(answer.logits.argmax(dim=1).cpu().numpy(), part)
        optimal = arrived & (moves == part.distance)
        n_reached, n_optimal = (int(x[part.starts].sum()) for x in (arrived, optimal))
        score += RolloutScore(int(part.starts.sum()), n_reached, n_optimal, answer.residual)
    return score


def held_out_scores(
    planner: Callable[[MazeSet], StructuredPlan], only: Collection[str] | None = None
) -> dict[str, RolloutScore]:
    """Return a planner's score on each kind of test maze, over all starts of all mazes.

    Args:
        planner: From mazes to a plan, of which only logits and residual are used.
        only: Names of the kinds to test on; None for all.
    """
    scores = {}
    for k, (name, size, openness, n) in enumerate(TESTS):
        if only is None or name in only:
            mazes = generate_mazes(n, size, np.random.default_rng([TEST_SEED, k]), openness)
            scores[name] = evaluate(planner, mazes)
    return scores


def rollout(best_move: np.ndarray, mazes: MazeSet) -> tuple[np.ndarray, np.ndarray]:
    """Follow the best moves [N, H, W] from every cell at once.

    Returns:
        Whether the goal was reached without touching a wall, bool [N, H, W], and after how many
        moves [N, H, W]. A rollout that has not arrived after as many moves as there are cells is
        in a loop and never will.
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
    end = walls | (here == goal[:, None])  # rollouts stay in a wall or at the goal
    place = np.where(end, here, (row * width + column).reshape(n, -1))
    moves = np.where(end, 0, 1)
    for _ in range(math.ceil(math.log2(height * width)) + 1):  # each round doubles the moves made
        moves = moves + np.take_along_axis(moves, place, axis=1)
        place = np.take_along_axis(place, place, axis=1)
    reached = (place == goal[:, None]) & ~walls
    return reached.reshape(best_move.shape), moves.reshape(best_move.shape)
