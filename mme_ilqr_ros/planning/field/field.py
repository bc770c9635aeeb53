"""The Bellman fixed point on a grid, exactly.

    V(goal) = 0,    V(p) = min over allowed moves a: p -> q of  V(q) + price(p, a)

This is the fixed point that `bellman.py` reaches by sweeps. The solvers here settle every cell
once, which also gives the exact gradient: V depends on the prices through a tree of best moves.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mme_ilqr_ros.planning.field.adjoint import cell_gradient, edge_gradient
from mme_ilqr_ros.planning.field.buckets import Buckets
from mme_ilqr_ros.planning.field.heap import solve_by_heap
from mme_ilqr_ros.planning.field.layout import bordered, inner
from mme_ilqr_ros.planning.field.price import arriving, extremes, leaving
from mme_ilqr_ros.planning.field.solve import CHUNK, spread
from mme_ilqr_ros.planning.field.sweep import sweep
from mme_ilqr_ros.planning.moves import LENGTHS, check_n_moves


class FieldError(ValueError):
    """The costs or the goal cannot carry a value field."""


class Field:
    """Cost-to-go of every cell to one goal cell.

    Made by `solve_field` or `solve_edges`. Arrows and residual are computed when first asked for.

    Attributes:
        goal: Goal cell (row, column).
        n_moves: 4 or 8.
        prices: [n] or [n, A] costs of cells or edges in flat form, see `price.py`.
        flat_values: [n] values in flat form, see `layout.py`.
        stride: Entries of a row in flat form.
        order: int32 [k] settled cells as flat indices, each after the cell its arrow points to.
        buckets: Of the queue that solved it; None when the prices were too far apart for one and
            a heap did.
    """

    def __init__(
        self,
        goal: tuple[int, int],
        n_moves: int,
        prices: np.ndarray,
        flat_values: np.ndarray,
        stride: int,
        order: np.ndarray,
        buckets: Buckets | None,
    ) -> None:
        """Keep what a solver found."""
        self.goal = goal
        self.n_moves = n_moves
        self.prices = prices
        self.flat_values = flat_values
        self.stride = stride
        self.order = order
        self.buckets = buckets

    @property
    def cost(self) -> np.ndarray:
        """What was solved for: [H, W] costs of cells or [A, H, W] of edges, inf = not allowed."""
        if self.prices.ndim == 1:
            return inner(self.prices, self.stride)
        return leaving(self.prices, self.stride)

    @property
    def values(self) -> np.ndarray:
        """[H, W] cost-to-go [cells * cost], inf where the goal cannot be reached."""
        return inner(self.flat_values, self.stride)

    @property
    def goal_index(self) -> int:
        """The goal in flat form."""
        return (self.goal[0] + 1) * self.stride + self.goal[1] + 1

    @property
    def n_settled(self) -> int:
        """Number of cells from which the goal can be reached, the goal included."""
        return len(self.order)

    @property
    def arrows(self) -> np.ndarray:
        """int8 [H, W] index into `moves.STEPS` of the best move.

        The first of equal ones; NO_MOVE at the goal and where there is none.
        """
        return inner(self._swept[0], self.stride)

    @property
    def residual(self) -> float:
        """Largest |min over moves - V| over all cells but the goal, from one Bellman sweep."""
        return self._swept[1]

    @cached_property
    def _swept(self) -> tuple[np.ndarray, float]:
        """Arrows in flat form, and the residual."""
        return sweep(self.prices, self.stride, self.n_moves, self.goal_index, self.flat_values)

    def adjoint(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dcost of the cells [H, W] for dL/dV = `gradient` [H, W], exactly.

        Raises:
            FieldError: The field was solved for costs of edges.
        """
        if self.prices.ndim != 1:
            raise FieldError("a field of edge costs has no cell costs; use edge_adjoint")
        weights = self._flat(gradient)
        result = cell_gradient(self.order, self._swept[0], self.stride, weights)
        return inner(result, self.stride)

    def edge_adjoint(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dedge [A, H, W] for dL/dV = `gradient` [H, W], exactly.

        Entry [a, i, j] belongs to leaving cell (i, j) by move a, as in `solve_edges`. It is how
        much of `gradient` passes there on the best ways: for a gradient of ones the number of
        starts, the visitation.
        """
        arrows, weights = self._swept[0], self._flat(gradient)
        result = edge_gradient(self.order, arrows, self.stride, self.n_moves, weights)
        return result.reshape(self.n_moves, -1, self.stride)[:, 1:-1, 1:-1]

    def _flat(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dV in flat form, in memory of its own."""
        return bordered(np.asarray(gradient, dtype=np.float64), 0.0)


def solve_field(cost: np.ndarray, goal: tuple[int, int], n_moves: int = 8) -> Field:
    """Solve the Bellman equation for one goal and costs of cells.

    Args:
        cost: [H, W] cost of a cell, > 0; inf marks a blocked one. A move costs its length times
            the mean of both cells and does not cut corners (`moves.py`).
        goal: Goal cell (row, column), not blocked.
        n_moves: 8, or 4 for straight moves only.

    Raises:
        FieldError: The goal is outside the grid or blocked, or a cost is not > 0 (NaN included).
    """
    check_n_moves(n_moves)
    cost = np.asarray(cost, dtype=np.float64)
    goal = _checked_goal(goal, cost.shape)
    prices = bordered(cost, np.inf)
    cheapest, dearest = _checked_prices(prices, "cell", "blocked")
    if not np.isfinite(cost[goal]):
        raise FieldError(f"goal cell {goal} is blocked")
    buckets = Buckets.between(cheapest, LENGTHS[n_moves - 1] * dearest)
    return _solved(prices, cost.shape, goal, n_moves, buckets)


def solve_edges(edge_cost: np.ndarray, goal: tuple[int, int]) -> Field:
    """Solve the Bellman equation for one goal and costs of edges, which may depend on direction.

    Args:
        edge_cost: [A, H, W] cost > 0 of leaving cell (i, j) by move a of `moves.STEPS`, A = 4 or 8;
            inf = not allowed. What would leave the map is not allowed.
        goal: Goal cell (row, column).

    Raises:
        FieldError: The goal is outside the grid, or a cost is not > 0 (NaN included).
    """
    edge_cost = np.asarray(edge_cost, dtype=np.float64)
    if edge_cost.ndim != 3:
        raise FieldError(f"edge costs have shape {edge_cost.shape}: must be [A, H, W]")
    n_moves = check_n_moves(len(edge_cost))
    goal = _checked_goal(goal, edge_cost.shape[1:])
    prices = arriving(edge_cost)
    buckets = Buckets.between(*_checked_prices(prices.reshape(-1), "edge", "not allowed"))
    return _solved(prices, edge_cost.shape[1:], goal, n_moves, buckets)


def _checked_goal(goal: tuple[int, int], shape: tuple[int, ...]) -> tuple[int, int]:
    row, column = int(goal[0]), int(goal[1])
    if len(shape) != 2 or not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise FieldError(f"goal cell {(row, column)} lies outside the cost map {shape}")
    return row, column


def _checked_prices(prices: np.ndarray, of: str, closed: str) -> tuple[float, float]:
    """Return the least and the largest finite price."""
    least, largest = extremes(prices)
    if not least > 0.0:
        raise FieldError(f"every {of} cost must be > 0 (inf where {closed})")
    return least, largest


def _solved(
    prices: np.ndarray,
    shape: tuple[int, ...],
    goal: tuple[int, int],
    n_moves: int,
    buckets: Buckets | None,
) -> Field:
    stride = shape[1] + 2
    values = np.full(len(prices), np.inf)
    index = (goal[0] + 1) * stride + goal[1] + 1
    if buckets is None:
        order = solve_by_heap(prices, stride, n_moves, index, values)
    else:
        values[index] = 0.0
        order = np.empty(len(prices) + CHUNK, np.int32)
        seeds = np.array([index])
        n = spread(prices, stride, n_moves, values, seeds, buckets.scale, buckets.n, order, True)
        order = order[:n]
    return Field(goal, n_moves, prices, values, stride, order, buckets)
