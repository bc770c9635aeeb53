"""The walls of a map where no scanner has seen whether they stand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, difference

SAME_PLACE, SAME_YAW = 0.01, 1e-6  # [cells], [rad]


class MapWalls:
    """What a map says of what was not seen: what was seen wins, be it free or a wall.

    So a wall of the map that localisation puts beside the one that is seen narrows no passage, and
    one that no scanner sees yet, or ever, still stands.

    Args:
        grid: The map.
        unknown_is_free: Whether its unknown cells are no walls.
    """

    def __init__(self, grid: GridMap, unknown_is_free: bool) -> None:
        self._cell = grid.resolution
        self._points = grid.centre_of(np.argwhere(grid.blocked(unknown_is_free)))
        self._yaw = grid.origin.yaw

    def unseen(
        self, pose: Pose, seen: GridMap, centre: ArrayLike, reach: float, max_distance: float
    ) -> DistanceField | None:
        """Return the distance to the walls that were not seen; None where there are none.

        Args:
            pose: Of the map's frame in the frame of `seen`.
            seen: What was seen.
            centre: Middle [2] of the field in m.
            reach: From the middle to the sides of the field in m.
            max_distance: At which the values are cut off, in m.
        """
        around = pose.inverse().transform(centre)
        near = (np.abs(self._points - around) < math.sqrt(2.0) * reach + self._cell).all(axis=1)
        points = pose.transform(self._points[near])
        parts = max(round(self._cell / seen.resolution), 1)  # points of a cell along a side
        steps = self._cell * ((np.arange(parts) + 0.5) / parts - 0.5)
        square = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        square = Pose(0.0, 0.0, pose.yaw + self._yaw).transform(square)
        points = (points[:, None, :] + square).reshape(-1, 2)
        cells = seen.cell_at(points)
        inside = seen.contains(cells)
        rows, columns = np.where(inside[:, None], cells, 0).T
        points = points[~inside | seen.unknown[rows, columns]]
        return None if len(points) == 0 else _field(points, seen, centre, reach, max_distance)


def _field(
    points: NDArray[np.float64],
    seen: GridMap,
    centre: ArrayLike,
    reach: float,
    max_distance: float,
) -> DistanceField:
    """Return the distance to the cells of points [N, 2], on the lattice of the cells of a grid."""
    side = 2 * math.ceil(reach / seen.resolution)
    row, column = seen.cell_at(centre) - side // 2
    x, y = seen.origin.transform(np.array([column, row]) * seen.resolution)
    window = replace(seen.origin, x=float(x), y=float(y))
    blocked = np.zeros((side, side), bool)
    grid = GridMap(blocked, seen.resolution, window)
    cells = grid.cell_at(points)
    cells = cells[grid.contains(cells)]
    blocked[cells[:, 0], cells[:, 1]] = True
    return build_distance_field(blocked, seen.resolution, window, max_distance)


def nearer(field: DistanceField, other: DistanceField) -> DistanceField:
    """Return a field lowered to what another one says.

    Their cells lie on the same lattice; another field, as before odometry jumped, says nothing.
    """
    offset = field.origin.inverse().transform((other.origin.x, other.origin.y)) / field.resolution
    column, row = (int(n) for n in np.rint(offset))
    turned = abs(float(difference(field.origin.yaw, other.origin.yaw)))
    if turned > SAME_YAW or np.abs(offset - (column, row)).max() > SAME_PLACE:
        return field
    values = field.values.copy()
    (height, width), (high, wide) = values.shape, other.values.shape
    rows = slice(max(row, 0), min(row + high, height))
    columns = slice(max(column, 0), min(column + wide, width))
    if rows.start < rows.stop and columns.start < columns.stop:
        theirs = other.values[rows.start - row : rows.stop - row]
        theirs = theirs[:, columns.start - column : columns.stop - column]
        np.minimum(values[rows, columns], theirs, out=values[rows, columns])
    return replace(field, values=values)
