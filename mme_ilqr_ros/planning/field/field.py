"""A solved field: values, best moves, exact gradient, and repair."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mme_ilqr_ros.geometry.grid_map import box_of
from mme_ilqr_ros.planning.field.costs import (
    FieldError,
    around,
    bordered,
    check_goal_stays_free,
    checked_goal,
    checked_range,
    checked_window,
    extremes,
    inner,
    leaving,
)
from mme_ilqr_ros.planning.field.queues import Buckets, solve_by_heap
from mme_ilqr_ros.planning.field.repair import repair_values
from mme_ilqr_ros.planning.field.spread import CHUNK, ENDLESS, Wave
from mme_ilqr_ros.planning.field.sweep import edge_gradient, residual_of, sweep
from mme_ilqr_ros.planning.moves import LENGTHS

_MOST_CLEARED = 0.1  # of the map: above it a fresh solve takes less time than a repair


class Field:
    """Cost-to-go of every cell to one goal cell.

    Made by `solve_field` or `solve_edges`. It may be solved only as far as a cell that was asked
    for; then `settle` and `advance` go on, and whatever tells of all cells completes it first. So
    nobody sees a value that is not final. Arrows and residual are computed when first asked for.
    Only `repair` changes what a field says; arrays taken from it before then change with it.

    Attributes:
        goal: Goal cell (row, column).
        n_moves: 4 or 8.
        flat_costs: [n] or [n, A] costs of cells or edges in flat form, see `costs.py`.
        stride: Entries of a row in flat form.
        buckets: Of the queue that solved it; None when the costs were too far apart for one and
            a heap did.
    """

    def __init__(
        self,
        goal: tuple[int, int],
        n_moves: int,
        costs: np.ndarray,
        stride: int,
        buckets: Buckets | None,
        least_cost: float = np.inf,
        until: tuple[int, int] | None = None,
    ) -> None:
        """Solve for checked costs; callers use `solve_field` or `solve_edges`."""
        self.goal = goal
        self.n_moves = n_moves
        self.flat_costs = costs
        self.stride = stride
        self.buckets = buckets
        self._least_cost = least_cost  # that a repair may bring
        self._values = np.empty(len(costs))
        self._order: np.ndarray | None = None
        self._wave: Wave | None = None  # None when all is settled
        self._begin()
        if until is None:
            self.complete()
        else:
            self.settle(until)

    def _begin(self) -> None:
        """Forget all values; the goal alone has one."""
        values = self._values
        values.fill(np.inf)
        if self.buckets is None:
            grid = (self.flat_costs, self.stride, self.n_moves)
            self._order = solve_by_heap(*grid, self.goal_index, values)
            return
        values[self.goal_index] = 0.0
        self._order = np.empty(len(values) + CHUNK, np.int32)
        seeds = np.array([self.goal_index])
        self._wave = Wave(seeds, self.buckets, self.stride, self._order)

    def _go_on(self, *, until: int = -1, most: int = ENDLESS) -> None:
        if self._wave is None:
            return
        grid = (self.flat_costs, self.stride, self.n_moves)
        self._wave.go_on(*grid, self._values, until=until, most=most)
        if self._wave.is_over:
            assert self._order is not None  # the wave writes it
            self._order, self._wave = self._order[: self._wave.n_settled], None

    def advance(self, n_cells: int) -> bool:
        """Settle about so many cells more; return whether the field is complete now."""
        self._go_on(most=n_cells)
        return self.is_complete

    def complete(self) -> None:
        """Settle all cells from which the goal can be reached."""
        self._go_on()

    def settle(self, cell: tuple[int, int]) -> float:
        """Solve as far as a cell (row, column), and return its value.

        Then its value is final, and so are all that are lower: the way from there is known.
        """
        flat = self.index(cell)
        if self._wave is not None and not self._wave.has_passed(self._values[flat]):
            self._go_on(until=flat)
        return float(self._values[flat])

    def values_from(self, cell: tuple[int, int]) -> np.ndarray:
        """Return flat values that are final up to that of a cell; others may be upper bounds."""
        self.settle(cell)
        return self._values

    @property
    def is_complete(self) -> bool:
        """Whether every cell from which the goal can be reached has its value."""
        return self._wave is None

    @property
    def n_so_far(self) -> int:
        """Number of cells settled so far."""
        return self.n_settled if self._wave is None else self._wave.n_settled

    @property
    def flat_values(self) -> np.ndarray:
        """[n] values in flat form, see `costs.py`."""
        self.complete()
        return self._values

    @property
    def order(self) -> np.ndarray:
        """int32 [k] settled cells in flat form, each after the cell its arrow points to."""
        if self._order is None:  # a repair has none; to sort the values would cost as much
            self._begin()
        self.complete()
        assert self._order is not None  # a fresh solve has one
        return self._order

    @property
    def cost(self) -> np.ndarray:
        """What was solved for: [H, W] costs of cells or [A, H, W] of edges, inf = not allowed."""
        if self.flat_costs.ndim == 1:
            return inner(self.flat_costs, self.stride)
        return leaving(self.flat_costs, self.stride)

    @property
    def values(self) -> np.ndarray:
        """[H, W] cost-to-go [cells * cost], inf where the goal cannot be reached; read-only."""
        values = inner(self.flat_values, self.stride)
        values.flags.writeable = False
        return values

    @property
    def goal_index(self) -> int:
        """The goal in flat form."""
        return self.index(self.goal)

    def index(self, cell: tuple[int, int]) -> int:
        """Return a cell (row, column) in flat form."""
        return (cell[0] + 1) * self.stride + cell[1] + 1

    @property
    def largest(self) -> float:
        """Largest finite value."""
        return extremes(self.flat_values)[1]

    @property
    def n_settled(self) -> int:
        """Number of cells from which the goal can be reached, the goal included."""
        self.complete()
        if self._order is None:
            return int(np.count_nonzero(self.flat_values < np.inf))
        return len(self._order)

    @property
    def arrows(self) -> np.ndarray:
        """int8 [H, W] index into `moves.STEPS` of the best move.

        The first of equal ones; NO_MOVE at the goal and where there is none.
        """
        return inner(self._swept[0], self.stride)

    @property
    def residual(self) -> float:
        """Largest `|min over moves - V|` over all cells but the goal, from one Bellman sweep."""
        return self._swept[1]

    def residual_at(self, cells: np.ndarray) -> float:
        """Return the largest `|min over moves - V|` of settled cells [N, 2] but the goal."""
        flat = np.array([self.index(tuple(cell)) for cell in cells.tolist()])
        flat = flat[flat != self.goal_index]
        return residual_of(self.flat_costs, self.stride, self.n_moves, self._values, flat)

    @cached_property
    def _swept(self) -> tuple[np.ndarray, float]:
        """Arrows in flat form, and the residual."""
        return sweep(self.flat_costs, self.stride, self.n_moves, self.goal_index, self.flat_values)

    def edge_adjoint(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dedge [A, H, W] for dL/dV = `gradient` [H, W], exactly.

        Entry [a, i, j] belongs to leaving cell (i, j) by move a, as in `solve_edges`. It is how
        much of `gradient` passes there on the best ways: for a gradient of ones the number of
        starts, the visitation.
        """
        arrows, weights = self._swept[0], bordered(np.asarray(gradient, dtype=np.float64), 0.0)
        result = edge_gradient(self.order, arrows, self.stride, self.n_moves, weights)
        return result.reshape(self.n_moves, -1, self.stride)[:, 1:-1, 1:-1]

    def repair(self, corner: tuple[int, int], patch: np.ndarray) -> int | None:
        """Give the cells of a window other costs and bring the values up to date.

        Takes time for the cells whose values change and none for the rest of the map, unless these
        are more than a tenth. The values are those of a fresh solve, bit by bit.

        Args:
            corner: Cell (row, column) of the window's first entry.
            patch: [h, w] costs > 0 of the window's cells, inf where blocked.

        Returns:
            Number of cells that lost their value, and got another one or none. None where the
            field is solved anew, as far as is asked for later: too many did, the costs do not fit
            the buckets of the old ones, or it was not complete.

        Raises:
            FieldError: The field is one of edge costs, the window reaches over the map's edge, a
                cost is not > 0, or the goal would be blocked. The field stays what it was.
        """
        if self.flat_costs.ndim != 1:
            raise FieldError("a field of edge costs cannot be repaired; solve it again")
        patch = np.ascontiguousarray(patch, dtype=np.float64)
        window = checked_window(self.cost, corner, patch.shape)
        changed = window != patch
        if not changed.any():
            return 0
        least, largest = checked_range(patch, "cell")
        check_goal_stays_free(self.goal, corner, patch)
        window[...] = patch
        self.__dict__.pop("_swept", None)
        n_cleared = None
        if self.is_complete:
            self._order = None
            n_cleared = self._repaired(corner, changed, least, largest)
        if n_cleared is None:
            least, largest = checked_range(self.flat_costs, "cell")
            least = min(least, self._least_cost)
            self.buckets = Buckets.between(least, LENGTHS[self.n_moves - 1] * largest)
            self._begin()
        return n_cleared

    def toward(self, goal: tuple[int, int]) -> Field:
        """Return a field for the same costs to another goal, solved as far as that.

        The two share the costs: a repair of one leaves the other of no use.

        Raises:
            FieldError: The goal is outside the grid or blocked.
        """
        goal = checked_goal(goal, inner(self._values, self.stride).shape)
        if self.flat_costs.ndim == 1:
            check_goal_stays_free(goal, (0, 0), self.cost)
        costs, stride = self.flat_costs, self.stride
        return Field(goal, self.n_moves, costs, stride, self.buckets, self._least_cost, goal)

    def update(self, cost: np.ndarray) -> int | None:
        """Give the map other costs [H, W]; else as `repair`."""
        before = checked_window(self.cost, (0, 0), np.shape(cost))
        if before.shape != self.cost.shape:
            raise FieldError(f"costs of shape {before.shape} do not fit a map {self.cost.shape}")
        differ = cost != before
        if not differ.any():
            return 0
        rows, columns = box_of(differ)
        return self.repair((rows.start, columns.start), cost[rows, columns])

    def _repaired(
        self, corner: tuple[int, int], changed: np.ndarray, least: float, largest: float
    ) -> int | None:
        """Repair the values round changed [h, w] cells; None when a fresh solve is called for."""
        largest *= LENGTHS[self.n_moves - 1]
        if self.buckets is None or not self.buckets.hold(least, largest):
            return None
        most = int(_MOST_CLEARED * len(self.flat_costs))
        cells = around(corner, changed, self.cost.shape, self.stride)
        if len(cells) > most:
            return None
        grid = (self.flat_costs, self.stride, self.n_moves, self.goal_index)
        n_cleared = repair_values(*grid, self._values, self.buckets, cells, most)
        return n_cleared if n_cleared <= most else None
