"""The Bellman fixed point on a grid, exactly.

    V(goal) = 0,    V(p) = min over allowed moves a: p -> q of  V(q) + cost(p, a)

The solvers settle every cell once, which also gives the exact gradient: V depends on the costs
through a tree of best moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import (
    D_COLUMNS,
    D_ROWS,
    FieldError,
    arriving,
    best_move,
    bordered,
    check_goal_stays_free,
    checked_goal,
    checked_range,
    inner,
)
from mme_ilqr_ros.planning.field.field import Field
from mme_ilqr_ros.planning.field.queues import Buckets
from mme_ilqr_ros.planning.moves import LENGTHS, check_n_moves


def solve_field(
    cost: np.ndarray,
    goal: tuple[int, int],
    n_moves: int = 8,
    *,
    least_cost: float = np.inf,
    until: tuple[int, int] | None = None,
) -> Field:
    """Solve the Bellman equation for one goal and costs of cells.

    Args:
        cost: [H, W] cost of a cell, > 0; inf marks a blocked one. A move costs its length times
            the mean of both cells and does not cut corners (`moves.py`).
        goal: Goal cell (row, column), not blocked.
        n_moves: 8, or 4 for straight moves only.
        least_cost: Least cost that a later repair may bring, where that is less than all there are
            now; a repair below it has to solve again.
        until: Cell (row, column) as far as which to solve; None solves for all cells at once.

    Raises:
        FieldError: The goal is outside the grid or blocked, or a cost is not > 0 (NaN included).
    """
    cost = np.asarray(cost, dtype=np.float64)
    checked_goal(goal, cost.shape)
    costs = bordered(cost, np.inf)
    return solve_bordered(
        costs, cost.shape[1] + 2, goal, n_moves, least_cost=least_cost, until=until
    )


def solve_bordered(
    costs: np.ndarray,
    stride: int,
    goal: tuple[int, int],
    n_moves: int = 8,
    *,
    least_cost: float = np.inf,
    until: tuple[int, int] | None = None,
) -> Field:
    """Do what `solve_field` does with costs [n] that have their border, without a copy.

    Args:
        costs: Flat costs float64 as in `costs.py`, inf on the border; they belong to the field.
        stride: Entries of a row, W + 2.
        goal: As of `solve_field`, and so are the others.
        n_moves: 8 or 4.
        least_cost: That a repair may bring.
        until: Cell as far as which to solve.

    Raises:
        FieldError: As `solve_field`.
    """
    check_n_moves(n_moves)
    cost = inner(costs, stride)
    goal = checked_goal(goal, cost.shape)
    check_goal_stays_free(goal, (0, 0), cost)
    least, largest = checked_range(costs, "cell")
    buckets = Buckets.between(min(least_cost, least), LENGTHS[n_moves - 1] * largest)
    return Field(goal, n_moves, costs, stride, buckets, least_cost, until)


def solve_edges(
    edge_cost: np.ndarray, goal: tuple[int, int], until: tuple[int, int] | None = None
) -> Field:
    """Solve the Bellman equation for one goal and costs of edges, which may depend on direction.

    Args:
        edge_cost: [A, H, W] cost > 0 of leaving cell (i, j) by move a of `moves.STEPS`, A = 4 or 8;
            inf = not allowed. What would leave the map is not allowed.
        goal: Goal cell (row, column).
        until: As of `solve_field`.

    Raises:
        FieldError: The goal is outside the grid, or a cost is not > 0 (NaN included).
    """
    edge_cost = np.asarray(edge_cost, dtype=np.float64)
    if edge_cost.ndim != 3:
        raise FieldError(f"edge costs have shape {edge_cost.shape}: must be [A, H, W]")
    n_moves = check_n_moves(len(edge_cost))
    goal = checked_goal(goal, edge_cost.shape[1:])
    costs = arriving(edge_cost)
    buckets = Buckets.between(*checked_range(costs, "edge"))
    return Field(goal, n_moves, costs, edge_cost.shape[2] + 2, buckets, until=until)


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

    Solves as far as the start, then takes time for the cells of the path alone. Values fall from
    step to step, so that it returns for any field, also one whose values are wrong.
    """
    stride, values = field.stride, field.values_from(start)
    grid = (field.flat_costs, stride, field.n_moves, field.goal_index)
    cells = _follow(*grid, values, field.index(start))
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
            for i in range(n):
                longer[i] = cells[i]
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


def warm_up() -> None:
    """Solve, repair, sweep and walk on a small map, with buckets and with the heap.

    Seconds the first time on a machine, then a fraction of one from numba's disk cache.
    """
    cost = np.ones((24, 24))
    field = solve_field(cost, (0, 0))
    field.repair((12, 12), np.full((1, 1), np.inf))
    follow(field, (23, 23))
    _ = field.residual, field.largest
    field.repair((5, 5), np.full((1, 1), 1e9))  # costs too far apart for buckets
