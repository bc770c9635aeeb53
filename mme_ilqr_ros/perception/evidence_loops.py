"""The compiled loops of the evidence: hits, rays, what a scan touches, what is let go."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.tiles import INSIDE, NONE, SHIFT, SIDE, Cells, Sites

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
FORGET = -10  # the evidence from which a free cell starts when it is hit: one hit occupies it
BLEND = 0.2  # weight of a new hit in the mean of a site


class Law(NamedTuple):
    """How evidence changes.

    Attributes:
        hit: Added by a hit.
        miss: Taken off by a ray that passes.
        lowest: Evidence of a cell that is surely free.
        highest: Evidence of a cell that is surely occupied.
        near: A ray must pass a site this near to speak against it [cells].
        drift: By how much more for every metre since the site was last hit [cells / m].
    """

    hit: int
    miss: int
    lowest: int
    highest: int
    near: float
    drift: float


@compiled
def touched(cells: Cells, origins: FloatArray, ends: FloatArray, valid: BoolArray) -> BoolArray:
    """Return [R, C] True for every tile that a ray passes; rays [B, 2] are given in cells."""
    rows, columns = cells.index.shape
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
        tile = cells.index[row >> SHIFT, column >> SHIFT]
        i, j = row & INSIDE, column & INSIDE
        site = cells.site[tile, i, j]
        evidence = cells.evidence[tile, i, j]
        if site == NONE:
            site = count
            count += 1
            cells.site[tile, i, j] = site
            sites.cell[site, 0], sites.cell[site, 1] = row + corner[0], column + corner[1]
        place = sites.place[site]
        if cells.seen[tile, i, j] != tick:
            cells.seen[tile, i, j] = tick
            if evidence <= 0:
                sites.first[site] = tick
                place[0], place[1] = x - column, y - row
            cells.evidence[tile, i, j] = min(law.highest, max(evidence, FORGET) + law.hit)
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

    One cell for a step along the ray's steeper axis: corners that are cut are met by another ray.
    A ray is told free from `begin` [B] cells on; where rays lie close, one speaks for all. In its
    last cell before a hit it only says that it saw it.
    """
    for ray in range(len(valid)):
        if not valid[ray]:
            continue
        x, y = origins[ray, 0], origins[ray, 1]
        dx, dy = ends[ray, 0] - x, ends[ray, 1] - y
        length = math.hypot(dx, dy)
        if length <= begin[ray] or length < 1e-6:
            continue
        dx, dy = dx / length, dy / length
        stride = 1.0 / max(abs(dx), abs(dy))
        steps = int((length - begin[ray]) / stride) + 1
        speaks = length - 1.0 if hit[ray] else length
        along = begin[ray]
        for _ in range(steps):
            at_x, at_y = x + along * dx, y + along * dy
            column, row = int(at_x), int(at_y)
            tile = cells.index[row >> SHIFT, column >> SHIFT]
            i, j = row & INSIDE, column & INSIDE
            here = along
            along += stride
            if tile == NONE or cells.seen[tile, i, j] == tick:
                continue
            evidence = cells.evidence[tile, i, j]
            if evidence > 0:
                site = cells.site[tile, i, j]
                aside = abs(
                    dx * (row + sites.place[site, 1] - y) - dy * (column + sites.place[site, 0] - x)
                )
                if aside > law.near + law.drift * (travel - sites.travel[site]) or here > speaks:
                    continue
                cells.evidence[tile, i, j] = evidence - law.miss
            elif here <= speaks:
                cells.evidence[tile, i, j] = max(law.lowest, evidence - law.miss)
            cells.seen[tile, i, j] = tick


@compiled
def let_go(
    cells: Cells, sites: Sites, count: int, corner: tuple[int, int], settled: int, before: int
) -> None:
    """Free what was hit for less than `settled` ticks, and not since the tick `before`."""
    for site in range(count):
        if sites.last[site] >= before or sites.last[site] - sites.first[site] >= settled:
            continue
        row, column = sites.cell[site, 0] - corner[0], sites.cell[site, 1] - corner[1]
        tile = cells.index[row >> SHIFT, column >> SHIFT]
        if cells.evidence[tile, row & INSIDE, column & INSIDE] > 0:
            cells.evidence[tile, row & INSIDE, column & INSIDE] = 0


@compiled
def free_disc(cells: Cells, sites: Sites, x: float, y: float, radius: float, since: int) -> None:
    """Free the sites within a disc, given in cells from the corner, first hit from a tick on."""
    rows, columns = cells.index.shape
    for row in range(max(int(y - radius), 0), min(int(y + radius) + 1, rows << SHIFT)):
        for column in range(max(int(x - radius), 0), min(int(x + radius) + 1, columns << SHIFT)):
            tile = cells.index[row >> SHIFT, column >> SHIFT]
            if tile == NONE or cells.evidence[tile, row & INSIDE, column & INSIDE] <= 0:
                continue
            site = cells.site[tile, row & INSIDE, column & INSIDE]
            right = column + sites.place[site, 0] - x
            up = row + sites.place[site, 1] - y
            if right * right + up * up <= radius * radius and sites.first[site] >= since:
                cells.evidence[tile, row & INSIDE, column & INSIDE] = 0


@compiled
def known_at(
    cells: Cells,
    sites: Sites,
    points: FloatArray,
    settled: int,
    standing: BoolArray,
    was_free: BoolArray,
) -> None:
    """Fill, for points [N, 2] in cells from the corner, whether they stand and were known free.

    A point stands that lies in or beside a cell that has been hit over `settled` ticks.
    """
    rows, columns = cells.index.shape[0] << SHIFT, cells.index.shape[1] << SHIFT
    for point in range(len(points)):
        x, y = points[point, 0], points[point, 1]
        standing[point] = was_free[point] = False
        if not (1.0 <= x < columns - 1 and 1.0 <= y < rows - 1):
            continue
        column, row = int(x), int(y)
        for r in range(row - 1, row + 2):
            for c in range(column - 1, column + 2):
                tile = cells.index[r >> SHIFT, c >> SHIFT]
                if tile == NONE:
                    continue
                evidence = cells.evidence[tile, r & INSIDE, c & INSIDE]
                if r == row and c == column:
                    was_free[point] = evidence < 0
                if evidence > 0:
                    site = cells.site[tile, r & INSIDE, c & INSIDE]
                    if sites.last[site] - sites.first[site] >= settled:
                        standing[point] = True
