"""The moves of a planner on a grid and their cost, the same in all parts of the package.

A cell is (row, column). A move from p to a neighbour q costs

    length * (cost(p) + cost(q)) / 2        length = 1 straight, sqrt(2) diagonal [cells]

and is legal when q is not blocked and, for a diagonal, neither of the two cells that it passes
between is (no corner cutting). The first four moves are the four-neighbour ones, so a planner
with four moves uses the same table cut short.
"""

from __future__ import annotations

import math

import numpy as np

# (row, column) steps; the straight ones come in the order of the maze data sets' action labels.
STEPS = np.array(
    [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.int64
)
LENGTHS = np.array([1.0] * 4 + [math.sqrt(2.0)] * 4)
N_STRAIGHT = 4


def check_n_moves(n_moves: int) -> int:
    """Return `n_moves` if it is a move set that exists.

    Raises:
        ValueError: It is neither 4 nor 8.
    """
    if n_moves not in (4, 8):
        raise ValueError(f"n_moves = {n_moves}: must be 4 (straight) or 8 (with diagonals)")
    return n_moves
