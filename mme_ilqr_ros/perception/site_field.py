"""Distance from the centre of every cell of a window to the nearest site.

To the measured points and not to the squares of cells, so it is as accurate as the scanner and a gap
stays as wide as it is. Along columns the nearest occupied cell is found, along rows the lower
envelope of the parabolas of those cells' sites (Felzenszwalb and Huttenlocher: Distance Transforms
of Sampled Functions, 2012, with the vertices at the sites).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.perception.evidence import Evidence
from mme_ilqr_ros.perception.tiles import INSIDE, NONE, SHIFT, Cells, Sites

FAR = 30000  # rows: no occupied cell in the column within reach
LEAST = 1e-6  # cells between the sites of neighbouring columns


class SiteField:
    """Makes distance fields of an evidence map; keeps its working memory from call to call."""

    def __init__(self, evidence: Evidence, reach: float, skin: float) -> None:
        """Distances less `skin` are cut off at `reach` [m]."""
        self._evidence = evidence
        self._reach = reach
        self._skin = skin
        self._rows = np.empty((0, 0), np.int16)
        self._places = np.empty((0, 0, 2), np.float32)

    def window(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> DistanceField:
        """Return the distances in the cells from `low` to `high` (row, column), both included."""
        shape = (int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)
        if self._rows.shape != shape:
            self._rows = np.empty(shape, np.int16)
            self._places = np.empty((*shape, 2), np.float32)
        evidence, tiles = self._evidence, self._evidence.tiles
        size = evidence.resolution
        values = np.full(shape, self._reach)
        row, column = int(low[0]) - tiles.corner[0], int(low[1]) - tiles.corner[1]
        reach = (self._reach + self._skin) / size
        limit = min(math.ceil(reach) + 1, FAR - 1)
        nearest_in_columns(tiles.cells, tiles.sites, row, column, limit, self._rows, self._places)
        envelope(self._rows, self._places, limit, size, self._skin, values)
        return DistanceField(values, size, evidence.origin_of(low), self._reach)


@compiled
def nearest_in_columns(
    cells: Cells,
    sites: Sites,
    row: int,
    column: int,
    limit: int,
    nearest: NDArray[np.int16],
    places: NDArray[np.float32],
) -> None:
    """Fill the row [h, w] of the nearest occupied cell of the column, FAR where beyond `limit`.

    Args:
        cells: The map.
        sites: Its sites.
        row: First row of the window, from the corner of the index; may lie outside.
        column: First column of the window.
        limit: Rows.
        nearest: To fill.
        places: [h, w, 2] filled at occupied cells: the site in cells of the window.
    """
    height, width = nearest.shape
    rows, columns = cells.index.shape[0] << SHIFT, cells.index.shape[1] << SHIFT
    for i in range(height):
        r = row + i
        if i == 0:
            nearest[0, :] = -FAR
        else:
            nearest[i, :] = nearest[i - 1, :]
        if not 0 <= r < rows:
            continue
        j = max(0, -column)
        end = min(width, columns - column)
        while j < end:
            c = column + j
            stop = min(j + side_left(c), end)
            tile = cells.index[r >> SHIFT, c >> SHIFT]
            if tile == NONE:
                j = stop
                continue
            while j < stop:
                c = column + j
                if cells.evidence[tile, r & INSIDE, c & INSIDE] > 0:
                    site = cells.site[tile, r & INSIDE, c & INSIDE]
                    nearest[i, j] = i
                    places[i, j, 0] = j + sites.place[site, 0]
                    places[i, j, 1] = i + sites.place[site, 1]
                j += 1
    below = np.full(width, 2 * FAR, np.int32)
    for i in range(height - 1, -1, -1):
        for j in range(width):
            above = nearest[i, j]
            if above == i:
                below[j] = i
            if below[j] - i < i - above:
                nearest[i, j] = below[j]
                above = nearest[i, j]
            if abs(i - above) > limit:
                nearest[i, j] = FAR


@compiled
def side_left(column: int) -> int:
    """Return how many cells there are from a column to the end of its tile."""
    return (INSIDE + 1) - (column & INSIDE)


@compiled
def envelope(
    nearest: NDArray[np.int16],
    places: NDArray[np.float32],
    limit: int,
    size: float,
    skin: float,
    values: NDArray[np.float64],
) -> None:
    """Lower `values` [h, w] to the distance in m less `skin`; the rest as `nearest_in_columns`."""
    height, width = nearest.shape
    reach = float(limit * limit)
    hull = np.empty((width, 2), np.float64)
    rest = np.empty(width, np.float64)
    start = np.empty(width, np.float64)
    for i in range(height):
        y = i + 0.5
        count = 0
        for j in range(width):
            found = nearest[i, j]
            if found == FAR:
                continue
            site_x, up = places[found, j, 0], places[found, j, 1] - y
            weight = up * up + site_x * site_x
            begin = -np.inf
            while count > 0:
                step = max(site_x - hull[count - 1, 0], LEAST)
                begin = (weight - rest[count - 1]) / (2.0 * step)
                if begin > start[count - 1]:
                    break
                count -= 1
                begin = -np.inf
            hull[count, 0], hull[count, 1] = site_x, up
            rest[count] = weight
            start[count] = begin
            count += 1
        if count == 0:
            continue
        k = 0
        for j in range(width):
            x = j + 0.5
            while k + 1 < count and start[k + 1] <= x:
                k += 1
            right, up = hull[k, 0] - x, hull[k, 1]
            square = right * right + up * up
            if square < reach:
                distance = math.sqrt(square) * size - skin
                if distance < values[i, j]:
                    values[i, j] = distance
