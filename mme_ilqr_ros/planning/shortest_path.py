"""The Bellman fixed point on a grid of cell costs, exactly: Dijkstra's algorithm, compiled.

    V(goal) = 0,    V(p) = min over legal moves p -> q of  V(q) + length (cost(p) + cost(q)) / 2

This is the fixed point that `bellman.py` reaches by sweeps. Dijkstra settles every cell once, in
ascending order of V, which also gives the exact gradient: V depends on the costs through a tree
of best moves, so dL/dcost is one pass over the cells in reverse settling order (`Field.adjoint`).

Inside, grids are flat arrays with a blocked border one cell wide, so that no move leaves them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.planning.compiled import compiled
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS, check_n_moves

NO_MOVE = -1
_STEPS = (STEPS[:, 0].copy(), STEPS[:, 1].copy())


class FieldError(ValueError):
    """The cost map or the goal cannot carry a value field."""


@dataclass(frozen=True, eq=False)
class Field:
    """Cost-to-go of every cell to one goal cell.

    Attributes:
        cost: [H, W] cost of a cell, > 0, inf where blocked.
        goal: Goal cell (row, column).
        values: [H, W] cost-to-go [cells * cost], inf where the goal cannot be reached.
        arrows: [H, W] index into `moves.STEPS` of the best move, NO_MOVE at the goal and where
            there is none.
        order: [n] settled cells as flat indices of the bordered grid, ascending in value.
        residual: Largest |min over moves - V| over the settled cells, from one Bellman sweep.
        n_moves: 4 or 8.
    """

    cost: np.ndarray
    goal: tuple[int, int]
    values: np.ndarray
    arrows: np.ndarray
    order: np.ndarray
    residual: float
    n_moves: int

    @property
    def n_settled(self) -> int:
        """Number of cells from which the goal can be reached, the goal included."""
        return len(self.order)

    def adjoint(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dcost [H, W] for dL/dV = `gradient` [H, W], exactly.

        Solves w = (df/dV)^T w + dL/dV and applies (df/dcost)^T in one pass from the cell settled
        last to the goal: each cell hands what it has gathered on to the cell its arrow points to.
        """
        width = self.cost.shape[1] + 2
        flat = _bordered(np.where(np.isfinite(self.values), gradient, 0.0), 0.0)
        arrows = _bordered(self.arrows, NO_MOVE)
        result = _adjoint(flat, self.order, arrows, width, *_STEPS, LENGTHS)
        return result.reshape(-1, width)[1:-1, 1:-1]


def solve_field(cost: np.ndarray, goal: tuple[int, int], n_moves: int = 8) -> Field:
    """Solve the Bellman equation for one goal.

    Args:
        cost: [H, W] cost of a cell, > 0; inf marks a blocked one.
        goal: Goal cell (row, column), not blocked.
        n_moves: 8, or 4 for straight moves only.

    Returns:
        The field; its residual is rounding error of the last sweep, usually exactly 0.

    Raises:
        FieldError: The goal is outside the grid or blocked, or a cost is not > 0 (NaN included).
    """
    check_n_moves(n_moves)
    cost = np.ascontiguousarray(cost, dtype=np.float64)
    row, column = int(goal[0]), int(goal[1])
    if cost.ndim != 2 or not (0 <= row < cost.shape[0] and 0 <= column < cost.shape[1]):
        raise FieldError(f"goal cell {(row, column)} lies outside the cost map {cost.shape}")
    if not np.all(cost > 0.0):
        raise FieldError("every cell cost must be > 0 (inf where blocked)")
    if not np.isfinite(cost[row, column]):
        raise FieldError(f"goal cell {(row, column)} is blocked")

    width = cost.shape[1] + 2
    flat = _bordered(cost, np.inf)
    values, order = _settle(flat, (row + 1) * width + column + 1, width, n_moves, *_STEPS, LENGTHS)
    swept, arrows = _sweep(flat, values, width, n_moves, *_STEPS, LENGTHS)
    # The goal's own sweep is 2 x its cheapest edge; its value is 0 by definition.
    residual = float(np.max(np.abs(swept[order[1:]] - values[order[1:]]), initial=0.0))
    arrows[order[0]] = NO_MOVE
    return Field(
        cost,
        (row, column),
        values.reshape(-1, width)[1:-1, 1:-1],
        arrows.reshape(-1, width)[1:-1, 1:-1],
        order,
        residual,
        n_moves,
    )


