"""Planning where not everything is known: what was seen over what a map says, the rest assumed.

What a scanner sees wins over the map; what neither knows is free at a price. The area holds all
that was seen, the map and both ends, with a rim of cells round it that nobody knows. So whatever
can be left leads to the rim, and along the rim everywhere: where there is no way in this area,
there is none in any larger one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.passable import discs_in
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.result import PlanResult, PlanStatus
from mme_ilqr_ros.planning.solved_field import Beside

RIM = 6.0  # radii of cells that nobody knows, round everything
BLOCK = 64  # [cells] by which the area grows: in between fields are repaired, not solved again
MOST_CELLS = 30_000_000  # of an area: a goal further away than that is a mistake

Box = NDArray[np.int64]  # [2, 2] first and last + 1 (row, column) on the lattice of what was seen


class UnknownPlanner:
    """A global planner in a world of which a part is known.

    Args:
        planner: Plans on the fused map.
    """

    def __init__(self, planner: GlobalPlanner) -> None:
        self._planner = planner
        self._box: Box | None = None
        self._task: tuple[float, ...] = ()
        self._map: tuple[GridMap, GridMap] | None = None  # as it came, and on the cells of a box

    def plan(
        self,
        seen: GridMap,
        start: ArrayLike,
        goal: ArrayLike,
        known: GridMap | None = None,
        *,
        tolerance: float | None = None,
        beside_on: Callable[[GridMap], Beside] = lambda grid: (None, None),
        whole_field: bool = True,
    ) -> PlanResult:
        """Plan from `start` to `goal`, both (x, y) in the frame of the grids [m].

        Args:
            seen: What the scanners saw; its corner lies on the lattice of its cells.
            start: The robot.
            goal: Where it has to go, known or not.
            known: A map, where there is one.
            tolerance: As of `GlobalPlanner.plan`.
            beside_on: Returns `layer` and `directed` of `GlobalPlanner.plan` on the cells of a map.
            whole_field: As of `GlobalPlanner.plan`.
        """
        start, goal = np.asarray(start, float), np.asarray(goal, float)
        rim = RIM * max(discs_in(self._planner.settings).radius, seen.resolution)
        box = area(seen, np.stack([start, goal]), rim, known)
        task = (*goal.tolist(), seen.resolution)
        if self._task == task and self._box is not None:
            box = _union(box, self._box)
        if np.prod((box[1] - box[0]).astype(float)) > MOST_CELLS:
            text = f"the goal ({goal[0]:.1f}, {goal[1]:.1f}) is too far away to plan to"
            return PlanResult(PlanStatus.GOAL_OUTSIDE_MAP, text)
        self._box, self._task = box, task
        grid = fused(seen, self._on_cells(seen, box, known))
        layer, directed = beside_on(grid)
        result = self._planner.plan(
            grid,
            start,
            goal,
            tolerance=tolerance,
            layer=layer,
            directed=directed,
            whole_field=whole_field,
        )
        if result.status is PlanStatus.NO_VALID_PATH:
            return replace(result, message=f"unreachable: {result.message}")
        return result

    def _on_cells(self, seen: GridMap, box: Box, known: GridMap | None) -> GridMap:
        """Return the map on the cells of a box; kept while both stay, for it may be large."""
        grid = empty(box, seen.resolution)
        if known is None:
            return grid
        kept = self._map
        if kept is None or kept[0] is not known or not _same_cells(kept[1], grid):
            kept = self._map = known, drawn(known, grid)
        return kept[1]


def crosses(seen: GridMap, path: Path, distance: float) -> bool:
    """Return whether a path comes nearer than a distance [m] to the middle of an occupied cell."""
    s = np.append(np.arange(0.0, path.length, seen.resolution), path.length)
    return bool(near_occupied(seen, path.point_at(s), distance).any())


def near_occupied(seen: GridMap, points: NDArray[np.float64], distance: float) -> NDArray[np.bool_]:
    """Return which points [N, 2] are nearer than a distance [m] to an occupied cell's middle."""
    reach = int(distance / seen.resolution)
    offsets = np.moveaxis(np.indices((2 * reach + 1, 2 * reach + 1)), 0, -1).reshape(-1, 2) - reach
    offsets = offsets[np.hypot(*offsets.T) * seen.resolution <= distance]
    cells, which = np.unique(seen.cell_at(points), axis=0, return_inverse=True)
    near = cells[:, None] + offsets
    inside = seen.contains(near)
    rows, columns = (np.where(inside, near[..., k], 0) for k in (0, 1))
    found = np.any(inside & seen.occupied[rows, columns], axis=1)
    return np.asarray(found)[which.ravel()]


