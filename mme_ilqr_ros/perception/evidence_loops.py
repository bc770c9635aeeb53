"""The compiled loops of the evidence: hits, rays, what a scan touches, what is let go."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.tiles import (
    INSIDE,
    NONE,
    SHIFT,
    SIDE,
    Cells,
    Sites,
    number_of,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
FORGET = -10  # the evidence from which a free cell starts when it is hit: one hit occupies it
LEAST = 1e-6  # cells: shorter rays have no direction
BITS = 32
ONE = float(1 << BITS)
U = np.uintp  # indices that cannot be below 0 cost no test
DEEP = 0.8  # of an outline about its middle: nothing can stand there
GOES_ON = 10.0  # cells beyond a site that drift may have moved
BLEND = 0.2  # weight of a new hit in the mean of a site


class Law(NamedTuple):
    """How evidence changes.

    Attributes:
        hit: Added by a hit.
        miss: Taken off by a ray that passes.
        lowest: Evidence of a cell that is surely free.
        highest: Evidence of a cell that is surely occupied.
        near: A ray must pass a site this near to speak against it [cells].
        drift: By how much more for every metre since the site was last hit [cells / m], at most a
            cell, and only for rays that go on well beyond it.
    """

    hit: int
    miss: int
    lowest: int
    highest: int
    near: float
    drift: float


@compiled
def bounds(origins: FloatArray, ends: FloatArray, valid: BoolArray) -> FloatArray:
    """Return [2, 2] the least and the largest x, y of the valid rays [B, 2]."""
    found = np.empty((2, 2))
    for axis in range(2):
        low, high = np.inf, -np.inf
        for ray in range(len(valid)):
            if valid[ray]:
                low = min(low, origins[ray, axis], ends[ray, axis])
                high = max(high, origins[ray, axis], ends[ray, axis])
        found[0, axis], found[1, axis] = low, high
    return found


@compiled
def in_cells(points: FloatArray, size: float, corner: tuple[int, int]) -> FloatArray:
    """Return points [N, 2] given in m as x, y in cells from a corner (row, column)."""
    found = np.empty((len(points), 2))
    for point in range(len(points)):
        found[point, 0] = points[point, 0] / size - corner[1]
        found[point, 1] = points[point, 1] / size - corner[0]
    return found


@compiled
def touched(cells: Cells, origins: FloatArray, ends: FloatArray, valid: BoolArray) -> BoolArray:
    """Return [R, C] True for every tile that a ray passes; rays [B, 2] are given in cells."""
    rows, columns = cells.tile.shape
    wanted = np.zeros((rows, columns), np.bool_)
    for ray in range(len(valid)):
        if not valid[ray]:
            continue
        x, y = origins[ray, 0] / SIDE, origins[ray, 1] / SIDE
        dx, dy = ends[ray, 0] / SIDE - x, ends[ray, 1] / SIDE - y
        column, row = int(x), int(y)
        right, up = (1 if dx > 0.0 else -1), (1 if dy > 0.0 else -1)
        per_column = abs(1.0 / dx) if dx != 0.0 else np.inf
        per_row = abs(1.0 / dy) if dy != 0.0 else np.inf
        next_column = (column + 1 - x if dx > 0.0 else x - column) * per_column if dx else np.inf
        next_row = (row + 1 - y if dy > 0.0 else y - row) * per_row if dy else np.inf
        while True:
            if 0 <= row < rows and 0 <= column < columns:
                wanted[row, column] = True
            if min(next_column, next_row) > 1.0:
                break
            if next_column < next_row:
                next_column += per_column
                column += right
            else:
                next_row += per_row
                row += up
    return wanted


@compiled
def enter_hits(
    cells: Cells,
    sites: Sites,
    count: int,
    corner: tuple[int, int],
    ends: FloatArray,
    hit: BoolArray,
    tick: int,
    travel: float,
    law: Law,
) -> int:
    """Enter hit points [B, 2], given in cells from the corner; return the number of sites then."""
    for ray in range(len(hit)):
        if not hit[ray]:
            continue
        x, y = ends[ray, 0], ends[ray, 1]
        column, row = int(x), int(y)
        cell = number_of(cells.tile, row, column)
        site = cells.site[cell]
        evidence = cells.evidence[cell]
        if site == NONE:
            site = count
            count += 1
            cells.site[cell] = site
            sites.cell[site, 0], sites.cell[site, 1] = row + corner[0], column + corner[1]
        place = sites.place[site]
        if cells.seen[cell] != tick:
            cells.seen[cell] = tick
            if evidence <= 0:
                sites.first[site] = tick
                place[0], place[1] = x - column, y - row
            cells.evidence[cell] = min(law.highest, max(evidence, FORGET) + law.hit)
            sites.last[site] = tick
            sites.travel[site] = travel
        place[0] += BLEND * (x - column - place[0])
        place[1] += BLEND * (y - row - place[1])
    return count


@compiled
def clear_along(
    cells: Cells,
    sites: Sites,
    origins: FloatArray,
    ends: FloatArray,
    hit: BoolArray,
    valid: BoolArray,
    begin: FloatArray,
    tick: int,
    travel: float,
    law: Law,
) -> None:
    """Let rays [B, 2], in cells from the corner, speak against what stands in their way.

    One cell in every column, or every row of a steep ray: corners that are cut are met by another
    ray. It speaks from `begin` [B] cells on: where rays lie close, one speaks for all. In its last
    cell before a hit it only says that it saw it. Places are whole numbers of 1 / ONE cell.
    """
    index, evidences, seen, numbers = cells  # a field of a tuple costs a lock in every round
    places, last_travel = sites.place, sites.travel
    for ray in range(len(valid)):
        x, y = origins[ray, 0], origins[ray, 1]
        dx, dy = ends[ray, 0] - x, ends[ray, 1] - y
        length = math.sqrt(dx * dx + dy * dy)
        if not valid[ray] or length <= begin[ray] or length < LEAST:
            continue
        dx, dy = dx / length, dy / length
        pace = max(abs(dx), abs(dy))  # steps for a cell of length
        start = begin[ray]  # moved to the middle of a column, or of a row
        first, along = (x + start * dx, dx) if abs(dx) == pace else (y + start * dy, dy)
        start += (math.floor(first) + 0.5 - first) / along
        steps = int((length - start) * pace) + 1
        speaks = int((length - 1.0 - start) * pace) + 1 if hit[ray] else steps
        goes_on = int((length - GOES_ON - start) * pace) + 1
        at_x, at_y = int((x + start * dx) * ONE), int((y + start * dy) * ONE)
        step_x, step_y = int(dx / pace * ONE), int(dy / pace * ONE)
        for step in range(steps):
            row, column = U(at_y >> BITS), U(at_x >> BITS)
            at_x += step_x
            at_y += step_y
            tile = index[row >> U(SHIFT), column >> U(SHIFT)]
            if tile < 0:
                continue
            cell = U(tile) << U(2 * SHIFT) | (row & U(INSIDE)) << U(SHIFT) | column & U(INSIDE)
            evidence = evidences[cell]
            if evidence <= 0:
                evidences[cell] = max(law.lowest, evidence - (law.miss if step < speaks else 0))
            else:
                if seen[cell] == tick or step >= speaks:  # hit, or missed, by this scan
                    continue
                site = U(numbers[cell])
                right, up = places[site, 0] + column - x, places[site, 1] + row - y
                adrift = min(law.drift * (travel - last_travel[site]), 1.0)
                # A ray that ends soon may well run along the wall that it seems to contradict.
                near = law.near + adrift if step < goes_on else law.near
                if abs(dx * up - dy * right) > near:
                    continue
                evidences[cell] = evidence - law.miss
            seen[cell] = tick


@compiled
def let_go(
    cells: Cells, sites: Sites, count: int, corner: tuple[int, int], settled: int, before: int
) -> None:
    """Free what was hit for less than `settled` ticks, and not since the tick `before`."""
    for site in range(count):
        if sites.last[site] >= before or sites.last[site] - sites.first[site] >= settled:
            continue
        row, column = sites.cell[site, 0] - corner[0], sites.cell[site, 1] - corner[1]
        cell = number_of(cells.tile, row, column)
        if cells.evidence[cell] > 0:
            cells.evidence[cell] = 0


@compiled
def free_disc(cells: Cells, sites: Sites, x: float, y: float, radius: float, since: int) -> None:
    """Free the sites within a disc, given in cells from the corner, first hit from a tick on."""
    rows, columns = cells.tile.shape
    for row in range(max(int(y - radius), 0), min(int(y + radius) + 1, rows << SHIFT)):
        for column in range(max(int(x - radius), 0), min(int(x + radius) + 1, columns << SHIFT)):
            cell = number_of(cells.tile, row, column)
            if cell < 0 or cells.evidence[cell] <= 0:
                continue
            site = cells.site[cell]
            right = column + sites.place[site, 0] - x
            up = row + sites.place[site, 1] - y
            if right * right + up * up <= radius * radius and sites.first[site] >= since:
                cells.evidence[cell] = 0


@compiled
def free_polygon(cells: Cells, sites: Sites, outline: FloatArray, tick: int) -> bool:
    """Let the cells whose centres lie in a polygon [K, 2], given in cells, be seen now.

    What stands deep inside is freed. Returns False, with nothing done, where a tile is missing.
    """
    index, evidences, seen, _ = cells
    rows, columns = index.shape[0] << SHIFT, index.shape[1] << SHIFT
    left, right = math.floor(outline[:, 0].min()), math.floor(outline[:, 0].max())
    low, high = math.floor(outline[:, 1].min()), math.floor(outline[:, 1].max())
    if left < 0 or low < 0 or right >= columns or high >= rows:
        return False
    for row in range(low, high + INSIDE + 1, SIDE):
        for column in range(left, right + INSIDE + 1, SIDE):
            if index[min(row, high) >> SHIFT, min(column, right) >> SHIFT] == NONE:
                return False
    middle_x, middle_y = outline[:, 0].mean(), outline[:, 1].mean()
    for row in range(low, high + 1):
        for column in range(left, right + 1):
            if not within(outline, column + 0.5, row + 0.5):
                continue
            cell = number_of(index, row, column)
            seen[cell] = tick
            if evidences[cell] > 0:
                place = sites.place[cells.site[cell]]
                # A wall that the robot all but touches stays.
                x = middle_x + (column + place[0] - middle_x) / DEEP
                y = middle_y + (row + place[1] - middle_y) / DEEP
                if within(outline, x, y):
                    evidences[cell] = 0
    return True


@compiled
def within(outline: FloatArray, x: float, y: float) -> bool:
    """Return True where a point lies in a polygon [K, 2], by crossings of its edges."""
    inside = False
    for k in range(len(outline)):
        x0, y0 = outline[k - 1, 0], outline[k - 1, 1]
        x1, y1 = outline[k, 0], outline[k, 1]
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside
