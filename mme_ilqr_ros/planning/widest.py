"""The widest way between two cells, and the widest place of a map: why a robot does not fit.

Asked for only when a request is refused. The way is a maximin path: of all ways the one whose
narrowest place is widest. It is found by flooding from the start, the widest neighbour of the flood
first, so that each cell is looked at once. Cells are judged by their centres, as the planner judges
them; the width of a place is that of the gap drawn on the map, whose middle can lie between two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.geometry.grid_map import grown
from mme_ilqr_ros.planning.distances import face_distance
from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.planning.terrain import Terrain

Cell = tuple[int, int]
_LEVELS = 4  # twice a distance in cells is the root of a whole number: squares tell all apart


@dataclass(frozen=True)
class Bottleneck:
    """The narrowest place of the widest way.

    Attributes:
        width: Twice the distance of its middle from what stands [m].
        cell: Where it is (row, column).
    """

    width: float
    cell: Cell


def widest_place(terrain: Terrain) -> float:
    """Return the width of the widest place of a map on which a robot finds no free cell [m]."""
    levels = _levels(terrain)
    widest = (levels == levels.max()).astype(np.int8)
    among = ndimage.convolve(widest, np.ones((3, 3), np.int8), mode="constant") * widest
    return _width(terrain, levels, int(np.argmax(among))).width


@lru_cache(maxsize=1)  # a refused request comes again every period
def widest_way(terrain: Terrain, region: int, other: int) -> Bottleneck | None:
    """Return the bottleneck between two free regions, by their numbers; None where no way leads.

    Distances count up to what the robot needs: there is no wider way, or they would be one region.
    """
    levels = _levels(terrain)
    start, goal = (int(np.argmax(terrain.region == number)) for number in (region, other))
    cell = _flood(levels, start, goal)
    if cell < 0:
        return None
    return _width(terrain, levels, int(cell))


def _width(terrain: Terrain, levels: np.ndarray, flat: int) -> Bottleneck:
    """Return a place by its flat cell; its middle is the centre, or between equal cells."""
    row, column = divmod(flat, levels.shape[1])
    distance, cell = np.sqrt(levels[row, column] / _LEVELS), np.array([row, column])
    near = grown((slice(row, row + 1), slice(column, column + 1)), int(distance) + 2, levels.shape)
    corner = near[0].start, near[1].start
    stands = np.argwhere(terrain.grid.occupied[near]) + corner
    for step in STEPS:
        low, high = cell + np.minimum(step, 0), cell + np.maximum(step, 0)
        block = levels[low[0] : high[0] + 1, low[1] : high[1] + 1]
        inside = terrain.grid.contains((low, high)).all()
        if inside and (block == levels[row, column]).all() and len(stands):
            away = np.abs(stands - cell - 0.5 * step)
            to_faces = np.maximum(away - 0.5, 0.0)
            distance = max(distance, np.hypot(to_faces[:, 0], to_faces[:, 1]).min())
    return Bottleneck(float(2.0 * distance * terrain.grid.resolution), (row, column))


def _levels(terrain: Terrain) -> np.ndarray:
    """Return int32 [H, W]: squares of twice the distances in cells, 0 where nobody may be."""
    reach = int(np.ceil(terrain.radius_in_cells + 0.5)) + 1
    distance = face_distance(terrain.grid.occupied, reach)
    levels = np.rint(_LEVELS * distance * distance).astype(np.int32)
    if not terrain.allow_unknown:
        levels[terrain.grid.unknown] = 0
    return levels


@compiled
def _flood(levels, start, goal):
    """Return the flat cell of the lowest level on the best way from start to goal, -1 for no way.

    Cells wait in one linked list for each level; a cell waits once.
    """
    height, width = levels.shape
    flat = levels.ravel()
    heads = np.full(flat.max() + 1, -1, np.int64)
    following = np.full(len(flat), -2, np.int64)  # -2: was never in a list
    following[start], heads[flat[start]] = -1, start
    level, narrowest = flat[start], start
    while level > 0:
        cell = heads[level]
        if cell < 0:
            level -= 1
            continue
        heads[level] = following[cell]
        if flat[cell] < flat[narrowest]:
            narrowest = cell
        if cell == goal:
            return narrowest
        row, column = cell // width, cell % width
        for step in range(4):
            i = row + (step == 0) - (step == 1)
            j = column + (step == 2) - (step == 3)
            if 0 <= i < height and 0 <= j < width:
                other = i * width + j
                if following[other] == -2 and flat[other] > 0:
                    following[other] = heads[flat[other]]
                    heads[flat[other]] = other
                    level = max(level, flat[other])
    return -1
