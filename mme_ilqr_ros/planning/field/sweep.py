"""One Bellman sweep over a field: the best move of every cell, and a check of its value."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.compiled import compiled
from mme_ilqr_ros.planning.field.price import HALF_LENGTHS, best_move

_STRAIGHT, _DIAGONAL = HALF_LENGTHS[0], HALF_LENGTHS[-1]
_INF = np.inf
U = np.uintp  # unsigned indices spare the test for negative ones


@compiled
def sweep(prices, stride, n_moves, goal, values):
    """Return (arrows int8 [n], residual).

    The arrow of a cell is its best move, the first of equals, NO_MOVE = -1 where there is none; the
    residual the largest |min over moves - value| of all cells but the goal.
    """
    arrows = np.full(len(values), -1, dtype=np.int8)
    residual = 0.0
    for row in range(stride, len(values) - stride, stride):
        if prices.ndim == 1:
            n_different = _sweep_row(prices, stride, n_moves, values, row, arrows)
        else:
            n_different = stride
            for cell in range(row + 1, row + stride - 1):
                arrows[cell] = best_move(prices, stride, values, n_moves, cell)[1]
        if n_different > 0:
            residual = max(
                residual, _largest_difference(prices, stride, n_moves, goal, values, row)
            )
    arrows[goal] = -1
    return arrows, residual


@compiled
def _sweep_row(cost, stride, n_moves, values, row, arrows):
    """Find the arrows along a row for costs of cells; return how many values are not the best.

    Without branches, so that it runs in vector registers, a number for each of several cells.
    """
    n_different = 0
    w, one = U(stride), U(1)
    eight = n_moves == 8
    for j in range(1, stride - 1):
        p = U(row + j)
        up, down, left, right = p - w, p + w, p - one, p + one
        own, c_up, c_down, c_left, c_right = cost[p], cost[up], cost[down], cost[left], cost[right]
        # A sum is finite where both corners are free.
        up_left, down_left = eight & (c_up + c_left < _INF), eight & (c_down + c_left < _INF)
        down_right, up_right = eight & (c_down + c_right < _INF), eight & (c_up + c_right < _INF)
        best, arrow = np.inf, -1
        for value, allowed, move in (
            (values[up] + _STRAIGHT * (own + c_up), True, 0),
            (values[left] + _STRAIGHT * (own + c_left), True, 1),
            (values[down] + _STRAIGHT * (own + c_down), True, 2),
            (values[right] + _STRAIGHT * (own + c_right), True, 3),
            (values[up - one] + _DIAGONAL * (own + cost[up - one]), up_left, 4),
            (values[down - one] + _DIAGONAL * (own + cost[down - one]), down_left, 5),
            (values[down + one] + _DIAGONAL * (own + cost[down + one]), down_right, 6),
            (values[up + one] + _DIAGONAL * (own + cost[up + one]), up_right, 7),
        ):
            better = (value < best) & allowed
            best = value if better else best
            arrow = move if better else arrow
        arrows[p] = arrow
        n_different += best != values[p]
    return n_different


@compiled
def _largest_difference(prices, stride, n_moves, goal, values, row):
    """Return max |min over moves - value| along a row, the goal left out; equal infs agree."""
    largest = 0.0
    for cell in range(row + 1, row + stride - 1):
        best, _ = best_move(prices, stride, values, n_moves, cell)
        if best != values[cell] and cell != goal:
            largest = max(largest, abs(best - values[cell]))
    return largest
