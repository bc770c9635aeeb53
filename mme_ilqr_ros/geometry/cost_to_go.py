"""A planner's cost to go over a map, with its value and gradient at any point.

Cells beside a wall must not know what lies behind it: two sides of a thin wall can be metres apart
by the way there is. So values are taken together only from cells that a legal move joins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt

from mme_ilqr_ros.geometry.pose import Pose

Array = NDArray[np.float64]
RATE = 0.2  # share of a difference that flows between neighbours in a step of smoothing
AROUND = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]


@dataclass(frozen=True, eq=False)
class CostToGoMap:
    """Cost to go at the cell centres of a map.

    Attributes:
        values: [H, W] in m of cost 1; inf where no way leads to the goal. At least one is finite.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0), as in `GridMap`.

    Raises:
        ValueError: `values` is no grid or nowhere finite.
    """

    values: NDArray[np.floating]
    resolution: float
    origin: Pose

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not np.isfinite(self.values).any():
            raise ValueError("cost to go: needs a grid [H, W] with at least one finite value")

    @property
    def goal(self) -> Array:
        """Centre of the cell of the least value [2] in m."""
        row, column = np.unravel_index(np.argmin(self.values), self.values.shape)
        return self.origin.transform((np.array([column, row]) + 0.5) * self.resolution)

    def value_and_gradient(self, points: ArrayLike) -> tuple[Array, Array]:
        """Interpolate between cell centres; finite and sloping to a way everywhere.

        Bilinear among cells that legal moves join, level towards walls. From where there is no way
        (in walls, closer to them than the robot's radius, off the map) it is the value at the
        nearest cell with one plus the distance to it.

        Args:
            points: [..., 2] in m, in the frame in which `origin` is given.

        Returns:
            Values [...] in m and gradients [..., 2] with respect to the point.
        """
        local = self.origin.inverse().transform(points) / self.resolution
        shape = np.array(self.values.shape[::-1])
        cell = np.clip(np.floor(local), 0, shape - 1).astype(np.int64)  # (column, row)
        cell = self._nearest[:, cell[..., 1], cell[..., 0]][::-1]
        cell = np.moveaxis(cell, 0, -1)
        inside = np.clip(local, cell, cell + 1.0)
        value, slope = self._interpolated(cell, inside)
        away = local - inside
        distance = np.hypot(away[..., 0], away[..., 1])
        outward = away / np.where(distance > 0.0, distance, 1.0)[..., None]
        slope = np.where(away == 0.0, slope / self.resolution, 0.0) + outward
        return value + self.resolution * distance, self.origin.rotate(slope)

    def _interpolated(self, cell: Array, point: Array) -> tuple[Array, Array]:
        """Return values and slopes per cell at points [..., 2] inside cells that have a way.

        Bilinear in each quarter of a cell between its centre, the middles of two of its sides and
        a corner. There the value is the mean of those cells of the two or four that moves join.
        """
        part = point - (cell + 0.5)  # of the way to the next centre, by its sign
        side = np.where(part >= 0.0, 1, -1)
        column, row = cell[..., 0], cell[..., 1]
        next_column, next_row = column + side[..., 0], row + side[..., 1]
        own = self._at(row, column)
        across, along = self._at(row, next_column), self._at(next_row, column)
        far = self._at(next_row, next_column)
        # To the cell beyond the corner one comes by way of one of the other two only.
        far = np.where(np.isfinite(across) | np.isfinite(along), far, np.inf)
        near = np.stack([own, across, along, far])
        joined = np.isfinite(near)
        corner = np.where(joined, near, 0.0).sum(axis=0) / joined.sum(axis=0)
        to_across = np.where(joined[1], 0.5 * (across - own), 0.0)
        to_along = np.where(joined[2], 0.5 * (along - own), 0.0)
        twist = corner - own - to_across - to_along
        u, v = 2.0 * np.abs(part[..., 0]), 2.0 * np.abs(part[..., 1])
        value = own + u * to_across + v * to_along + u * v * twist
        slope = 2.0 * np.stack([to_across + v * twist, to_along + u * twist], axis=-1) * side
        return value, slope

    def _at(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> Array:
        return self._bordered[row + 1, column + 1]

    @cached_property
    def _bordered(self) -> Array:
        return np.pad(np.asarray(self.values, dtype=np.float64), 1, constant_values=np.inf)

    @cached_property
    def _nearest(self) -> NDArray[np.int64]:
        """[2, H, W] row and column of the nearest cell with a way."""
        closed = ~np.isfinite(self.values)
        return distance_transform_edt(closed, return_distances=False, return_indices=True)

    def smoothed(self, width: float) -> CostToGoMap:
        """Return the field without the kinks of grid moves, as after a filter `width` [m] wide.

        The values even out between neighbours (heat conduction), of which walls are none: what is
        behind a wall does not come through.
        """
        steps = round((width / self.resolution) ** 2 / (2.0 * RATE))
        free = np.isfinite(self.values)
        values = np.where(free, self.values, 0.0)
        right = RATE * (free[:, :-1] & free[:, 1:])
        down = RATE * (free[:-1] & free[1:])
        for _ in range(steps):
            flow_right, flow_down = right * np.diff(values), down * np.diff(values, axis=0)
            values[:, :-1] += flow_right
            values[:, 1:] -= flow_right
            values[:-1] += flow_down
            values[1:] -= flow_down
        return replace(self, values=np.where(free, values, np.inf))

    def filled(self) -> Array:
        """Return values [H, W] finite everywhere, for those who interpolate between all cells.

        A cell beside ones with a way gets the largest of theirs plus the distance, so that a thin
        wall is uphill from both its sides; a cell further in, that of the nearest plus the way.
        """
        rows, columns = np.nonzero(~np.isfinite(self.values))
        highest = np.full(len(rows), -np.inf)
        for row, column in AROUND:
            beside = self._at(rows + row, columns + column) + self.resolution * np.hypot(
                row, column
            )
            highest = np.maximum(highest, np.where(np.isfinite(beside), beside, -np.inf))
        edged = np.array(self.values, dtype=np.float64)
        edged[rows, columns] = np.where(np.isfinite(highest), highest, np.inf)
        distance, (rows, columns) = distance_transform_edt(~np.isfinite(edged), return_indices=True)
        return edged[rows, columns] + self.resolution * distance
