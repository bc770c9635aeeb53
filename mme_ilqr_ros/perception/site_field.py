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
from mme_ilqr_ros.perception.tiles import SHIFT, Cells, Sites, number_of

FAR = 30000  # rows: no occupied cell in the column within reach
U = np.uintp  # indices that cannot be below 0 cost no test
# Of eight cells in a word, those above 0 have no sign and a bit elsewhere.
LOW_BITS, SIGNS, NOTHING = (
    np.uint64(0x7F7F7F7F7F7F7F7F),
    np.uint64(0x8080808080808080),
    np.uint64(0),
)


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
        find_below(tiles.cells, tiles.sites, row, column, self._rows, self._places)
        values = np.empty((height, width))
        bounds = size, self._skin, self._reach
        envelope(self._rows, self._places, limit, *bounds, values)
        return DistanceField(values, size, evidence.origin_of(low), self._reach)


@compiled
def find_below(
    cells: Cells,
    sites: Sites,
    row: int,
    column: int,
    below: NDArray[np.int16],
    places: NDArray[np.float32],
) -> None:
    """Fill [h, w] the row of the nearest occupied cell of a column at or after a row; FAR: none.

    Args:
        cells: The map.
        sites: Its sites.
        row: First row of the window, from the corner of the index; may lie outside.
        column: First column of the window.
        below: To fill.
        places: [h, w, 2] filled at occupied cells: the site in cells of the window.
    """
    index, evidences, _, numbers = cells
    words = evidences.view(np.uint64)  # eight cells in a row at once
    site_places = sites.place
    height, width = below.shape
    rows, columns = index.shape[0] << SHIFT, index.shape[1] << SHIFT
    begin, end = max(0, -column), min(width, columns - column)
    below[height - 1, :] = FAR
    for i in range(height - 1, -1, -1):
        for j in range(width):
            below[i, j] = below[min(i + 1, height - 1), j]
        r = row + i
        if not 0 <= r < rows:
            continue
        for word_column in range((column + begin) >> 3, (column + end + 7) >> 3):
            number = number_of(index, r, word_column << 3)
            if number < 0:
                continue
            word = words[U(number >> 3)]
            if ((word & LOW_BITS) + LOW_BITS) & ~word & SIGNS == NOTHING:
                continue
            for k in range(8):
                at = (word_column << 3) + k - column
                if begin <= at < end and evidences[U(number + k)] > 0:
                    place = site_places[U(numbers[U(number + k)])]
                    below[i, at] = i
                    places[i, at, 0], places[i, at, 1] = at + place[0], i + place[1]


@compiled
def envelope(
    below: NDArray[np.int16],
    places: NDArray[np.float32],
    limit: int,
    size: float,
    skin: float,
    reach: float,
    values: NDArray[np.float64],
) -> None:
    """Fill `values` [h, w] with the distance in m less `skin`, at most `reach` [m].

    The rest as `find_below` fills it: wider than `values` by `limit` cells on every side.
    """
    height, width = below.shape
    farthest = ((reach + skin) / size) ** 2
    above = np.full(width, -FAR)  # the row of the nearest occupied cell at or before this row
    x_of, up_of, weight_of = np.empty(width), np.empty(width), np.empty(width)
    for i in range(height - limit):
        last = -1  # of the parabolas that are somewhere the lowest, from left to right
        for j in range(width):
            row = np.int64(below[i, j])
            if row == i:
                above[j] = i
            if i - above[j] < row - i:
                row = above[j]
            if abs(i - row) > limit or i < limit:
                continue
            x, up = float(places[row, j, 0]), places[row, j, 1] - (i + 0.5)
            weight = up * up + x * x
            # The last one is nowhere the lowest if it meets the new one left of the one before.
            while last > 0 and (weight_of[last] - weight_of[last - 1]) * (x - x_of[last]) >= (
                weight - weight_of[last]
            ) * (x_of[last] - x_of[last - 1]):
                last -= 1
            last += 1
            x_of[last], up_of[last], weight_of[last] = x, up, weight
        if i < limit:
            continue
        line = values[i - limit]
        if last < 0:
            line[:] = reach
            continue
        k, square = 0, np.inf
        for j in range(len(line)):
            centre = j + limit + 0.5
            square = (x_of[k] - centre) ** 2 + up_of[k] ** 2
            while k < last:
                following = (x_of[k + 1] - centre) ** 2 + up_of[k + 1] ** 2
                if following > square:
                    break
                k, square = k + 1, following
            line[j] = math.sqrt(square) * size - skin if square < farthest else reach