def _bordered(array: np.ndarray, border: float) -> np.ndarray:
    """Return the [H, W] array flat, with a border one cell wide."""
    height, width = array.shape
    out = np.full((height + 2, width + 2), border, dtype=array.dtype)
    out[1:-1, 1:-1] = array
    return out.reshape(-1)


@compiled
def _legal(cost, cell, width, d_row, d_column, diagonal):
    """Whether the move from `cell` by (d_row, d_column) is allowed."""
    if not np.isfinite(cost[cell + d_row * width + d_column]):
        return False
    if not diagonal:
        return True
    return np.isfinite(cost[cell + d_row * width]) and np.isfinite(cost[cell + d_column])


@compiled
def _sift_up(heap, place, values, i):
    """Move heap entry `i` up until its parent is not larger."""
    cell = heap[i]
    while i > 0:
        parent = (i - 1) // 2
        if values[heap[parent]] <= values[cell]:
            break
        heap[i] = heap[parent]
        place[heap[i]] = i
        i = parent
    heap[i] = cell
    place[cell] = i


@compiled
def _sift_down(heap, place, values, size):
    """Move the first heap entry down until no child is smaller."""
    cell = heap[0]
    i = 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and values[heap[child + 1]] < values[heap[child]]:
            child += 1
        if values[heap[child]] >= values[cell]:
            break
        heap[i] = heap[child]
        place[heap[i]] = i
        i = child
    heap[i] = cell
    place[cell] = i


@compiled
def _settle(cost, goal, width, n_moves, d_rows, d_columns, lengths):
    """Dijkstra from the goal with an indexed binary heap. Returns (values, settling order)."""
    values = np.full(cost.size, np.inf)
    place = np.full(cost.size, -1, dtype=np.int32)  # position in the heap, -1 = never queued
    heap = np.empty(cost.size, dtype=np.int32)
    order = np.empty(cost.size, dtype=np.int32)
    values[goal] = 0.0
    heap[0] = goal
    place[goal] = 0
    size, settled = 1, 0
    while size > 0:
        cell = heap[0]
        order[settled] = cell
        settled += 1
        size -= 1
        if size > 0:
            heap[0] = heap[size]
            _sift_down(heap, place, values, size)
        for move in range(n_moves):
            if not _legal(cost, cell, width, d_rows[move], d_columns[move], move >= N_STRAIGHT):
                continue
            other = cell + d_rows[move] * width + d_columns[move]
            value = values[cell] + lengths[move] * (0.5 * (cost[cell] + cost[other]))
            if value < values[other]:
                values[other] = value
                if place[other] < 0:
                    heap[size] = other
                    place[other] = size
                    size += 1
                _sift_up(heap, place, values, place[other])
    return values, order[:settled]


@compiled
def _sweep(cost, values, width, n_moves, d_rows, d_columns, lengths):
    """One Bellman sweep over all cells. Returns (min over moves, the move that attains it)."""
    best = np.full(cost.size, np.inf)
    arrows = np.full(cost.size, -1, dtype=np.int8)
    for cell in range(width, cost.size - width):
        if not np.isfinite(cost[cell]):
            continue
        for move in range(n_moves):
            other = cell + d_rows[move] * width + d_columns[move]
            value = values[other] + lengths[move] * (0.5 * (cost[cell] + cost[other]))
            if value < best[cell] and _legal(
                cost, cell, width, d_rows[move], d_columns[move], move >= N_STRAIGHT
            ):
                best[cell] = value
                arrows[cell] = move
    return best, arrows


@compiled
def _adjoint(gradient, order, arrows, width, d_rows, d_columns, lengths):
    """Reverse-order accumulation; `gradient` [flat dL/dV] is used up. Returns dL/dcost, flat."""
    result = np.zeros(gradient.size)
    for k in range(len(order) - 1, 0, -1):  # order[0] is the goal, whose value is fixed
        cell = order[k]
        move = arrows[cell]
        other = cell + d_rows[move] * width + d_columns[move]
        w = gradient[cell]
        gradient[other] += w
        result[cell] += 0.5 * lengths[move] * w
        result[other] += 0.5 * lengths[move] * w
    return result
