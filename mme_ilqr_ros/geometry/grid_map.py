"""Grid maps, layers of numbers beside them, and windows: rectangles of their cells."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.pose import FARTHEST, Pose

BoolArray = NDArray[np.bool_]
_FAR = 2**31 - 1  # cells further out than this are all the same: outside
FINEST, COARSEST = 1e-4, 1e4  # [m] side of a cell; beyond it numbers of cells make no sense


class MapError(InputError):
    """A map cannot be used; the message says which part of it and why."""


@dataclass(frozen=True, eq=False)
class GridMap:
    """Square cells in a frame of their own, laid out like nav_msgs/OccupancyGrid.

    Row 0 has the lowest y and column 0 the lowest x in the grid's own frame, whose place in the
    map frame is `origin` (the outer corner of cell (0, 0); it may be turned).

    Attributes:
        occupied: [H, W], True where something stands. Unknown cells are False here.
        resolution: Side of a cell in m.
        origin: Pose of the corner of cell (0, 0).
        unknown: [H, W], True where nothing is known. None on construction means nowhere.

    Raises:
        MapError: Shapes, resolution or origin make no map.
    """

    occupied: BoolArray
    resolution: float
    origin: Pose
    unknown: BoolArray = None  # type: ignore[assignment]  # made an array at once

    def __post_init__(self) -> None:
        occupied = _frozen_cells(self.occupied, "occupied")
        unknown = np.zeros_like(occupied) if self.unknown is None else self.unknown
        unknown = _frozen_cells(unknown, "unknown")
        if unknown.shape != occupied.shape:
            raise MapError(
                f"map: unknown has shape {unknown.shape} but occupied {occupied.shape};"
                " they must agree"
            )
        if (occupied & unknown).any():
            raise MapError("map: a cell is both occupied and unknown")
        check_place(self.resolution, self.origin, "map")
        object.__setattr__(self, "occupied", occupied)
        object.__setattr__(self, "unknown", unknown)

    @classmethod
    def empty(
        cls, width_m: float, height_m: float, resolution: float, origin: Pose | None = None
    ) -> GridMap:
        """Return a free map of at least the given size in m; without origin, cornered at (0, 0)."""
        check_place(resolution, Pose(0.0, 0.0, 0.0), "map")
        if not (0.0 < width_m < math.inf and 0.0 < height_m < math.inf):
            raise MapError(f"map: size = {width_m} x {height_m} m: must be above 0")
        # The small slack keeps 6.0 m / 0.05 m at 120 cells despite rounding.
        columns = math.ceil(width_m / resolution - 1e-9)
        rows = math.ceil(height_m / resolution - 1e-9)
        return cls(np.zeros((rows, columns), bool), resolution, origin or Pose(0.0, 0.0, 0.0))

    @classmethod
    def from_occupancy(
        cls, data: ArrayLike, resolution: float, origin: Pose, occupied_threshold: int = 65
    ) -> GridMap:
        """Read the numbers of a nav_msgs/OccupancyGrid.

        Args:
            data: [H, W] occupancy in percent; anything outside 0..100 is unknown.
            resolution: Side of a cell in m.
            origin: Pose of the corner of cell (0, 0).
            occupied_threshold: From this percentage on a cell counts as occupied.

        Raises:
            MapError: `data` is not a rectangle of cells, or the geometry makes no map.
        """
        data = np.asarray(data)
        unknown = (data < 0) | (data > 100)
        return cls((data >= occupied_threshold) & ~unknown, resolution, origin, unknown)

    def to_occupancy(self) -> NDArray[np.int8]:
        """Return [H, W] of 100 (occupied), 0 (free) and -1 (unknown)."""
        data = np.where(self.occupied, 100, 0)
        return np.where(self.unknown, -1, data).astype(np.int8)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.occupied.shape

    @property
    def height(self) -> int:
        """Number of rows (cells along the grid's y)."""
        return self.occupied.shape[0]

    @property
    def width(self) -> int:
        """Number of columns (cells along the grid's x)."""
        return self.occupied.shape[1]

    def fits(self, other: GridMap) -> bool:
        """Whether another map has the same rectangle of cells, wherever it lies."""
        return self.shape == other.shape and self.resolution == other.resolution

    def cell_at(self, points: ArrayLike) -> NDArray[np.int64]:
        """Return the cells [..., 2] as (row, column) that hold points [..., 2] given in m.

        A cell may lie outside the map (see `contains`); a point that is not finite always does.
        """
        local = self.origin.inverse().transform(points)
        cells = np.floor(local[..., ::-1] / self.resolution)
        cells = np.where(np.isfinite(cells), cells, -1.0)
        return np.clip(cells, -_FAR, _FAR).astype(np.int64)

    def contains(self, cells: ArrayLike) -> BoolArray:
        """Return [...] True where a cell [..., 2] lies on the map."""
        cells = np.asarray(cells)
        return np.all((cells >= 0) & (cells < self.shape), axis=-1)

    def centre_of(self, cells: ArrayLike) -> NDArray[np.float64]:
        """Return the centres [..., 2] in m of cells [..., 2] given as (row, column)."""
        cells = np.asarray(cells)
        return self.origin.transform((cells[..., ::-1] + 0.5) * self.resolution)

    def blocked(self, unknown_is_free: bool) -> BoolArray:
        """Return [H, W] True where a robot must not go."""
        return self.occupied.copy() if unknown_is_free else self.occupied | self.unknown

    def transformed(self, pose: Pose) -> GridMap:
        """Return the same cells seen from a frame in which this map's frame has `pose`."""
        return replace(self, origin=pose.compose(self.origin))


def check_place(resolution: float, origin: Pose, name: str) -> None:
    """Check the side of a grid's cells and where its corner lies.

    Raises:
        MapError: One is not a number that a grid can have; the message begins with `name`.
    """
    numbers = resolution, origin.x, origin.y, origin.yaw
    if not all(isinstance(number, Real) for number in numbers):
        raise MapError(f"{name}: resolution = {resolution!r}, {origin}: must be numbers")
    if not FINEST <= resolution <= COARSEST:
        bounds = f"must be above 0 m, from {FINEST:g} to {COARSEST:g} m"
        raise MapError(f"{name}: resolution = {resolution}: {bounds}")
    place = abs(origin.x), abs(origin.y), abs(origin.yaw)
    if not all(number <= FARTHEST for number in place):  # NaN is not
        raise MapError(f"{name}: origin = {origin}: must be finite and within {FARTHEST:g} m")


def _frozen_cells(cells: ArrayLike, name: str) -> BoolArray:
    cells = np.array(cells, dtype=bool)
    if cells.ndim != 2 or cells.size == 0:
        raise MapError(f"map: {name} has shape {cells.shape}: must be a non-empty rectangle [H, W]")
    cells.setflags(write=False)
    return cells


@dataclass(frozen=True, eq=False)
class GridLayer:
    """A number between 0 and 1 for each cell, e.g. how much a speed mask slows a robot down.

    Attributes:
        values: [H, W] in [0, 1]; 0 where nothing is said.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0), as in `GridMap`.
    """

    values: NDArray[np.float64]
    resolution: float
    origin: Pose

    def on(self, grid: GridMap) -> tuple[NDArray[np.float64], float]:
        """Return the layer on the cells [H, W] of a map, and the fraction of them that it covers.

        The grids need not agree: each cell of the map takes the layer's cell under its centre, and
        0 where there is none.
        """
        height, width = self.values.shape
        place = GridMap(np.zeros((height, width), bool), self.resolution, self.origin)
        cells = place.cell_at(grid.centre_of(np.moveaxis(np.indices(grid.shape), 0, -1)))
        covered = place.contains(cells)
        rows, columns = (np.where(covered, cells[..., k], 0) for k in (0, 1))
        return np.where(covered, self.values[rows, columns], 0.0), float(covered.mean())

    def transformed(self, pose: Pose) -> GridLayer:
        """Return the same layer seen from a frame in which this layer's frame has `pose`."""
        return replace(self, origin=pose.compose(self.origin))


Window = tuple[slice, slice]


def whole(shape: tuple[int, ...]) -> Window:
    """Return the window that holds all cells of a map [H, W]."""
    return slice(0, shape[0]), slice(0, shape[1])


def box_of(mask: np.ndarray) -> Window:
    """Return the smallest window that holds all True cells of a [H, W] mask; there is one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def grown(window: Window, margin: int, shape: tuple[int, int]) -> Window:
    """Return the window with a margin [cells] on all sides, as far as the map goes."""
    rows, columns = (
        slice(max(part.start - margin, 0), min(part.stop + margin, length))
        for part, length in zip(window, shape, strict=True)
    )
    return rows, columns


def within(window: Window, outer: Window) -> Window:
    """Return the place of a window in another one that holds it."""
    rows, columns = (
        slice(part.start - start.start, part.stop - start.start)
        for part, start in zip(window, outer, strict=True)
    )
    return rows, columns
