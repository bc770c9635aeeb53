"""What a move costs: one reading for costs of cells and one for costs of edges.

The solvers are written once, for `prices` in either of two forms, and compiled for each:

    [n]     a cost per cell;  a move costs length (cost(p) + cost(q)) / 2 and must not cut corners
    [n, A]  a cost per edge;  prices[q, a] is the cost of arriving in q by move a

Edges are kept where they arrive, because a solver that settles q asks for just these: they lie
side by side in memory.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.compiled import compiled
from mme_ilqr_ros.planning.field.layout import inner
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS

HALF_LENGTHS = 0.5 * LENGTHS  # exact, so length x mean and half length x sum round alike
D_ROWS, D_COLUMNS = STEPS[:, 0].copy(), STEPS[:, 1].copy()


@compiled
def price(prices, stride, cell, move):
    """Return the cost of leaving `cell` by `move`, inf where that is not allowed."""
    row_step, column_step = D_ROWS[move] * stride, D_COLUMNS[move]
    other = cell + row_step + column_step
    if prices.ndim == 1:  # known when this is compiled
        cost = HALF_LENGTHS[move] * (prices[cell] + prices[other])
        # For a straight move one of the corners is the cell and the other one its target.
        corners = prices[cell + row_step] + prices[cell + column_step]
        return cost if corners < np.inf else np.inf
    else:  # noqa: RET505 (numba prunes this branch only in this form)
        return prices[other, move]


@compiled
def best_move(prices, stride, values, n_moves, cell):
    """Return (value, move) of the best move of `cell`, the first of equals; (inf, -1) for none."""
    best, move = np.inf, -1
    for a in range(n_moves):
        other = cell + D_ROWS[a] * stride + D_COLUMNS[a]
        value = values[other] + price(prices, stride, cell, a)
        if value < best:
            best, move = value, a
    return best, move


def arriving(edge_cost: np.ndarray) -> np.ndarray:
    """Return prices [n, A] for edge costs [A, H, W] given where the edges leave."""
    n_moves, height, width = edge_cost.shape
    prices = np.full((height + 2, width + 2, n_moves), np.inf)
    for a, (row, column) in enumerate(STEPS[:n_moves].tolist()):
        prices[1 + row : 1 + row + height, 1 + column : 1 + column + width, a] = edge_cost[a]
    prices[[0, -1]] = np.inf  # edges that lead off the map
    prices[:, [0, -1]] = np.inf
    return prices.reshape(-1, n_moves)


def leaving(prices: np.ndarray, stride: int) -> np.ndarray:
    """Return edge costs [A, H, W] where they leave: the inverse of `arriving`."""
    shifts = (STEPS[:, 0] * stride + STEPS[:, 1])[: prices.shape[1]].tolist()
    return np.stack([inner(np.roll(prices[:, a], -s), stride) for a, s in enumerate(shifts)])


@compiled
def extremes(prices):
    """Return (least, largest finite) of flat prices, the least 0 if any is not > 0 or NaN.

    Positive floats are ordered like their bit patterns, and of integers the compiler makes vector
    minima and maxima.
    """
    bits = prices.view(np.int64)
    infinite = np.array([np.inf]).view(np.int64)[0]
    least, largest, odd = infinite, np.int64(0), np.int64(0)
    for i in range(bits.size):
        b = bits[i]
        least = min(least, b)
        odd = max(odd, b)
        largest = max(largest, b if b < infinite else 0)
    if odd > infinite:  # NaN
        least = np.int64(0)
    found = np.array([max(least, 0), largest]).view(np.float64)
    return found[0], found[1]
