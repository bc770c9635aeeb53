"""The map as learning sees it: its cells, coarsened, and today's cost of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.drive import DriveError
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.planning.cost_model import clearance_cost
from mme_ilqr_ros.planning.distances import squared_distance
from mme_ilqr_ros.planning.habits import CLEAR_RADII, CLEARANCE_FEATURE
from mme_ilqr_ros.planning.terrain import Terrain

_MOST_CELLS = 250_000  # learned on; above it the map is coarsened further


@dataclass(frozen=True, eq=False)
class Ground:
    """A map in cells of `side` m, each of `k` x `k` cells of the map.

    Attributes:
        grid: The map itself.
        k: Cells of the map along the side of one here.
        side: Of a cell here [m].
        cost: [H, W] today's cost, inf where blocked.
        occupied: bool [H, W] what stands.
        features: [H, W] in [0, 1] by name: the arguments of the learned tables.
    """

    grid: GridMap
    k: int
    side: float
    cost: np.ndarray
    occupied: np.ndarray
    features: dict[str, np.ndarray]

    @classmethod
    def of(cls, grid: GridMap, settings: HabitSettings, layers: Mapping[str, np.ndarray]) -> Ground:
        """Return the ground of a map.

        Raises:
            DriveError: A layer does not fit the map or is not in [0, 1], or no cell is free.
        """
        for name, layer in layers.items():
            if np.shape(layer) != grid.shape or not ((layer >= 0.0) & (layer <= 1.0)).all():
                raise DriveError(
                    f"layer '{name}': must be {grid.height} x {grid.width} numbers in [0, 1]"
                )
        if CLEARANCE_FEATURE in layers:
            raise DriveError(f"a layer cannot be called '{CLEARANCE_FEATURE}'")
        k = max(1, math.ceil(settings.cell / grid.resolution - 1e-6))
        k = max(k, math.ceil(math.sqrt(grid.occupied.size / _MOST_CELLS)))
        terrain = Terrain.build(grid, settings.least_distance, settings.allow_unknown)
        if terrain.blocked.all():
            raise DriveError("the map has no free cell for this robot")
        table = clearance_cost().limited(settings.max_detour)
        log_cost = np.log(table(terrain))
        log_cost += math.log(settings.unknown_cost) * grid.unknown
        # Walls are inflated: half a cell of them closes a coarse one and none falls through.
        most = 0.5 if terrain.radius_in_cells >= 2.0 else 1e-9
        blocked = _coarse(terrain.blocked, k, 1.0) >= most
        features = {CLEARANCE_FEATURE: _coarse(_clearance(terrain), k, 0.0)}
        features |= {name: _coarse(np.asarray(layer), k, 0.0) for name, layer in layers.items()}
        cost = np.where(blocked, np.inf, np.exp(_coarse(log_cost, k, 0.0)))
        occupied = _coarse(grid.occupied, k, 1.0) > 0.0
        return cls(grid, k, k * grid.resolution, cost, occupied, features)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the coarse cells."""
        return self.cost.shape

    @property
    def free(self) -> np.ndarray:
        """Bool [H, W]: cells where the robot's centre may be."""
        return np.isfinite(self.cost)

    def cells_at(self, points: np.ndarray) -> np.ndarray:
        """Return the cells [N, 2] that hold points [N, 2] m; they may lie outside."""
        return np.floor_divide(self.grid.cell_at(points), self.k)

    def contains(self, cells: np.ndarray) -> np.ndarray:
        """Return bool [N]: which cells [N, 2] lie on the map."""
        return np.all((cells >= 0) & (cells < self.shape), axis=-1)


def _coarse(values: np.ndarray, k: int, beyond: float) -> np.ndarray:
    """Return the means of blocks of k x k; the last ones reach over the map, to `beyond`."""
    if k == 1:
        return values.astype(np.float64)
    height, width = (-(-n // k) for n in values.shape)
    padded = np.full((height * k, width * k), beyond)
    padded[: values.shape[0], : values.shape[1]] = values
    return padded.reshape(height, k, width, k).mean(axis=(1, 3))


def _clearance(terrain: Terrain) -> np.ndarray:
    """Return the clearance [H, W] as a fraction of CLEAR_RADII radii, at most 1."""
    radius = max(terrain.radius_in_cells, 0.5)
    reach = math.ceil((1.0 + CLEAR_RADII) * radius + 0.5)
    distance = np.sqrt(squared_distance(terrain.grid.occupied, reach)) - 0.5
    return np.clip((distance - radius) / (CLEAR_RADII * radius), 0.0, 1.0)
