"""Which maps to plan on, and the queries on each: from paths on the command line to `PlanMap`s."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maze_file import read_maze_file
from mme_ilqr_ros.benchmark.plan.movingai import read_movingai_map, read_scen, scen_beside
from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.terrain import Terrain

Cell = tuple[int, int]
SUFFIXES = (".yaml", ".yml", ".map", ".npz")
DEFAULT_QUERIES = 100
ROBOT_RADIUS = 0.2  # [m] on maps of real floors, as the planner's default


@dataclass(frozen=True)
class Query:
    """One question to a planner.

    Attributes:
        start: Cell (row, column); None asks from every cell that can reach the goal.
        goal: Cell (row, column).
        stated: Length of the shortest path by the data set [cells], or None.
    """

    start: Cell | None
    goal: Cell
    stated: float | None = None


@dataclass(frozen=True, eq=False)
class PlanMap:
    """A map and what is asked on it.

    Attributes:
        name: Of the map.
        group: Of the file it came from.
        terrain: Where the robot's centre may be.
        n_moves: 8, or 4 where the data set says so.
        queries: At least one.
        from_top: Whether row 0 is drawn at the top.
    """

    name: str
    group: str
    terrain: Terrain
    n_moves: int
    queries: tuple[Query, ...]
    from_top: bool


@dataclass(frozen=True)
class Choice:
    """What of the files is asked.

    Attributes:
        n_queries: Per map, or per file of mazes; None for all that a data set poses, else 100.
        seed: Of random queries and random subsets; a map's own do not depend on other maps.
        all_starts: Whether to ask from every start at once.
        robot_radius: [m]; None for 0.2 on maps of real floors, 0 on those without a scale.
    """

    n_queries: int | None = None
    seed: int = 0
    all_starts: bool = False
    robot_radius: float | None = None


def load_maps(paths: Sequence[Path], choice: Choice) -> list[PlanMap]:
    """Read the maps of files and folders, in order.

    Raises:
        MapError: A file cannot be used; one line that names it.
    """
    maps = [m for path in _files(paths) for m in _maps_of(path, choice)]
    seen: set[str] = set()
    for m in maps:
        if m.name in seen:
            raise MapError(f"two maps have the name '{m.name}'; give one of them at a time")
        seen.add(m.name)
    return maps


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        if not inside:
            raise MapError(f"{path}: holds no map ({', '.join(SUFFIXES)})")
        yield from inside


def _maps_of(path: Path, choice: Choice) -> Iterator[PlanMap]:
    if path.suffix == ".map":
        yield _movingai(path, choice)
    elif path.suffix == ".npz":
        yield from _mazes(path, choice)
    elif path.suffix in (".yaml", ".yml"):
        radius = ROBOT_RADIUS if choice.robot_radius is None else choice.robot_radius
        terrain = Terrain.build(load_map(path), radius, allow_unknown=True)
        queries = _random_queries(path, terrain, choice)
        yield PlanMap(path.stem, path.stem, terrain, 8, queries, from_top=False)
    else:
        raise MapError(f"{path}: is no map; must end in {', '.join(SUFFIXES)}")


def _movingai(path: Path, choice: Choice) -> PlanMap:
    blocked = read_movingai_map(path)
    terrain = _terrain(blocked, choice)
    scen = scen_beside(path)
    if scen is None or terrain.blocked.sum() > blocked.sum():  # it is posed for a point, not a disc
        queries = _random_queries(path, terrain, choice)
        return PlanMap(path.stem, path.stem, terrain, 8, queries, from_top=True)
    posed = [Query(p.start, p.goal, p.length) for p in read_scen(scen, blocked)]
    if choice.all_starts:
        posed = [Query(None, goal) for goal in dict.fromkeys(query.goal for query in posed)]
        posed = posed if choice.n_queries else posed[:DEFAULT_QUERIES]
    queries = _subset(posed, choice, path.name)
    return PlanMap(path.stem, path.stem, terrain, 8, queries, from_top=True)


def _mazes(path: Path, choice: Choice) -> Iterator[PlanMap]:
    mazes = read_maze_file(path)
    chosen = range(len(mazes))
    n = choice.n_queries or (None if choice.all_starts else DEFAULT_QUERIES)
    if n is not None and n < len(mazes):
        chosen = np.sort(_rng(choice, path.name).choice(len(mazes), n, replace=False)).tolist()
    for k in chosen:
        maze = mazes[k]
        name = f"{path.stem}/{maze.name}"
        terrain = _terrain(maze.blocked, choice)
        start = None if choice.all_starts else _random_start(terrain, maze.goal, choice, name)
        query = Query(start, maze.goal)
        yield PlanMap(name, path.stem, terrain, maze.n_moves, (query,), from_top=True)


def _terrain(blocked: NDArray[np.bool_], choice: Choice) -> Terrain:
    """Return the terrain of a map without a scale: its cells count as 1 m."""
    grid = GridMap(blocked, 1.0, Pose(0.0, 0.0, 0.0))
    return Terrain.build(grid, choice.robot_radius or 0.0, allow_unknown=True)


def _random_queries(path: Path, terrain: Terrain, choice: Choice) -> tuple[Query, ...]:
    """Return random starts and goals that a way joins."""
    n = choice.n_queries or DEFAULT_QUERIES
    rng = _rng(choice, path.name)
    sizes = np.bincount(terrain.region.ravel())
    sizes[0] = 0
    cells = np.argwhere(sizes[terrain.region] > 1)
    if len(cells) == 0:
        raise MapError(f"{path}: no two free cells are joined by a way for this robot")
    goals = [tuple(map(int, cells[i])) for i in rng.integers(len(cells), size=n)]
    if choice.all_starts:
        return tuple(Query(None, goal) for goal in goals)
    regions = terrain.region[cells[:, 0], cells[:, 1]]
    wanted = {int(terrain.region[goal]) for goal in goals}
    joined = {region: np.flatnonzero(regions == region) for region in wanted}
    queries = []
    for goal in goals:
        same = joined[int(terrain.region[goal])]
        start = goal
        while start == goal:
            start = tuple(map(int, cells[same[rng.integers(len(same))]]))
        queries.append(Query(start, goal))
    return tuple(queries)


def _random_start(terrain: Terrain, goal: Cell, choice: Choice, name: str) -> Cell:
    """Return a random cell from which the goal can be reached; the goal itself if there is none."""
    region = terrain.region.copy()
    if region[goal] == 0:
        raise MapError(f"{name}: the goal is blocked for this robot")
    region[goal] = -region[goal]
    cells = np.argwhere(region == -region[goal])
    if len(cells) == 0:
        return goal
    row, column = cells[_rng(choice, name).integers(len(cells))]
    return int(row), int(column)


def _subset(queries: list[Query], choice: Choice, name: str) -> tuple[Query, ...]:
    if choice.n_queries is None or choice.n_queries >= len(queries):
        return tuple(queries)
    rng = _rng(choice, name)
    chosen = np.sort(rng.choice(len(queries), choice.n_queries, replace=False))
    return tuple(queries[i] for i in chosen)


def _rng(choice: Choice, name: str) -> np.random.Generator:
    return np.random.default_rng([choice.seed, zlib.crc32(name.encode())])
