"""Length and clearance of planned paths on ROS maps, by the cost that the planner uses.

Beside each shipped weight file stands its baseline in one line of code: for `shortest`
`where(occupied, 1e5, 1)`, for `clearance` the formula that its demonstrations were made with.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting.rows import table
from mme_ilqr_ros.training.tasks.clearance import clearance_in_radii, hidden_cost
from studies.compare.map_pictures import draw_map

_STEP = 0.02  # m between the points of a path where clearance is looked up
_SHORTEST_WAY = 2.0  # m between start and goal
_SEED = 20_231_024
INFLATION = (4.0, 3.0, 0.35)
"""Weight, decay [1/m] and reach [m] of an inflation as it is usual: 1 + 4 exp(-3 clearance)."""


@dataclass(frozen=True)
class PathRow:
    """One path.

    Attributes:
        length: [m].
        least: Least clearance between the robot's edge and an obstacle [m].
        mean: Mean clearance along the path [m].
        fallback: Whether exact search had to rescue the learned planner.
    """

    length: float
    least: float
    mean: float
    fallback: bool


def planners(radius: float) -> dict[str, GlobalPlanner]:
    """Return the planners to compare, for a robot's radius [m]."""

    def settings(kind: str, weights: str = "clearance") -> PlannerSettings:
        # The costs as they were learned and typed in, not limited by max_detour.
        return PlannerSettings(kind=kind, weights=weights, robot_radius=radius, max_detour=100.0)

    return {
        "dijkstra": GlobalPlanner(settings("dijkstra")),
        "dijkstra + inflation": GlobalPlanner(settings("id_vin"), cost_model=inflated),
        "shortest": GlobalPlanner(settings("id_vin", "shortest")),
        "walls 1e5, else 1": GlobalPlanner(settings("id_vin"), cost_model=walls_only),
        "clearance": GlobalPlanner(settings("id_vin")),
        "clearance, as it ships": GlobalPlanner(PlannerSettings(robot_radius=radius)),
        "formula of clearance": GlobalPlanner(settings("id_vin"), cost_model=formula),
    }


def walls_only(terrain: Terrain) -> np.ndarray:
    """Return the cost that the weights `shortest` have learned, typed in."""
    return np.where(terrain.blocked, 1e5, 1.0)


def formula(terrain: Terrain) -> np.ndarray:
    """Return the cost that the weights `clearance` were learned from."""
    radius = max(terrain.radius / terrain.grid.resolution, 0.5)
    return hidden_cost(clearance_in_radii(terrain.grid.occupied, radius))


def inflated(terrain: Terrain) -> np.ndarray:
    """Return the cost of a usual inflation, tuned in metres."""
    weight, decay, reach = INFLATION
    gap = gap_of(terrain.grid, terrain.radius)
    return 1.0 + np.where(gap < reach, weight * np.exp(-decay * np.maximum(gap, 0.0)), 0.0)


def gap_of(grid: GridMap, radius: float) -> np.ndarray:
    """Return [H, W] distance from a robot's edge to the nearest obstacle's face [m]."""
    if not grid.occupied.any():
        return np.full(grid.shape, np.inf)
    cells = ndimage.distance_transform_edt(~grid.occupied)
    return (cells - 0.5) * grid.resolution - radius


