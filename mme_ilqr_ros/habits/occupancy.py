"""Where walks on a grid spend their length: the derivative of their cost by that of the cells."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.moves import LENGTHS


@compiled
def add_walk(out, cells, weight):
    """Add a walk's length in each cell, times a weight: `out` [1, H, W], or [8, H, W] by move.

    A move spends half its length in either cell, as it costs.

    Args:
        out: float64, changed.
        cells: int64 [N, 2] cells (row, column), each a neighbour of the one before.
        weight: Of this walk.
    """
    for k in range(1, len(cells)):
        row, column = cells[k, 0] - cells[k - 1, 0], cells[k, 1] - cells[k - 1, 1]
        # The moves of `moves.STEPS`, by 3 (row + 1) + column + 1.
        move = _MOVE_OF[3 * (row + 1) + column + 1]
        a = move if len(out) == 8 else 0
        half = 0.5 * weight * LENGTHS[move]
        out[a, cells[k - 1, 0], cells[k - 1, 1]] += half
        out[a, cells[k, 0], cells[k, 1]] += half


_MOVE_OF = np.array([4, 0, 7, 1, 0, 3, 5, 2, 6])


def occupancy(cells: np.ndarray, shape: tuple[int, int], n_moves: int = 1) -> np.ndarray:
    """Return the lengths [cells] of a walk in each cell: [1, H, W], or [8, H, W] by move."""
    out = np.zeros((n_moves, *shape))
    add_walk(out, cells, 1.0)
    return out
