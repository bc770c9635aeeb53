"""The planner's cost to go as a cost of the controller: metres to the goal along a way there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.control.kernel import ValueField
from mme_ilqr_ros.geometry.cost_to_go import CostToGoMap
from mme_ilqr_ros.geometry.pose import Pose

Array = NDArray[np.float64]
SMOOTHING = 0.15  # [m] width of the filter that takes the kinks of grid moves out of the field


@dataclass(frozen=True, eq=False)
class CostToGo:
    """Cost to go over a map, finite everywhere.

    Attributes:
        values: At cell centres [H, W] in m.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0) in the controller's frame.
        outside: Value beyond the map [m].
    """

    values: Array
    resolution: float
    origin: Pose
    outside: float

    def weighted(self, stage_weight: float, final_weight: float) -> ValueField:
        """Return it as a cost per stage and at the end of the horizon."""
        return ValueField(
            self.values, self.resolution, self.origin, self.outside, stage_weight, final_weight
        )


def build_cost_to_go(values: ArrayLike, resolution: float, origin: Pose) -> CostToGo:
    """Return a planner's field as the kernel reads it: smoothed, and finite everywhere.

    Where no way leads to the goal (inside walls, closer to them than the robot's radius) its slope
    leads back to where there is one. A field of moves between cells has a kink at every cell, where
    a local search gets caught. Neither step mixes the two sides of a wall.

    Args:
        values: Cost to go [H, W] in m; inf where the goal cannot be reached.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0) in the controller's frame.

    Raises:
        ValueError: The goal cannot be reached from anywhere, or the values are no grid.
    """
    field = CostToGoMap(np.asarray(values, dtype=np.float64), resolution, origin)
    filled = field.smoothed(SMOOTHING).filled()
    return CostToGo(filled, resolution, origin, float(filled.max()))
