"""What one solve is given: limits, stage parameters, obstacles, cost-to-go."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mme_ilqr_ros.control.kernel.task import Barrier, Grid
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]
FAR = 1e3  # [m] the distance reported where there is no obstacle at all


@dataclass(frozen=True)
class ValueField:
    """A planner's cost to go as a cost of the controller.

    Attributes:
        values: Cost to go at cell centres [H, W], finite.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0) in the controller's frame.
        outside: Value beyond the map.
        stage_weight: Weight at every stage.
        final_weight: Weight at the end of the horizon.
    """

    values: Array
    resolution: float
    origin: Pose
    outside: float
    stage_weight: float
    final_weight: float


@dataclass(frozen=True)
class World:
    """Everything to keep clear of, and where it leads, in the controller's frame.

    Attributes:
        circles: x, y, radius, vx, vy [M, 5].
        field: Distance field of the walls, or None.
        barrier: How clearance is priced.
        cost_to_go: The planner's field, or None.
    """

    circles: Array
    field: DistanceField | None
    barrier: Barrier
    cost_to_go: ValueField | None = None

    def packed(self, n_stages: int, dtype: DTypeLike) -> tuple[Barrier, Grid, Grid, Array]:
        """Return barrier, walls, cost-to-go and its weights as the program reads them."""
        walls = goal = _absent(dtype)
        if self.field is not None:
            f = self.field
            walls = _grid(f.values, f.resolution, f.origin, f.max_distance, dtype)
        weights = np.zeros(n_stages + 1, dtype)
        if self.cost_to_go is not None:
            g = self.cost_to_go
            goal = _grid(g.values, g.resolution, g.origin, g.outside, dtype)
            weights[:-1], weights[-1] = g.stage_weight, g.final_weight
        return Barrier(*map(float, self.barrier)), walls, goal, weights


def _absent(dtype: DTypeLike) -> Grid:
    return Grid(np.zeros((2, 2), dtype), 0.0, 0.0, 1.0, 0.0, 1.0, FAR, False)


def _grid(values: Array, resolution: float, origin: Pose, outside: float, dtype: DTypeLike) -> Grid:
    """Return a field as a grid; a single row or column is doubled, to have cells between."""
    rows, columns = values.shape
    if rows < 2 or columns < 2:
        values = np.pad(values, ((0, max(2 - rows, 0)), (0, max(2 - columns, 0))), mode="edge")
    cos, sin = math.cos(origin.yaw), math.sin(origin.yaw)
    cells = np.ascontiguousarray(values, dtype)
    return Grid(
        cells, float(origin.x), float(origin.y), cos, sin, 1.0 / resolution, float(outside), True
    )


@dataclass(frozen=True)
class StageData:
    """The numbers of one solve that all modes share.

    Attributes:
        parameters: Stage parameters in the problem's order [T+1, NP].
        dt: Stage duration [s].
        limits: Box and rate limits of the controls.
        world: Obstacles and cost to go.
    """

    parameters: Array
    dt: float
    limits: ControlLimits
    world: World


def free_space(radius: float = 0.0) -> World:
    """Return a world without obstacles."""
    return World(no_circles(), None, Barrier(1.0, 0.03, 0.3, radius))
