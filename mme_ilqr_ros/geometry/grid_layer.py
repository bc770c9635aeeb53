"""An extra map layer, such as a nav2 filter mask, on its own grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose


@dataclass(frozen=True, eq=False)
class GridLayer:
    """A number between 0 and 1 for each cell, e.g. how much a speed mask slows a robot down.

    Attributes:
        values: [H, W] in [0, 1]; 0 where nothing is said.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0), as in `GridMap`.
    """

    values: NDArray[np.float64]
    resolution: float
    origin: Pose

    def on(self, grid: GridMap) -> tuple[NDArray[np.float64], float]:
        """Return the layer on the cells [H, W] of a map, and the fraction of them that it covers.

        The grids need not agree: each cell of the map takes the layer's cell under its centre, and
        0 where there is none.
        """
        height, width = self.values.shape
        place = GridMap(np.zeros((height, width), bool), self.resolution, self.origin)
        cells = place.cell_at(grid.centre_of(np.moveaxis(np.indices(grid.shape), 0, -1)))
        covered = place.contains(cells)
        rows, columns = (np.where(covered, cells[..., k], 0) for k in (0, 1))
        return np.where(covered, self.values[rows, columns], 0.0), float(covered.mean())

    def transformed(self, pose: Pose) -> GridLayer:
        """Return the same layer seen from a frame in which this layer's frame has `pose`."""
        return replace(self, origin=pose.compose(self.origin))