def queries(grid: GridMap, radius: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return [n, 2, 2] starts and goals [m] that a way joins, not next to each other."""
    terrain = Terrain.build(grid, radius, allow_unknown=False)
    sizes = np.bincount(terrain.region.ravel())
    sizes[0] = 0
    cells = np.argwhere(terrain.region == sizes.argmax())
    found: list[np.ndarray] = []
    for _ in range(1000 * n):
        ends = grid.centre_of(cells[rng.integers(len(cells), size=2)])
        if np.linalg.norm(ends[1] - ends[0]) > _SHORTEST_WAY:
            found.append(ends)
        if len(found) == n:
            break
    return np.array(found)


def row_of(path: Path, gap: np.ndarray, grid: GridMap, fallback: bool) -> PathRow:
    """Measure a path."""
    along = path.point_at(np.linspace(0.0, path.length, max(2, int(path.length / _STEP))))
    cells = grid.cell_at(along)
    gaps = gap[cells[:, 0], cells[:, 1]]
    return PathRow(path.length, float(gaps.min()), float(np.minimum(gaps, 2.0).mean()), fallback)


def compare(
    grid: GridMap, asked: np.ndarray, radius: float, on_done: Callable[[], None]
) -> dict[str, list[PathRow | None]]:
    """Return a row, or None without a path, for every planner and query."""
    gap = gap_of(grid, radius)
    rows: dict[str, list[PathRow | None]] = {}
    for name, planner in planners(radius).items():
        rows[name] = []
        for start, goal in asked:
            result = planner.plan(grid, start, goal)
            row = None
            if result.path is not None:
                row = row_of(result.path, gap, grid, result.fallback_used)
            rows[name].append(row)
            on_done()
    return rows


def summary(rows: Mapping[str, list[PathRow | None]]) -> dict[str, dict[str, float]]:
    """Return means over the queries that every planner answered, by planner."""
    answered = [
        k
        for k in range(len(next(iter(rows.values()))))
        if all(r[k] is not None for r in rows.values())
    ]
    base = np.array([rows["dijkstra"][k].length for k in answered])
    means = {}
    for name, each in rows.items():
        found = [each[k] for k in answered]
        means[name] = {
            "success": float(np.mean([r is not None and not r.fallback for r in each])),
            "length ratio": float(np.mean([r.length for r in found] / base)),
            "least clearance [m]": float(np.mean([r.least for r in found])),
            "mean clearance [m]": float(np.mean([r.mean for r in found])),
        }
    return means


def markdown(tables: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Return the tables of all maps as one."""
    rows = [
        {"map": name, "planner": planner, "success": row["success"], "means": list(row.values())}
        for name, means in tables.items()
        for planner, row in means.items()
    ]
    columns = {
        **{"map": "{map}", "planner": "{planner}", "success": "{success:.0%}"},
        **{"length ratio": "{means[1]:.3f}", "least clearance [m]": "{means[2]:.3f}"},
        "mean clearance [m]": "{means[3]:.3f}",
    }
    return table(rows, columns) + "\n"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `run`."""
    add = parser.add_argument
    add("--maps", type=FilePath, nargs="+", required=True, help="map_server YAML files or folders")
    add("--robot-radius", type=float, default=0.2, metavar="M", help="default %(default)s")
    add("--queries", type=positive_int, default=40, help="on each map, default %(default)s")
    add("--seed", type=int, default=0, help="of starts and goals, default %(default)s")


def run(options: argparse.Namespace) -> tuple[str, dict[str, dict[str, dict[str, float]]]]:
    """Compare on all maps and draw each; return the table as text and as numbers.

    Raises:
        MapError: A map cannot be used.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    files = [f for p in options.maps for f in (sorted(p.glob("*.yaml")) if p.is_dir() else [p])]
    radius = PlannerSettings(robot_radius=options.robot_radius).least_distance
    tables = {}
    total = len(files) * options.queries * len(planners(options.robot_radius))
    with ProgressBar(total, "path") as bar:
        for file in files:
            grid = load_map(file)
            rng = np.random.default_rng([_SEED, options.seed])
            asked = queries(grid, radius, options.queries, rng)
            if not len(asked):
                raise MapError(
                    f"{file}: no start and goal {_SHORTEST_WAY:g} m apart that a way joins"
                )
            rows = compare(grid, asked, options.robot_radius, bar.step)
            tables[file.stem] = summary(rows)
            draw_map(options.out / f"{file.stem}.png", grid, asked, planners(options.robot_radius))
    return markdown(tables), tables
