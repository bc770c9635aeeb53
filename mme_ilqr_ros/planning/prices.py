"""The price of the cells of a map: by a cost model, by what is unknown, and by a layer.

Written to where the solver reads it, for all cells at first and later for those that may differ.
"""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.compiled import compiled, plain
from mme_ilqr_ros.geometry.grid_map import Window
from mme_ilqr_ros.planning.cost_model import CostModel, LocalCost
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain


class Prices:
    """Prices cells, by a model or uniformly."""

    def __init__(self, model: CostModel | None, settings: PlannerSettings) -> None:
        """Take a cost model, None for cost 1 everywhere."""
        self._model, self._settings = model, settings
        self._kept: tuple[Terrain, np.ndarray] | None = None  # of a model that is not local

    @property
    def is_local(self) -> bool:
        """Whether the price of a cell depends on what is round it only."""
        return self._model is None or isinstance(self._model, LocalCost)

    def window_of_changes(
        self, terrain: Terrain, layer: np.ndarray | None, after: Terrain, later: np.ndarray | None
    ) -> Window | None:
        """Return the cells whose price may differ between two terrains of the same shape.

        Args:
            terrain: The one before, with its `layer`.
            layer: Before.
            after: Another one of the same shape and radius.
            later: The layer after.
        """
        rows, columns = after.grid.shape
        if layer is not later or not self.is_local:
            return slice(0, rows), slice(0, columns)
        margin = math.ceil(after.radius_in_cells + 0.5)  # by which what stands grows
        if isinstance(self._model, LocalCost):
            margin = max(margin, self._model.sees(after))
        return terrain.window_of_changes(after.grid, margin)

    def fill(
        self, terrain: Terrain, layer: np.ndarray | None, window: Window, out: np.ndarray
    ) -> None:
        """Write the prices of the cells of a window to `out` float64 [h, w]; inf where blocked."""
        if self._model is None:
            out[...] = 1.0
        elif isinstance(self._model, LocalCost):
            self._model.fill(terrain, window, out)
        else:
            out[...] = self.of_cells(terrain)[window]
        grid, unknown_cost = terrain.grid, float(self._settings.unknown_cost)
        _close(out, plain(terrain.blocked[window]), plain(grid.unknown[window]), unknown_cost)
        if layer is not None:
            out *= 1.0 + self._settings.filter_mask_weight * layer[window]

    def of_cells(self, terrain: Terrain) -> np.ndarray:
        """Return what the model says of the cells [H, W]; kept for the terrain that comes again."""
        assert self._model is not None  # who asks knows
        if self._kept is None or self._kept[0] is not terrain:
            self._kept = terrain, self._model(terrain)
        return self._kept[1]


@compiled
def _close(price: np.ndarray, blocked: np.ndarray, unknown: np.ndarray, factor: float) -> None:
    """Multiply the price [h, w] where a cell is unknown, and make it inf where it is blocked."""
    height, width = price.shape
    for i in range(height):
        for j in range(width):
            dearer = price[i, j] * factor if unknown[i, j] else price[i, j]
            price[i, j] = np.inf if blocked[i, j] else dearer
