"""Maps of data sets besides map_server maps: MovingAI's and maze sets, with their own queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan import maps
from mme_ilqr_ros.benchmark.plan.maps import (
    DEFAULT_QUERIES,
    Cell,
    Choice,
    MapReader,
    PlanMap,
    Query,
    random_queries,
)
from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.terrain import Terrain
from studies.plan.maze_file import read_maze_file
from studies.plan.movingai import read_movingai_map, read_scen, scen_beside


def read_movingai(path: Path, choice: Choice) -> Iterator[PlanMap]:
    """Read a MovingAI `.map` with the problems of the scen file beside it, or random ones."""
    blocked = read_movingai_map(path)
    terrain = _terrain(blocked, choice)
    scen = scen_beside(path)
    if scen is None or terrain.blocked.sum() > blocked.sum():  # it is posed for a point, not a disc
        queries = random_queries(path, terrain, choice)
        yield PlanMap(path.stem, path.stem, terrain, 8, queries, from_top=True)
        return
    posed = [Query(p.start, p.goal, p.length) for p in read_scen(scen, blocked)]
    if choice.all_starts:
        posed = [Query(None, goal) for goal in dict.fromkeys(query.goal for query in posed)]
        posed = posed if choice.n_queries else posed[:DEFAULT_QUERIES]
    queries = _subset(posed, choice, path.name)
    yield PlanMap(path.stem, path.stem, terrain, 8, queries, from_top=True)


def read_mazes(path: Path, choice: Choice) -> Iterator[PlanMap]:
    """Read a maze set `.npz`: a map and a query for each maze."""
    mazes = read_maze_file(path)
    chosen = list(range(len(mazes)))
    n = choice.n_queries or (None if choice.all_starts else DEFAULT_QUERIES)
    if n is not None and n < len(mazes):
        chosen = np.sort(choice.rng(path.name).choice(len(mazes), n, replace=False)).tolist()
    for k in chosen:
        maze = mazes[k]
        name = f"{path.stem}/{maze.name}"
        terrain = _terrain(maze.blocked, choice)
        start = None if choice.all_starts else _random_start(terrain, maze.goal, choice, name)
        query = Query(start, maze.goal)
        yield PlanMap(name, path.stem, terrain, maze.n_moves, (query,), from_top=True)


READERS: dict[str, MapReader] = {**maps.READERS, ".map": read_movingai, ".npz": read_mazes}


def _terrain(blocked: NDArray[np.bool_], choice: Choice) -> Terrain:
    """Return the terrain of a map without a scale: its cells count as 1 m."""
    grid = GridMap(blocked, 1.0, Pose(0.0, 0.0, 0.0))
    return Terrain.build(grid, choice.robot_radius or 0.0, allow_unknown=True)


def _random_start(terrain: Terrain, goal: Cell, choice: Choice, name: str) -> Cell:
    """Return a random cell from which the goal can be reached; the goal itself if there is none."""
    region = terrain.region.copy()
    if region[goal] == 0:
        raise MapError(f"{name}: the goal is blocked for this robot")
    region[goal] = -region[goal]
    cells = np.argwhere(region == -region[goal])
    if len(cells) == 0:
        return goal
    row, column = cells[choice.rng(name).integers(len(cells))]
    return int(row), int(column)


def _subset(queries: list[Query], choice: Choice, name: str) -> tuple[Query, ...]:
    if choice.n_queries is None or choice.n_queries >= len(queries):
        return tuple(queries)
    chosen = choice.rng(name).choice(len(queries), choice.n_queries, replace=False)
    return tuple(queries[i] for i in np.sort(chosen))
