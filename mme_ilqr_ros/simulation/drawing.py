"""Draws circles and walls into a grid map, for the planner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.circles import clearance
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.simulation.obstacles import Box

FloatArray = NDArray[np.float64]


def draw_shapes(grid: GridMap, circles: FloatArray, boxes: Sequence[Box]) -> GridMap:
    """Return the map with circles [M, >=3] and boxes as occupied cells.

    A cell is occupied when its centre is less than half a cell from the shape: shapes that end on
    the lines of the grid are drawn exactly, and no other loses anything of its size.
    """
    if not len(circles) and not boxes:
        return grid
    occupied = grid.occupied.copy()
    for circle in circles:
        _fill(occupied, grid, circle[:2], circle[2], partial(clearance, circles=circle[None]))
    for box in boxes:
        middle = np.array([box.pose.x, box.pose.y])
        _fill(occupied, grid, middle, float(np.hypot(*box.half_size)), box.distance)
    unknown = None if grid.unknown is None else grid.unknown & ~occupied
    return replace(grid, occupied=occupied, unknown=unknown)


def _fill(
    occupied: NDArray[np.bool_],
    grid: GridMap,
    centre: FloatArray,
    reach: float,
    distance: Callable[[FloatArray], FloatArray],
) -> None:
    """Occupy the cells less than half a cell from a shape that lies within `reach` of `centre`."""
    row, column = grid.cell_at(centre)
    cells = int(np.ceil(reach / grid.resolution)) + 1
    rows = np.arange(max(row - cells, 0), min(row + cells + 1, grid.height))
    columns = np.arange(max(column - cells, 0), min(column + cells + 1, grid.width))
    if len(rows) and len(columns):
        window = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
        near = distance(grid.centre_of(window)) < 0.5 * grid.resolution - 1e-9
        occupied[np.ix_(rows, columns)] |= near
