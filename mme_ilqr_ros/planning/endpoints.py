"""Turn the start and goal of a request into free cells of the map, or say why that cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.planning.result import PlanStatus, RefusedError
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.ways_out import WaysOut
from mme_ilqr_ros.planning.widest import widest_place, widest_way

Cell = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Endpoints:
    """Where a search begins and ends.

    Attributes:
        start: [2] exact start in the map frame [m].
        goal: [2] exact goal [m], or None when the path ends at the centre of `goal_cell` instead.
        lead: [K, 2] cells from the start's cell to the first free one, both included (one cell
            when the start is free).
        goal_cell: Free cell. Where start or goal was moved it is in the same region as the end of
            `lead`; else the field tells, and `check_joined` says why not.
        note: What was moved and how far, for the message; empty when nothing was.
    """

    start: np.ndarray
    goal: np.ndarray | None
    lead: np.ndarray
    goal_cell: Cell
    note: str

    @property
    def lead_end(self) -> Cell:
        """Free cell at which the search begins."""
        return int(self.lead[-1, 0]), int(self.lead[-1, 1])


def resolve(terrain: Terrain, start: ArrayLike, goal: ArrayLike, tolerance: float) -> Endpoints:
    """Find the cells to search between.

    Raises:
        RefusedError: Start or goal is no point, lies outside the map, or is blocked with no free
            cell in reach; or one was moved and no free region joins them.
    """
    start, goal = _point(start, "start"), _point(goal, "goal")
    start_cell = _cell(terrain.grid, start, PlanStatus.START_OUTSIDE_MAP)
    goal_cell = _cell(terrain.grid, goal, PlanStatus.GOAL_OUTSIDE_MAP)
    if terrain.blocked.all():
        raise RefusedError(PlanStatus.INVALID_INPUT, _no_free_cell(terrain))
    notes, lead, moved = [], np.array([start_cell]), terrain.blocked[goal_cell]
    if not (terrain.blocked[start_cell] or moved):
        return Endpoints(start, goal, lead, goal_cell, "")
    ways_out, regions = None, np.array([terrain.region[start_cell]])
    if terrain.blocked[start_cell]:
        ways_out = _ways_out(terrain, start, start_cell)
        regions = ways_out.regions
    if moved:
        goal_cell = _replacement(terrain, goal, goal_cell, regions, tolerance)
    region = int(terrain.region[goal_cell])
    if region not in regions:
        raise _not_joined(terrain, int(regions[0]), region, start, goal)
    if ways_out is not None:
        lead = ways_out.to(region)
        where = "in an obstacle of the map" if terrain.grid.occupied[start_cell] else "blocked"
        notes.append(f"the start is {where} and leads out over {len(lead) - 1} cells")
    if moved:
        away = np.linalg.norm(terrain.grid.centre_of(goal_cell) - goal)
        notes.append(f"the goal is blocked and the path ends {away:.2f} m from it")
    return Endpoints(start, None if moved else goal, lead, goal_cell, "; ".join(notes))


def check_joined(terrain: Terrain, ends: Endpoints) -> None:
    """Raise RefusedError where no free region joins the ends of a search, with the reason."""
    first, last = int(terrain.region[ends.lead_end]), int(terrain.region[ends.goal_cell])
    if first != last:
        goal = terrain.grid.centre_of(ends.goal_cell) if ends.goal is None else ends.goal
        raise _not_joined(terrain, first, last, ends.start, goal)


def _not_joined(
    terrain: Terrain, first: int, last: int, start: np.ndarray, goal: np.ndarray
) -> RefusedError:
    """Return the refusal for two free regions, by their numbers, that nothing joins."""
    text = f"from {_text(start)} to {_text(goal)}"
    return RefusedError(PlanStatus.NO_VALID_PATH, _no_way(terrain, first, last, text))


def _text(point: np.ndarray) -> str:
    return f"({point[0]:.2f}, {point[1]:.2f})"


def _point(value: Any, name: str) -> np.ndarray:
    """Return a point [2] or refuse the request."""
    try:
        point = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        point = np.empty(0)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise RefusedError(
            PlanStatus.INVALID_INPUT, f"{name} = {value}: must be two finite numbers x, y [m]"
        )
    return point


def _cell(grid: GridMap, point: np.ndarray, outside: PlanStatus) -> Cell:
    row, column = grid.cell_at(point)
    if not grid.contains((row, column)):
        raise RefusedError(
            outside,
            f"{outside.value}: {_text(point)} on {grid.height} x {grid.width} cells"
            f" of {grid.resolution:g} m",
        )
    return int(row), int(column)


def _ways_out(terrain: Terrain, start: np.ndarray, start_cell: Cell) -> WaysOut:
    """Return the ways out of a blocked start, or refuse the request."""
    ways_out = WaysOut.of(terrain, start_cell)
    if not len(ways_out.regions):
        where = "in an obstacle" if terrain.grid.occupied[start_cell] else "blocked"
        reach = terrain.reach * terrain.grid.resolution
        raise RefusedError(
            PlanStatus.START_OCCUPIED,
            f"the start {_text(start)} is {where} and no cell within {reach:.2f} m is free for a"
            f" robot that needs {_needed(terrain)}",
        )
    return ways_out


def _needed(terrain: Terrain) -> str:
    return f"{2.0 * terrain.radius:.2f} m"


def _no_free_cell(terrain: Terrain) -> str:
    widest = widest_place(terrain)
    return (
        f"the map has no free cell for this robot: it needs {_needed(terrain)}, the widest place of"
        f" the map has {widest:.2f} m: {_short(terrain, widest)}"
    )


def _short(terrain: Terrain, width: float) -> str:
    """Return by how much a place is too narrow."""
    short = 2.0 * terrain.radius - width
    if short >= 0.005:
        return f"too narrow by {short:.2f} m"
    return f"too narrow by less than a cell of {terrain.grid.resolution:g} m"


def _no_way(terrain: Terrain, region: int, other: int, between: str) -> str:
    """Return why no way leads between two free regions, with the widest one there is."""
    way = widest_way(terrain, region, other)
    if way is None:
        what = "" if terrain.allow_unknown else "or unknown cells (allow_unknown is false) "
        return f"no way at all leads {between}: walls {what}close it"
    return (
        f"no gap wide enough leads {between}: the widest way has {way.width:.2f} m at"
        f" {_text(terrain.grid.centre_of(way.cell))}, the robot needs {_needed(terrain)}:"
        f" {_short(terrain, way.width)}"
    )


def _replacement(
    terrain: Terrain, goal: np.ndarray, goal_cell: Cell, regions: np.ndarray, tolerance: float
) -> Cell:
    """Return the free cell nearest to a blocked goal, one that can be reached if there is any."""
    cells = terrain.free_cells_near(goal, tolerance)
    if len(cells) == 0:
        where = "in an obstacle" if terrain.grid.occupied[goal_cell] else "too close to an obstacle"
        if terrain.grid.unknown[goal_cell]:
            where = "in unknown space"
        raise RefusedError(
            PlanStatus.GOAL_OCCUPIED,
            f"the goal {_text(goal)} is {where} and no free cell is within {tolerance:g} m of it",
        )
    region = terrain.region[cells[:, 0], cells[:, 1]]
    first = int(np.argmax(np.isin(region, regions)))  # 0, the nearest, when none can be reached
    return int(cells[first, 0]), int(cells[first, 1])
