"""Which maps to plan on, and the queries on each: from paths on the command line to `PlanMap`s."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mme_ilqr_ros.geometry.grid_map import MapError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.planning.terrain import Terrain

Cell = tuple[int, int]
DEFAULT_QUERIES = 100
ROBOT_RADIUS = 0.2  # [m] as the planner's default


@dataclass(frozen=True)
class Query:
    """One question to a planner.

    Attributes:
        start: Cell (row, column); None asks from every cell that can reach the goal.
        goal: Cell (row, column).
        stated: Length of the shortest path by a data set [cells], or None.
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
        n_moves: 8, or 4 where a data set says so.
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
    """What is asked on each map.

    Attributes:
        n_queries: Per file; None for all that a data set states, else 100.
        seed: Of random queries; a map's own do not depend on other maps.
        all_starts: Whether to ask from every start at once.
        robot_radius: [m]; None for 0.2 on maps of real floors, 0 on those without a scale.
    """

    n_queries: int | None = None
    seed: int = 0
    all_starts: bool = False
    robot_radius: float | None = None

    def rng(self, name: str) -> np.random.Generator:
        """Return a map's own source of randomness."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


MapReader = Callable[[Path, Choice], Iterable[PlanMap]]


def read_floor(path: Path, choice: Choice) -> Iterator[PlanMap]:
    """Read a map_server file with random queries.

    Raises:
        MapError: It cannot be used; one line that names it.
    """
    radius = ROBOT_RADIUS if choice.robot_radius is None else choice.robot_radius
    terrain = Terrain.build(load_map(path), radius, allow_unknown=True)
    queries = random_queries(path, terrain, choice)
    yield PlanMap(path.stem, path.stem, terrain, 8, queries, from_top=False)


READERS: dict[str, MapReader] = {".yaml": read_floor, ".yml": read_floor}


def load_maps(
    paths: Sequence[Path], choice: Choice, readers: dict[str, MapReader] = READERS
) -> list[PlanMap]:
    """Read the maps of files and folders, in order.

    Args:
        paths: Files or folders.
        choice: What is asked.
        readers: By the end of a file's name.

    Raises:
        MapError: A file cannot be used; one line that names it.
    """
    maps: list[PlanMap] = []
    for path in _files(paths, tuple(readers)):
        if path.suffix not in readers:
            raise MapError(f"{path}: is no map; must end in {', '.join(readers)}")
        maps += readers[path.suffix](path, choice)
    seen: set[str] = set()
    for m in maps:
        if m.name in seen:
            raise MapError(f"two maps have the name '{m.name}'; give one of them at a time")
        seen.add(m.name)
    return maps


def _files(paths: Sequence[Path], suffixes: tuple[str, ...]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix in suffixes)
        if not inside:
            raise MapError(f"{path}: holds no map ({', '.join(suffixes)})")
        yield from inside


def random_queries(path: Path, terrain: Terrain, choice: Choice) -> tuple[Query, ...]:
    """Return random pairs of start and goal that a path connects.

    Raises:
        MapError: There are no two such cells.
    """
    n = choice.n_queries or DEFAULT_QUERIES
    rng = choice.rng(path.name)
    sizes = np.bincount(terrain.region.ravel())
    sizes[0] = 0
    cells = np.argwhere(sizes[terrain.region] > 1)
    if len(cells) == 0:
        raise MapError(f"{path}: no two free cells are connected for this robot")
    goals = [_cell(cells[i]) for i in rng.integers(len(cells), size=n)]
    if choice.all_starts:
        return tuple(Query(None, goal) for goal in goals)
    regions = terrain.region[cells[:, 0], cells[:, 1]]
    wanted = {int(terrain.region[goal]) for goal in goals}
    connected = {region: np.flatnonzero(regions == region) for region in wanted}
    queries = []
    for goal in goals:
        same = connected[int(terrain.region[goal])]
        start = goal
        while start == goal:
            start = _cell(cells[same[rng.integers(len(same))]])
        queries.append(Query(start, goal))
    return tuple(queries)


def _cell(pair: np.ndarray) -> Cell:
    row, column = pair.tolist()
    return row, column
