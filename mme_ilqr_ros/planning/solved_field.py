"""A field that the planner keeps for the next request, and hands out when it is whole.

The robot's path needs what is nearer to the goal than the robot. The rest may follow in pieces.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.planning.field import Field
from mme_ilqr_ros.planning.terrain import Terrain

_RESIDUAL_LIMIT = 1e-9  # relative to the largest value; float64 rounding is a thousand times less
ALL = 1 << 62  # cells: more than any map has


Beside = tuple[np.ndarray | None, np.ndarray | None]
"""What multiplies the cost of cells beside the map: a layer [H, W], and by direction [8, H, W]."""


class SolvedField:
    """A field to one goal cell.

    Attributes:
        terrain: It is for.
        beside: What was priced beside it.
        field: Solved as far as was asked for.
        along: The directed cost [8, H, W] that was priced, or None.
        cost_to_go: In metres, for controllers and people; None until the field is complete. It
            stays what it is when the field is repaired.
    """

    def __init__(
        self, terrain: Terrain, beside: Beside, field: Field, along: np.ndarray | None = None
    ) -> None:
        """Take a field that says what the robot's path needs.

        Args:
            terrain: It is for.
            beside: What was priced beside it.
            field: Of cells or, with a directed cost, of edges.
            along: The directed cost [8, H, W], see `directed.py`, where there is one.
        """
        self.terrain, self.beside, self.field, self.along = terrain, beside, field, along
        self.cost_to_go: CostToGo | None = None
        self._is_given_up = False

    @property
    def cost(self) -> np.ndarray:
        """[H, W] cost of the cells or [8, H, W] directed."""
        return self.field.cost if self.along is None else self.along

    def is_for(self, terrain: Terrain, beside: Beside) -> bool:
        """Whether it was solved for these very objects."""
        (layer, directed), (own_layer, own_directed) = beside, self.beside
        return self.terrain is terrain and own_layer is layer and own_directed is directed

    def give_up(self) -> None:
        """Leave the field as it is: its memory is used for other costs from now on."""
        self._is_given_up = True

    def advance(self, n_cells: int = ALL) -> bool:
        """Settle about so many cells more; return whether there is nothing more to do.

        Then `cost_to_go` is there, unless the field was given up before or its values are wrong.
        """
        if self._is_given_up or self.cost_to_go is not None:
            return True
        if not self.field.advance(n_cells):
            return False
        if self.field.residual > self._limit(self.field.largest):
            self.give_up()
            return True
        grid, values = self.terrain.grid, np.empty(self.terrain.grid.shape, np.float32)
        np.multiply(self.field.values, grid.resolution, out=values, casting="same_kind")
        values.setflags(write=False)
        self.cost_to_go = CostToGo(values, grid.resolution, grid.origin, self.field.goal)
        return True

    def residual(self, walk: np.ndarray) -> float:
        """Return the Bellman residual [cells of cost 1]; where partial, that of a walk [N, 2]."""
        field = self.field
        return field.residual if field.is_complete else field.residual_at(walk)

    def fault(self, walk: np.ndarray) -> str | None:
        """Return what is wrong with the values themselves, if anything.

        Args:
            walk: [N, 2] cells from a start on, as far as which the field is solved. Where it is
                partial, only these are looked at.
        """
        field = self.field
        start = int(walk[0, 0]), int(walk[0, 1])
        limit = self._limit(field.largest if field.is_complete else field.settle(start))
        if (residual := self.residual(walk)) > limit:
            return f"the Bellman residual {residual:.1e} is above {limit:.1e}"
        return None

    @staticmethod
    def _limit(largest: float) -> float:
        return _RESIDUAL_LIMIT * (1.0 + largest)
