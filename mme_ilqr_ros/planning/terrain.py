"""Free cells for a robot's centre on a map."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.geometry.grid_map import GridMap, Window, box_of, grown, within
from mme_ilqr_ros.planning.distances import inflate

_ROUNDING = 1e-9  # [m] a gap exactly as wide as the robot needs is open


@dataclass(frozen=True, eq=False)
class Terrain:
    """What a robot of one size can do on one map; depends on nothing else, so it is kept.

    Attributes:
        grid: The map.
        radius: By which obstacles grow: what the robot must keep from them [m].
        allow_unknown: Whether unknown cells are free.
        blocked: [H, W] True where the robot's centre must not be.
        reach: How far the robot may look for free cells from a blocked one [cells].
    """

    grid: GridMap
    radius: float
    allow_unknown: bool
    blocked: np.ndarray
    reach: int

    @property
    def radius_in_cells(self) -> float:
        """`radius` in cells."""
        return self.radius / self.grid.resolution

    @cached_property
    def region(self) -> np.ndarray:
        """int32 [H, W] number of the connected free region of a cell, 0 where blocked.

        Two free cells are connected by legal moves exactly when their numbers agree: a diagonal
        without corner cutting can be replaced by two straight moves. Found when first asked for.
        """
        return ndimage.label(~self.blocked)[0]  # by default only straight neighbours are joined

    @staticmethod
    def build(grid: GridMap, radius: float, allow_unknown: bool) -> Terrain:
        """Inflate a map by a robot's radius [m].

        Only what is known to be occupied grows; an unknown cell is blocked by itself alone,
        unless unknown cells are allowed.
        """
        blocked = inflate(grid.occupied, grid.resolution, radius - _ROUNDING)
        if not allow_unknown:
            blocked |= grid.unknown
        reach = math.ceil(3.0 * radius / grid.resolution) + 2
        return Terrain(grid, radius, allow_unknown, blocked, reach)

    def after(self, grid: GridMap) -> Terrain:
        """Return what `build` returns for another map, from what differs between the two.

        Args:
            grid: Of the same shape and resolution.
        """
        margin = math.ceil(self.radius / grid.resolution + 0.5)
        window = self.window_of_changes(grid, margin)
        if window is None:
            same = replace(self, grid=grid)
            same.__dict__.update({k: v for k, v in self.__dict__.items() if k == "region"})
            return same
        seen = grown(window, margin, grid.shape)
        radius = self.radius - _ROUNDING
        near = inflate(grid.occupied[seen], grid.resolution, radius)[within(window, seen)]
        blocked = self.blocked.copy()
        blocked[window] = near | grid.occupied[window]
        if not self.allow_unknown:
            blocked[window] |= grid.unknown[window]
        return replace(self, grid=grid, blocked=blocked)

    def window_of_changes(self, grid: GridMap, margin: int) -> Window | None:
        """Return the cells up to `margin` from where another map differs; None if it does not.

        Args:
            grid: Of the same shape.
            margin: [cells].
        """
        differ = grid.occupied != self.grid.occupied
        differ |= grid.unknown != self.grid.unknown
        return grown(box_of(differ), margin, grid.shape) if differ.any() else None

    def free_cells_near(self, point: np.ndarray, distance: float) -> np.ndarray:
        """Return the free cells [K, 2] centred within `distance` [m] of a point, nearest first."""
        centre = self.grid.cell_at(point)
        span = math.ceil(distance / self.grid.resolution) + 1
        low = np.clip(centre - span, 0, self.blocked.shape)
        high = np.clip(centre + span + 1, 0, self.blocked.shape)
        cells = np.argwhere(~self.blocked[low[0] : high[0], low[1] : high[1]]) + low
        away = np.linalg.norm(self.grid.centre_of(cells) - point, axis=-1)
        nearest_first = np.argsort(away, kind="stable")
        return cells[nearest_first[away[nearest_first] <= distance]]
