"""Memory of a map without edges: squares of cells, laid out where something was seen.

A cell keeps its evidence, when it was last seen, and the number of its site: the mean of the points
that were hit in it. Few cells have one, so sites are kept in a list of their own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled

SHIFT = 6
SIDE = 1 << SHIFT  # cells of a tile's side
INSIDE = SIDE - 1
NONE = -1  # no tile there, or no site
GROWTH = 1.5  # of memory that is full


class Cells(NamedTuple):
    """The cells, by tile, in the form that compiled loops take.

    Cell (row, column) counts from the corner of the tile at [0, 0]; `number_of` says where in the
    other arrays it is.

    Attributes:
        tile: [R, C] int32 number of each tile, NONE where nothing was seen.
        evidence: [T * SIDE * SIDE] int8, above 0: something stands there.
        seen: [T * SIDE * SIDE] int32 tick at which a ray passed or ended there; 0: never.
        site: [T * SIDE * SIDE] int32 number of the site, NONE without.
    """

    tile: NDArray[np.int32]
    evidence: NDArray[np.int8]
    seen: NDArray[np.int32]
    site: NDArray[np.int32]


@compiled
def number_of(index: NDArray[np.int32], row: int, column: int) -> int:
    """Return the number of a cell that lies within the index; below 0 where there is no tile."""
    tile = index[row >> SHIFT, column >> SHIFT]
    return (tile << 2 * SHIFT) + ((row & INSIDE) << SHIFT) + (column & INSIDE)


class Sites(NamedTuple):
    """What was hit, one entry for a cell that ever was.

    Attributes:
        place: [S, 2] float32 x, y within the cell, in cells.
        cell: [S, 2] int32 row, column of the cell, counted from the frame's origin.
        first: [S] int32 tick of the first hit since the cell was free.
        last: [S] int32 tick of the last hit.
        travel: [S] float32 how far the robot had come at the last hit [m].
    """

    place: NDArray[np.float32]
    cell: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    travel: NDArray[np.float32]


class Tiles:
    """Tiles and sites, growing as they are asked for.

    Attributes:
        cells: Of all tiles; another object after `lay_out`.
        sites: Room for sites; the first `site_count` are used.
        site_count: Number of sites.
        corner: Row and column of the corner of the tile at [0, 0] in cells from the frame's origin.
    """

    def __init__(self) -> None:
        """Start without a tile."""
        self.cells = Cells(np.full((0, 0), NONE, np.int32), *_tiles(0))
        self.sites = _sites(0)
        self.site_count = 0
        self.corner = (0, 0)
        self._tile_count = 0

    @property
    def bytes(self) -> int:
        """Memory of all tiles and sites, room for more included."""
        return sum(array.nbytes for array in (*self.cells, *self.sites))

    def cover(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> None:
        """Let the index reach from cell `low` to cell `high` (row, column), without a tile more."""
        first, last = low >> SHIFT, high >> SHIFT
        index = self.cells.tile
        if index.size:
            start = np.array(self.corner) >> SHIFT
            end = start + index.shape - 1
            if (first >= start).all() and (last <= end).all():
                return
            first, last = np.minimum(first, start), np.maximum(last, end)
        shape = last - first + 1
        grown = np.full(shape, NONE, np.int32)
        if index.size:
            row, column = start - first
            grown[row : row + index.shape[0], column : column + index.shape[1]] = index
        self.corner = int(first[0]) << SHIFT, int(first[1]) << SHIFT
        self.cells = self.cells._replace(tile=grown)

    def lay_out(self, wanted: NDArray[np.bool_]) -> None:
        """Lay out tiles where they are wanted [R, C] and not there yet."""
        index = self.cells.tile
        new = wanted & (index == NONE)
        if not (count := int(np.count_nonzero(new))):
            return
        index[new] = np.arange(self._tile_count, self._tile_count + count, dtype=np.int32)
        self._tile_count += count
        room = len(self.cells.evidence) // SIDE**2
        if self._tile_count > room:
            more = _tiles(max(int(GROWTH * self._tile_count), 8) - room)
            old = self.cells[1:]
            self.cells = Cells(index, *_joined(old, more))

    def make_room(self, count: int) -> None:
        """See to it that `count` more sites fit."""
        room = len(self.sites.first)
        if self.site_count + count > room:
            more = _sites(int(GROWTH * (self.site_count + count)) - room)
            self.sites = Sites(*_joined(self.sites, more))


def _joined(old: tuple[Any, ...], more: tuple[Any, ...]) -> list[Any]:
    return [np.concatenate(pair) for pair in zip(old, more, strict=True)]


def _tiles(count: int) -> tuple[Any, ...]:
    size = count * SIDE**2
    return np.zeros(size, np.int8), np.zeros(size, np.int32), np.full(size, NONE, np.int32)


def _sites(count: int) -> Sites:
    integers = np.zeros((2, count), np.int32)
    cell = np.zeros((count, 2), np.int32)
    place = np.zeros((count, 2), np.float32)
    return Sites(place, cell, integers[0], integers[1], np.zeros(count, np.float32))
