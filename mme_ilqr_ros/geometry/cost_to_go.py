"""A planner's cost-to-go field over a map: what leaves the planner and what the controller tracks.

Cells beside a wall must not know what lies behind it: two sides of a thin wall can be metres apart
by the shortest path. So smoothing averages only cells that a legal move joins.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import check_place
from mme_ilqr_ros.geometry.pose import FARTHEST, Pose

Array = NDArray[np.float64]
SMOOTHING = 0.15  # [m] width of the filter that removes the kinks of grid moves
RATE = 0.2  # fraction of a difference that flows between neighbours in a step of smoothing
NEIGHBOURS = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]


@dataclass(frozen=True, eq=False)
class CostToGo:
    """Cost-to-go at the cell centres of a map.

    Attributes:
        values: [H, W] in m of cost 1; inf where no path leads to the goal. At least one is finite.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0), as in `GridMap`.
        goal_cell: (row, column) of the goal; by default the cell of the least value.

    Raises:
        InputError: `values` is no grid or nowhere finite, or resolution or origin make no sense.
    """

    values: NDArray[np.floating]
    resolution: float
    origin: Pose
    goal_cell: tuple[int, int] = (-1, -1)

    def __post_init__(self) -> None:
        kind = getattr(getattr(self.values, "dtype", None), "kind", "")
        if kind != "f" or self.values.ndim != 2 or not np.isfinite(self.values).any():
            raise InputError("cost to go: needs a grid [H, W] with at least one finite value")
        check_place(self.resolution, self.origin, "cost to go")
        if self.goal_cell == (-1, -1):
            row, column = np.unravel_index(np.argmin(self.values), self.values.shape)
            object.__setattr__(self, "goal_cell", (int(row), int(column)))

    @property
    def goal(self) -> Array:
        """Centre of the goal's cell [2] in m, in the frame of `origin`."""
        return self.origin.transform((np.array(self.goal_cell[::-1]) + 0.5) * self.resolution)

    @cached_property
    def highest(self) -> float:
        """Largest finite value [m]."""
        values = self.values
        highest = float(values.max())  # much faster, where it will do
        return highest if np.isfinite(highest) else float(values[np.isfinite(values)].max())

    @cached_property
    def can_be_tracked(self) -> bool:
        """Whether every value is a number, laid out as a cycle reads it; looked at once."""
        if self.values.dtype != np.float64 or not self.values.flags.c_contiguous:
            return False
        return bool(self.values.min() >= -FARTHEST and self.values.max() <= FARTHEST)

    def transformed(self, pose: Pose) -> CostToGo:
        """Return the same field seen from a frame in which this field's frame has `pose`."""
        check_place(self.resolution, origin := pose.compose(self.origin), "cost to go")
        moved = copy.copy(self)  # with what is known of the values
        object.__setattr__(moved, "origin", origin)
        return moved

    def for_tracking(self) -> CostToGo:
        """Return the field as a controller tracks it: smooth, and finite everywhere.

        Where no path leads to the goal (inside walls, closer to them than the robot's radius) its
        gradient leads back to where there is one. A field of moves between cells has a kink at
        every cell, where a local search gets caught. Neither step mixes the two sides of a wall.
        """
        return self.smoothed(SMOOTHING).filled()

    def smoothed(self, width: float) -> CostToGo:
        """Return the field without the kinks of grid moves, as after a filter `width` [m] wide.

        Heat conduction between neighbouring cells, of which walls are none.
        """
        steps = round((width / self.resolution) ** 2 / (2.0 * RATE))
        free = np.isfinite(self.values)
        values = np.where(free, self.values, 0.0).astype(np.float64)
        right = RATE * (free[:, :-1] & free[:, 1:])
        down = RATE * (free[:-1] & free[1:])
        for _ in range(steps):
            flow_right, flow_down = right * np.diff(values), down * np.diff(values, axis=0)
            values[:, :-1] += flow_right
            values[:, 1:] -= flow_right
            values[:-1] += flow_down
            values[1:] -= flow_down
        return replace(self, values=np.where(free, values, np.inf))

    def filled(self) -> CostToGo:
        """Return the field finite everywhere, to interpolate between all cells.

        A cell beside reachable ones gets the largest of their values plus the distance, so that a
        thin wall is uphill from both its sides; a cell further in, that of the nearest plus the
        distance.
        """
        bordered = np.pad(np.asarray(self.values, dtype=np.float64), 1, constant_values=np.inf)
        rows, columns = np.nonzero(~np.isfinite(self.values))
        highest = np.full(len(rows), -np.inf)
        for row, column in NEIGHBOURS:
            beside = bordered[rows + row + 1, columns + column + 1]
            beside = beside + self.resolution * np.hypot(row, column)
            highest = np.maximum(highest, np.where(np.isfinite(beside), beside, -np.inf))
        edged = bordered[1:-1, 1:-1].copy()
        edged[rows, columns] = np.where(np.isfinite(highest), highest, np.inf)
        distance, (rows, columns) = distance_transform_edt(~np.isfinite(edged), return_indices=True)
        return replace(self, values=edged[rows, columns] + self.resolution * distance)
