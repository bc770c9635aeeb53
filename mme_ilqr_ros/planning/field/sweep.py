"""One Bellman sweep over a field: the best move of every cell, and a check of its value."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.compiled import compiled
from mme_ilqr_ros.planning.field.price import D_COLUMNS, D_ROWS, price


@compiled
def sweep(prices, stride, n_moves, goal, values):
    """Return (arrows int8 [n], residual).

    The arrow of a cell is its best move, the first of equals, NO_MOVE = -1 where there is none; the
    residual the largest |min over moves - value| of all cells but the goal. One move at a time
    along a row, so that a vector register holds one number for each of several cells.
    """
    n = len(values)
    arrows = np.full(n, -1, dtype=np.int8)
    best = np.empty(stride)
    residual = 0.0
    for row in range(stride, n - stride, stride):
        best[:] = np.inf
        for move in range(n_moves):
            step = D_ROWS[move] * stride + D_COLUMNS[move]
            for j in range(1, stride - 1):
                value = values[row + j + step] + price(prices, stride, row + j, move)
                better = value < best[j]
                best[j] = value if better else best[j]
                arrows[row + j] = np.int8(move) if better else arrows[row + j]
        if row <= goal < row + stride:
            best[goal - row] = 0.0
        residual = max(residual, _largest_difference(best, values, row, stride))
    arrows[goal] = -1
    return arrows, residual


@compiled
def _largest_difference(best, values, row, stride):
    """Return max |best - values| along a row; where both are inf they agree."""
    differ = 0
    for j in range(1, stride - 1):
        differ += best[j] != values[row + j]
    largest = 0.0
    if differ > 0:
        for j in range(1, stride - 1):
            if best[j] != values[row + j]:
                largest = max(largest, abs(best[j] - values[row + j]))
    return largest
