"""What a planner knows of one goal, and the way from any start that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maps import Cell
from mme_ilqr_ros.planning.field import Field, follow
from mme_ilqr_ros.planning.policy import follow_arrows


@dataclass(frozen=True, eq=False)
class Answer:
    """What a planner knows of one goal.

    Attributes:
        knows: A field of values, or a best move for each cell: int8 [H, W], -1 for none.
        goal: Cell (row, column).
        cost: [H, W] price of the cells, or None.
        field_time: From blocked cells to what it knows [s], the price of the cells included. One
            thread's processor time, which on an idle machine is the time that passes.
        sweeps: Passes over the map; the compiled solver settles each cell once.
        residual: Of the planner's own equation.
    """

    knows: Field | NDArray[np.int8]
    goal: Cell
    cost: NDArray[np.float64] | None
    field_time: float
    sweeps: int
    residual: float

    def walk(self, start: Cell) -> NDArray[np.int64]:
        """Return the cells [N, 2] from a start to the goal, or to where the planner leads."""
        if isinstance(self.knows, Field):
            return follow(self.knows, start).cells
        return follow_arrows(self.knows, start, self.goal).cells

    @property
    def arrows(self) -> NDArray[np.int8]:
        """Best move of each cell [H, W]."""
        return self.knows.arrows if isinstance(self.knows, Field) else self.knows

    @property
    def values(self) -> NDArray[np.float64] | None:
        """Cost to go [H, W] under the planner's own cost, or None."""
        return self.knows.values if isinstance(self.knows, Field) else None
