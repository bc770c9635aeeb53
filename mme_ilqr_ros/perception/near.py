"""What lies near the robot: hit points, and cells that were not seen free lately."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.evidence import Evidence
from mme_ilqr_ros.perception.tiles import NONE, SHIFT, SIDE, Cells, Sites, number_of

FloatArray = NDArray[np.float64]
BESIDE = 1  # cells round an occupied one that count as seen: rays end before they reach them


def points_near(
    evidence: Evidence, centre: FloatArray, reach: float, fresh: list[FloatArray]
) -> FloatArray:
    """Return [N, 2] the sites of what stands and the fresh hits within `reach` [m] of a place."""
    found = standing_near(evidence, centre, reach)
    near = [part[np.hypot(*(part - centre).T) <= reach] for part in fresh]
    return np.concatenate([found, *near])


def standing_near(
    evidence: Evidence, centre: FloatArray, reach: float, settled: float = 0.0
) -> FloatArray:
    """Return [N, 2] the sites within `reach` [m] of a place that were hit for so long [s]."""
    tiles = evidence.tiles
    x, y = evidence.in_cells(centre)
    size = evidence.resolution
    long = round(1e3 * settled)
    found = sites_near(tiles.cells, tiles.sites, float(x), float(y), reach / size, long)
    return (found + tiles.corner[::-1]) * size


def unseen_near(evidence: Evidence, centre: FloatArray, reach: float, since: float) -> FloatArray:
    """Return [K, 2] the centres of cells within `reach` not seen since a time [s], nor occupied."""
    tiles = evidence.tiles
    x, y = evidence.in_cells(centre)
    size = evidence.resolution
    tick = max(evidence.tick_of(since), 1)
    found = unseen_cells(tiles.cells, float(x), float(y), reach / size, tick)
    return (found + tiles.corner[::-1]) * size


def copy_out(
    evidence: Evidence, low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Return the evidence and the ticks [h, w] of the cells from `low` to `high`, both included."""
    shape = int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1
    found, seen = np.zeros(shape, np.int8), np.zeros(shape, np.int32)
    tiles = evidence.tiles
    if not tiles.cells.tile.size:
        return found, seen
    side = SIDE
    for (row, column), tile in np.ndenumerate(tiles.cells.tile):
        if tile == NONE:
            continue
        at = np.array([row, column]) * side + tiles.corner - low
        begin, end = np.maximum(at, 0), np.minimum(at + side, shape)
        if (begin < end).all():
            there = tuple(slice(a, b) for a, b in zip(begin, end, strict=True))
            here = tuple(slice(a, b) for a, b in zip(begin - at, end - at, strict=True))
            found[there] = tiles.cells.evidence.reshape(-1, side, side)[tile][here]
            seen[there] = tiles.cells.seen.reshape(-1, side, side)[tile][here]
    return found, seen


@compiled
def sites_near(
    cells: Cells, sites: Sites, x: float, y: float, reach: float, settled: int
) -> FloatArray:
    """Return [N, 2] the sites of occupied cells within `reach` of x, y, in cells.

    Of those that were hit over `settled` ticks.
    """
    index, evidences, _, numbers = cells
    places, first, last = sites.place, sites.first, sites.last
    rows, columns = index.shape[0] << SHIFT, index.shape[1] << SHIFT
    found = np.empty((256, 2))
    count = 0
    for row in range(max(int(y - reach), 0), min(int(y + reach) + 1, rows)):
        for column in range(max(int(x - reach), 0), min(int(x + reach) + 1, columns)):
            cell = number_of(index, row, column)
            if cell < 0 or evidences[cell] <= 0:
                continue
            site = numbers[cell]
            if last[site] - first[site] < settled:
                continue
            site_x, site_y = column + places[site, 0], row + places[site, 1]
            if math.hypot(site_x - x, site_y - y) > reach:
                continue
            if count == len(found):
                grown = np.empty((2 * count, 2))
                for n in range(count):
                    grown[n, 0], grown[n, 1] = found[n, 0], found[n, 1]
                found = grown
            found[count, 0], found[count, 1] = site_x, site_y
            count += 1
    return found[:count].copy()


@compiled
def unseen_cells(cells: Cells, x: float, y: float, reach: float, since: int) -> FloatArray:
    """Return [K, 2] the centres of cells within `reach` of x, y, not seen since a tick.

    Occupied cells and those beside them are left out: points stand for them.
    """
    index, evidences, seen, _ = cells
    rows, columns = index.shape[0] << SHIFT, index.shape[1] << SHIFT
    top, left = math.floor(y - reach), math.floor(x - reach)
    size = int(2.0 * reach) + 2
    state = np.zeros((size + 2 * BESIDE, size + 2 * BESIDE), np.int8)  # 1 unseen, 2 occupied
    for i in range(len(state)):
        for j in range(len(state)):
            row, column = top + i - BESIDE, left + j - BESIDE
            state[i, j] = 1
            if not (0 <= row < rows and 0 <= column < columns):
                continue
            cell = number_of(index, row, column)
            if cell < 0:
                continue
            if evidences[cell] > 0:
                state[i, j] = 2
            elif seen[cell] >= since:
                state[i, j] = 0
    found = np.empty((size * size, 2))
    count = 0
    for i in range(BESIDE, size + BESIDE):
        for j in range(BESIDE, size + BESIDE):
            if state[i, j] != 1:
                continue
            at_x, at_y = left + j - BESIDE + 0.5, top + i - BESIDE + 0.5
            if math.hypot(at_x - x, at_y - y) > reach:
                continue
            beside = False
            for a in range(i - BESIDE, i + BESIDE + 1):
                for b in range(j - BESIDE, j + BESIDE + 1):
                    beside = beside or state[a, b] == 2
            if not beside:
                found[count, 0], found[count, 1] = at_x, at_y
                count += 1
    return found[:count].copy()