def area(seen: GridMap, points: NDArray[np.float64], rim: float, known: GridMap | None) -> Box:
    """Return the rectangle of cells that holds what was seen, points [N, 2], a map, and a rim [m].

    It begins and ends at whole blocks.
    """
    first = _first_cell(seen)
    boxes = [np.stack([first, first + seen.shape])]
    if known is not None:
        height, width = known.resolution * np.array(known.shape)
        corners = known.origin.transform([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
        points = np.concatenate([points, corners])
    cells = np.floor(points[:, ::-1] / seen.resolution).astype(np.int64)
    boxes.append(np.stack([cells.min(axis=0), cells.max(axis=0) + 1]))
    low, high = _union(*boxes)
    around = int(np.ceil(rim / seen.resolution))
    return np.stack([(low - around) // BLOCK * BLOCK, -(-(high + around) // BLOCK) * BLOCK])


def empty(box: Box, resolution: float) -> GridMap:
    """Return the cells of a rectangle, of which nothing is known."""
    shape = tuple(box[1] - box[0])
    origin = Pose(float(box[0, 1]) * resolution, float(box[0, 0]) * resolution, 0.0)
    return GridMap(np.zeros(shape, bool), resolution, origin, np.ones(shape, bool))


def fused(seen: GridMap, known: GridMap) -> GridMap:
    """Return a map with what was seen written over it, both on one lattice; it holds `seen`."""
    occupied, unknown = known.occupied.copy(), known.unknown.copy()
    row, column = _first_cell(seen) - _first_cell(known)
    place = np.s_[row : row + seen.shape[0], column : column + seen.shape[1]]
    occupied[place] = np.where(seen.unknown, occupied[place], seen.occupied)
    unknown[place] &= seen.unknown
    return replace(known, occupied=occupied, unknown=unknown)


def drawn(known: GridMap, grid: GridMap) -> GridMap:
    """Return a map on the cells of another lattice; what stands loses nothing of its size."""
    centres = grid.centre_of(np.moveaxis(np.indices(grid.shape), 0, -1))
    cells = known.cell_at(centres)
    inside = known.contains(cells)
    rows, columns = (np.where(inside, cells[..., k], 0) for k in (0, 1))
    # Both ways, or what is thinner than a cell could fall between two centres.
    occupied = inside & known.occupied[rows, columns]
    there = grid.cell_at(known.centre_of(np.argwhere(known.occupied)))
    there = there[grid.contains(there)]
    occupied[there[:, 0], there[:, 1]] = True
    unknown = ~occupied & (~inside | known.unknown[rows, columns])
    return replace(grid, occupied=occupied, unknown=unknown)


def _same_cells(a: GridMap, b: GridMap) -> bool:
    return a.fits(b) and a.origin == b.origin


def _first_cell(grid: GridMap) -> NDArray[np.int64]:
    """Return the (row, column) of a grid's corner on the lattice through the origin."""
    return np.rint(np.array([grid.origin.y, grid.origin.x]) / grid.resolution).astype(np.int64)


def _union(a: Box, b: Box) -> Box:
    return np.stack([np.minimum(a[0], b[0]), np.maximum(a[1], b[1])])
