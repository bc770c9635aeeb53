"""Large maps: a hall of shelves, and a building of many halls of `depot` with doors between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.field import solve_field
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.simulation.scenario import load_scenario

SHAPES = {"1.7 M": (1006, 1674), "16 M": (4000, 4000)}
RESOLUTION = 0.05  # [m]
DOOR = 30  # cells, 1.5 m
NEAR = 30.0  # m to the goal


@dataclass(frozen=True, eq=False)
class LargeMap:
    """A map and requests on it.

    Attributes:
        name: For the row.
        grid: The map.
        changed: The same with a box of 1 m on the way of the far request.
        goal: Point [2] in m.
        starts: Points by name: `far`, the cell with the longest way to the goal, and `near`.
    """

    name: str
    grid: GridMap
    changed: GridMap
    goal: NDArray[np.float64]
    starts: dict[str, NDArray[np.float64]]


def hall(shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the occupied cells of a hall of shelves, 3 m x 0.6 m each."""
    occupied = np.zeros(shape, dtype=bool)
    for row in range(20, shape[0] - 32, 40):
        for column in range(20, shape[1] - 80, 90):
            occupied[row : row + 12, column : column + 60] = True
    return occupied


def building(shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the occupied cells of halls of `depot` side by side, a door in each wall between."""
    tile = load_scenario("depot").map_with_walls().occupied
    height, width = tile.shape
    times = -(-shape[0] // height), -(-shape[1] // width)
    occupied = np.tile(tile, times)[: shape[0], : shape[1]].copy()
    for row in range(0, shape[0], height):
        for column in range(0, shape[1], width):
            _open(occupied, row, column + width // 2)
            _open(occupied, row + height // 2, column)
    occupied[[0, -1]] = True
    occupied[:, [0, -1]] = True
    return occupied


def _open(occupied: NDArray[np.bool_], row: int, column: int) -> None:
    """Free a square with its middle at a cell: what of a wall is in it becomes a door."""
    half = DOOR // 2
    occupied[max(row - half, 0) : row + half, max(column - half, 0) : column + half] = False


KINDS = {"hall": hall, "building": building}


def large_map(kind: str, size: str, seed: int) -> LargeMap:
    """Return a map with a goal near its corner and starts that can reach it."""
    rng = np.random.default_rng(seed)
    occupied = KINDS[kind](SHAPES[size])
    grid = GridMap(occupied, RESOLUTION, Pose(0.0, 0.0, 0.0))
    blocked = Terrain.build(grid, PlannerSettings().least_distance, allow_unknown=True).blocked
    corner = np.argwhere(~blocked[:60, :60])
    goal = tuple(int(i) for i in corner[rng.integers(len(corner))])
    field = solve_field(np.where(blocked, np.inf, 1.0), goal)
    values = np.where(np.isfinite(field.values), field.values, -1.0)
    far = np.array(np.unravel_index(int(values.argmax()), values.shape))
    around = np.argwhere(np.abs(values - NEAR / RESOLUTION) < 1.0)
    near = around[rng.integers(len(around))]
    middle = np.argwhere(np.abs(values - 0.5 * values.max()) < 1.0)
    row, column = middle[rng.integers(len(middle))]
    box = occupied.copy()
    box[row : row + 20, column : column + 20] = True
    starts = {"far": grid.centre_of(far), "near": grid.centre_of(near)}
    changed = GridMap(box, RESOLUTION, grid.origin)
    return LargeMap(f"{kind}, {size}", grid, changed, grid.centre_of(np.array(goal)), starts)
