"""Distance from the centre of every cell of a window to the nearest site.

To the measured points and not to the squares of cells, so it is as accurate as the scanner and a
gap stays as wide as it is. Along columns the nearest occupied cell is found, along rows the lower
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
from mme_ilqr_ros.perception.tiles import INSIDE, SHIFT, SIDE, Cells, Sites, number_of

FAR = 30000  # rows: no occupied cell in the column within reach
U = np.uintp  # indices that cannot be below 0 cost no test
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
        evidence, tiles = self._evidence, self._evidence.tiles
        size = evidence.resolution
        limit = min(math.ceil((self._reach + self._skin) / size) + 1, FAR - 1)
        height, width = int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1
        shape = height + 2 * limit, width + 2 * limit  # what lies just outside counts inside
        if self._rows.shape != shape:
            self._rows = np.empty(shape, np.int16)
            self._places = np.empty((*shape, 2), np.float32)
        row = int(low[0]) - limit - tiles.corner[0]
        column = int(low[1]) - limit - tiles.corner[1]
        nearest_in_columns(tiles.cells, tiles.sites, row, column, limit, self._rows, self._places)
        values = np.full((height, width), self._reach)
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
    index, evidences, _, numbers = cells
    site_places = sites.place
    height, width = nearest.shape
    rows, columns = cells.tile.shape[0] << SHIFT, cells.tile.shape[1] << SHIFT
    nearest[0, :] = -FAR
    for i in range(height):
        nearest[i, :] = nearest[max(i - 1, 0), :]
        r = row + i
        if not 0 <= r < rows:
            continue
        j, end = max(0, -column), min(width, columns - column)
        while j < end:
            first = number_of(index, r, column + j)
            length = min(SIDE - ((column + j) & INSIDE), end - j)  # to the end of the tile
            for number in range(first, first + length if first >= 0 else first):
                if evidences[U(number)] > 0:
                    at = j + number - first
                    place = site_places[U(numbers[U(number)])]
                    nearest[i, at] = i
                    places[i, at, 0], places[i, at, 1] = at + place[0], i + place[1]
            j += length
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
def envelope(
    nearest: NDArray[np.int16],
    places: NDArray[np.float32],
    limit: int,
    size: float,
    skin: float,
    values: NDArray[np.float64],
) -> None:
    """Lower `values` [h, w] to the distance in m less `skin`; the rest as `nearest_in_columns`.

    That is wider than `values` by `limit` on every side.
    """
    width = nearest.shape[1]
    reach = float(limit * limit)
    hull = np.empty((width, 2), np.float64)
    rest = np.empty(width, np.float64)
    start = np.empty(width, np.float64)
    for i in range(limit, limit + len(values)):
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
        for j in range(limit, width - limit):
            x = j + 0.5
            while k + 1 < count and start[k + 1] <= x:
                k += 1
            right, up = hull[k, 0] - x, hull[k, 1]
            square = right * right + up * up
            if square < reach:
                distance = math.sqrt(square) * size - skin
                if distance < values[i - limit, j - limit]:
                    values[i - limit, j - limit] = distance
