"""Passes over a solved field: best moves with a check of the values, and the exact gradient."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, U, best_move, best_of_cells


@compiled
def sweep(costs, stride, n_moves, goal, values):
    """Return (arrows int8 [n], residual).

    The arrow of a cell is its best move, the first of equals, NO_MOVE = -1 where there is none; the
    residual the largest `|min over moves - value|` of all cells but the goal.
    """
    arrows = np.full(len(values), -1, dtype=np.int8)
    residual = 0.0
    for row in range(stride, len(values) - stride, stride):
        if costs.ndim == 1:
            n_different = _sweep_row(costs, stride, n_moves, values, row, arrows)
        else:
            n_different = 0
            for cell in range(row + 1, row + stride - 1):
                best, arrows[cell] = best_move(costs, stride, values, n_moves, cell)
                n_different += best != values[cell]
        if n_different > 0:
            residual = max(residual, _largest_difference(costs, stride, n_moves, goal, values, row))
    arrows[goal] = -1
    return arrows, residual


@compiled
def residual_of(costs, stride, n_moves, values, cells):
    """Return the largest `|min over moves - value|` of flat cells [k]; equal infs agree."""
    largest = 0.0
    for cell in cells:
        best, _ = best_move(costs, stride, values, n_moves, cell)
        if best != values[cell]:
            largest = max(largest, abs(best - values[cell]))
    return largest


@compiled
def _sweep_row(cost, stride, n_moves, values, row, arrows):
    """Find the arrows along a row for costs of cells; return how many values are not the best.

    Without branches, so that it runs in vector registers, a number for each of several cells.
    """
    n_different = 0
    for j in range(1, stride - 1):
        p = U(row + j)
        best, move = best_of_cells(cost, U(stride), values, n_moves == 8, p)
        arrows[p] = move
        n_different += best != values[p]
    return n_different


@compiled
def _largest_difference(costs, stride, n_moves, goal, values, row):
    """Return max `|min over moves - value|` along a row, the goal left out; equal infs agree."""
    largest = 0.0
    for cell in range(row + 1, row + stride - 1):
        best, _ = best_move(costs, stride, values, n_moves, cell)
        if best != values[cell] and cell != goal:
            largest = max(largest, abs(best - values[cell]))
    return largest


@compiled
def edge_gradient(order, arrows, stride, n_moves, weights):
    """Return dL/dedge [A, n], where edges leave; only those of the tree have any.

    Args:
        order: [k] settled cells, each after the one its arrow points to; the goal first.
        arrows: int8 [n].
        stride: Entries of a row.
        n_moves: 4 or 8.
        weights: [n] dL/dV; becomes the solution w.
    """
    result = np.zeros((n_moves, len(weights)))
    shift = D_ROWS * stride + D_COLUMNS
    for k in range(len(order) - 1, 0, -1):
        cell = np.int64(order[U(k)])
        move = U(arrows[U(cell)])
        w = weights[U(cell)]
        weights[U(cell + shift[move])] += w
        result[move, U(cell)] = w
    return result
