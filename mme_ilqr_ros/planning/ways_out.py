"""The way of a robot out of cells where it should not be, to the nearest free ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.planning.field import Field, follow, solve_field
from mme_ilqr_ros.planning.terrain import Terrain

_INSIDE = 1e4  # cost of an occupied cell, above that of any way within reach


@dataclass(frozen=True, eq=False)
class WaysOut:
    """Ways from a blocked cell over a window of the map.

    Inflated and unknown cells count as passable, so a robot that stands too close to a wall finds
    its way to free cells. From an occupied cell occupied ones count too, at such a price that a way
    crosses no more of them than it must: a robot that stands in a trace of the map leaves it, and
    one in a wall on the side that it is nearer to. Nothing leads further than `Terrain.reach`.

    Attributes:
        corner: Cell (row, column) of the window's first entry.
        field: Costs from the start.
        region: [h, w] region of the free cells that the ways lead to, 0 elsewhere.
    """

    corner: np.ndarray
    field: Field
    region: np.ndarray

    @staticmethod
    def of(terrain: Terrain, start: tuple[int, int]) -> WaysOut:
        """Return the ways out of a start cell."""
        near = tuple(slice(max(0, i - terrain.reach), i + terrain.reach + 1) for i in start)
        corner = np.array([part.start for part in near])
        row, column = start - corner
        occupied, region = terrain.grid.occupied[near], terrain.region[near]
        inside = _INSIDE if terrain.grid.occupied[start] else np.inf
        field = solve_field(np.where(occupied, inside, 1.0), (int(row), int(column)))
        values = np.where(region > 0, field.values, np.inf)
        reached = np.isfinite(values) & (values < values.min() + 0.5 * _INSIDE)
        return WaysOut(corner, field, np.where(reached, region, 0))

    @property
    def regions(self) -> np.ndarray:
        """Numbers [K] of the free regions that the ways lead to."""
        return np.unique(self.region[self.region > 0])

    def to(self, region: int) -> np.ndarray:
        """Return the cells [K, 2] from the start to the nearest free one of a region."""
        costs = np.where(self.region == region, self.field.values, np.inf)
        row, column = np.unravel_index(np.argmin(costs), costs.shape)
        return follow(self.field, (int(row), int(column))).cells[::-1] + self.corner
