"""How good a planner is: argmax rollouts from every start, without any help."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mme_ilqr_ros.planning.fixed_point import Stopping
from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS
from mme_ilqr_ros.planning.structured import StructuredIDVIN
from mme_ilqr_ros.training.tasks.mazes import MazeSet


@dataclass(frozen=True)
class Score:
    """Outcome of rollouts from all cells that can reach the goal.

    Attributes:
        success: Share that reaches the goal without touching a wall.
        optimal: Share that does so in the fewest moves.
        n_starts: Number of rollouts.
        residual: Largest Bellman residual of the values that were followed.
    """

    success: float
    optimal: float
    n_starts: int
    residual: float


def rollout(best_move: np.ndarray, mazes: MazeSet) -> tuple[np.ndarray, np.ndarray]:
    """Follow the best moves [N, H, W] from every cell at once.

    Returns:
        Whether the goal was reached without touching a wall, bool [N, H, W], and after how many
        moves [N, H, W]. A walk that has not arrived after as many moves as there are cells is in
        a loop and never will.
    """
    n, height, width = best_move.shape
    rows, columns = np.indices((height, width))
    row = np.clip(rows + STEPS[best_move, 0], 0, height - 1)
    column = np.clip(columns + STEPS[best_move, 1], 0, width - 1)
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


@torch.no_grad()
def evaluate(
    model: StructuredIDVIN, mazes: MazeSet, sweeps: int | None = None, batch: int = 64
) -> Score:
    """Roll a model out on mazes, with four moves and no mask.

    Args:
        model: The planner.
        mazes: Maps, goals and true distances.
        sweeps: Bellman sweeps to make; None solves the fixed point exactly.
        batch: Maps at a time.
    """
    reached, optimal, residual = 0, 0, 0.0
    for k in range(0, len(mazes), batch):
        part = mazes.part(k, k + batch)
        plan = model(
            torch.from_numpy(part.occupied.astype(np.float32)),
            torch.from_numpy(part.goals),
            n_moves=N_STRAIGHT,
            adjoint="exact" if sweeps is None else "implicit",
            stopping=None if sweeps is None else Stopping(0.0, sweeps),
        )
        arrived, moves = rollout(_best_moves(plan.logits), part)
        reached += int(arrived[part.starts].sum())
        optimal += int((arrived & (moves == part.distance))[part.starts].sum())
        residual = max(residual, plan.residual)
    n_starts = int(mazes.starts.sum())
    return Score(reached / n_starts, optimal / n_starts, n_starts, residual)


def _best_moves(logits: Tensor) -> np.ndarray:
    return logits.argmax(dim=1).numpy()
