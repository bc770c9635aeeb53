"""The cost of a cell as a function of its clearance in radii: a monotone table, no network."""

from __future__ import annotations

from copy import copy

import numpy as np

from mme_ilqr_ros.geometry.grid_map import Window, grown, within
from mme_ilqr_ros.planning.distances import looked_up
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import WeightsError, checked


class ClearanceTable:
    """From a terrain to the cost of each cell: 1 far from obstacles, more near them.

    Attributes:
        gaps: [K] clearances in radii, ascending from 0.
        cost: [K] cost at these clearances, in between by interpolation of its logarithm; beyond the
            last 1.
    """

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        """Take the tensors of a trained encoder.

        Raises:
            WeightsError: A tensor is missing, has a wrong shape or is not finite.
        """
        n_gaps = len(tensors.get("gaps", ()))
        self.gaps = checked(tensors, "gaps", (n_gaps,)).astype(np.float64)
        steps = checked(tensors, "steps", (n_gaps - 1,)).astype(np.float64)
        log_c_max = float(np.log(checked(tensors, "c_max", ())))
        if self.gaps[0] != 0.0 or not (np.diff(self.gaps) > 0.0).all():
            raise WeightsError("tensor gaps must ascend from 0")
        rises = np.logaddexp(0.0, steps)  # softplus: less clearance never costs less
        total = np.append(np.cumsum(rises[::-1])[::-1], 0.0)
        self._log_cost = log_c_max * np.tanh(total / log_c_max)
        self.cost = np.exp(self._log_cost)

    def plus(self, gaps: np.ndarray, log_cost: np.ndarray) -> ClearanceTable:
        """Return the table with terms [K] at clearances [K] added to the logarithm of its cost."""
        table = copy(self)
        table.gaps = np.union1d(self.gaps, gaps)
        table._log_cost = np.log(self.at(table.gaps)) + np.interp(table.gaps, gaps, log_cost)
        table.cost = np.exp(table._log_cost)
        return table

    def limited(self, largest: float) -> ClearanceTable:
        """Return the table with its logarithm scaled down, so that no cell costs over `largest`."""
        table = copy(self)
        table._log_cost = self._log_cost * min(1.0, np.log(largest) / max(self._log_cost[0], 1e-9))
        table.cost = np.exp(table._log_cost)
        return table

    def at(self, clearance: np.ndarray) -> np.ndarray:
        """Return the cost at clearances in radii; in an obstacle that of clearance 0."""
        return np.exp(np.interp(clearance, self.gaps, self._log_cost))

    def reach(self, radius: float) -> int:
        """Return the distance up to which obstacles count for a robot's radius, both in cells."""
        return int(np.ceil((1.0 + self.gaps[-1]) * max(radius, 0.5) + 0.5))

    def __call__(self, terrain: Terrain) -> np.ndarray:
        """Return the cost float64 [H, W] of the cells of a terrain."""
        return self.of_cells(terrain.grid.occupied, terrain.radius_in_cells)

    def sees(self, terrain: Terrain) -> int:
        """Return how far from a cell what stands counts for its cost [cells]."""
        return self.reach(terrain.radius_in_cells)

    def fill(self, terrain: Terrain, window: Window, out: np.ndarray) -> None:
        """Write the cost of the cells of a window of a terrain to `out` float64 [h, w]."""
        seen = grown(window, self.sees(terrain), terrain.grid.shape)
        occupied, radius = terrain.grid.occupied[seen], terrain.radius_in_cells
        if seen == window:
            self.of_cells(occupied, radius, out)
        else:
            out[...] = self.of_cells(occupied, radius)[within(window, seen)]

    def of_cells(
        self, occupied: np.ndarray, radius: float, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the cost float64 [H, W] of cells.

        Args:
            occupied: bool [H, W].
            radius: Of the robot [cells]; one smaller than a cell counts as one that fills it.
            out: Gets the cost, where there is one already.
        """
        radius = max(radius, 0.5)
        reach = self.reach(radius)
        distance = np.sqrt(np.arange(reach * reach + 1)) - 0.5
        table = self.at((distance - radius) / radius)
        return looked_up(occupied, np.arange(reach + 1, dtype=np.int32) ** 2, table, out)
