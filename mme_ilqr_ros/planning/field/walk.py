"""Follow a field from any cell to its goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, best_move
from mme_ilqr_ros.planning.field.field import Field


@dataclass(frozen=True, eq=False)
class Walk:
    """The cells visited by following a field.

    Attributes:
        cells: [N, 2] cells (row, column), the start first.
        reached: Whether the last one is the goal. If not, the walk ended at a cell without a move
            or whose best move does not lead to a lower value.
    """

    cells: np.ndarray
    reached: bool


def follow(field: Field, start: tuple[int, int]) -> Walk:
    """Follow the best move of each cell (argmin over legal moves of edge cost + V) to the goal.

    Takes time for the cells of the path alone. Values fall from step to step, so that it returns
    for any field, also one whose values are wrong.
    """
    stride = field.stride
    cell = (start[0] + 1) * stride + start[1] + 1
    cells = _follow(
        field.flat_costs, stride, field.n_moves, field.goal_index, field.flat_values, cell
    )
    row, column = np.divmod(cells, stride)
    return Walk(np.stack([row - 1, column - 1], axis=-1), bool(cells[-1] == field.goal_index))


@compiled
def _follow(costs, stride, n_moves, goal, values, cell):
    """Return the flat cells from `cell` to `goal`, or to where the values fall no more."""
    cells = np.empty(64, dtype=np.int64)
    n = 0
    while True:
        if n == len(cells):
            longer = np.empty(2 * n, dtype=np.int64)
            longer[:n] = cells
            cells = longer
        cells[n] = cell
        n += 1
        _, move = best_move(costs, stride, values, n_moves, cell)
        if cell == goal or move < 0:
            break
        other = cell + D_ROWS[move] * stride + D_COLUMNS[move]
        if not values[other] < values[cell]:
            break
        cell = other
    return cells[:n]
