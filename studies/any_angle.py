"""How much longer planned paths are than the shortest polyline at any angle, and what that takes.

The shortest one is exact among polylines between centres of free cells: Dijkstra's algorithm on the
visibility graph of all free cells beside a blocked one, in which a shortest polyline turns.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cell_path import is_apart, line_cost, straighten
from mme_ilqr_ros.planning.field import follow, solve_field
from mme_ilqr_ros.planning.taut import pull_taut
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting import rows as files
from studies.plan.movingai import read_movingai_map

ABOUT = """\
Compare paths on uniform cost with the shortest polyline at any angle between centres of free cells:
the walk of grid moves, its straight lines by greedy choice alone, and these pulled taut.
"""
EXAMPLES = """\
examples:
  python -m studies any_angle den312d.map Berlin_0_256.map depot.yaml --out out/any_angle

Lengths are in % above the shortest, median and worst of the queries; times are processor time in
ms, median and 95 % of the queries.
"""
COLUMNS = {
    "map": "{map}",
    "queries": "{queries}",
    "grid moves": "{moves[0]:.2f}, {moves[1]:.2f}",
    "greedy": "{greedy[0]:.2f}, {greedy[1]:.2f}",
    "taut": "{taut[0]:.2f}, {taut[1]:.2f}",
    "greedy, ms": "{greedy_ms[0]:.2f}, {greedy_ms[1]:.2f}",
    "taut, ms": "{taut_ms[0]:.2f}, {taut_ms[1]:.2f}",
}
Floats = NDArray[np.float64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("maps", nargs="+", type=Path, metavar="MAP", help="MovingAI .map, or map_server .yaml")
    add("--queries", type=positive_int, default=100, help="on each map (%(default)s)")
    add("--radius", type=float, default=0.2, help="of the robot on .yaml maps [m] (%(default)s)")
    add("--seed", type=whole, default=0, help="of the queries (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for summary.json")


def run(options: argparse.Namespace, command: str) -> str:
    """Compare what the command line asks for; return the table."""
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    with ProgressBar(len(options.maps), "map") as progress:
        for path in options.maps:
            blocked, radius = read_map(path, options.radius)
            rows.append({"map": path.stem, **compared(blocked, radius > 0.5, options)})
            progress.step(path.stem)
    files.write_json({**files.facts(command), "rows": rows}, options.out / "summary.json")
    return files.table(rows, COLUMNS)


def read_map(path: Path, radius: float) -> tuple[NDArray[np.bool_], float]:
    """Return the blocked cells [H, W] of a map and the robot's radius on it [cells]."""
    if path.suffix == ".map":
        return read_movingai_map(path), 0.0
    terrain = Terrain.build(load_map(path), radius, allow_unknown=False)
    return terrain.blocked, terrain.radius_in_cells


def compared(
    blocked: NDArray[np.bool_], apart: bool, options: argparse.Namespace
) -> dict[str, Any]:
    """Return a row: lengths above the shortest in %, and times in ms."""
    rng = np.random.default_rng(options.seed)
    cost = np.where(blocked, np.inf, 1.0)
    region = Terrain.build(GridMap(blocked, 1.0, Pose(0.0, 0.0, 0.0)), 0.0, True).region
    cells = np.argwhere(region == np.bincount(region[region > 0]).argmax())
    found: dict[str, list[float]] = {}
    for _ in range(options.queries):
        start, goal = (tuple(cell.tolist()) for cell in cells[rng.integers(len(cells), size=2)])
        points = follow(solve_field(cost, goal, until=start), start).cells + 0.5
        if len(points) < 3:
            continue
        begun = time.thread_time()
        greedy = points[straighten(points, cost, apart)]
        between = time.thread_time()
        taut = pull_taut(greedy, cost, apart)
        ended = time.thread_time()
        shortest = shortest_length(points[0], points[-1], cost, apart, length(taut))
        for name, line in (("moves", points), ("greedy", greedy), ("taut", taut)):
            found.setdefault(name, []).append(100.0 * (length(line) / shortest - 1.0))
        found.setdefault("greedy_ms", []).append(1e3 * (between - begun))
        found.setdefault("taut_ms", []).append(1e3 * (ended - between))
    row: dict[str, Any] = {"queries": len(found["taut"])}
    for name, values in found.items():
        upper = np.percentile(values, 95) if name.endswith("ms") else max(values)
        row[name] = float(np.median(values)), float(upper)
    return row


def length(points: Floats) -> float:
    """Return the length of a polyline [N, 2]."""
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def shortest_length(start: Floats, goal: Floats, cost: Floats, apart: bool, known: float) -> float:
    """Return the length of the shortest polyline between centres of free cells.

    Args:
        start: Centre of a cell [2], in cells.
        goal: Centre of a cell [2].
        cost: [H, W] 1 or inf.
        apart: See `cell_path.straighten`.
        known: Length of a polyline that is allowed; only shorter ones are looked for.
    """
    blocked = np.isinf(cost)
    beside = ndimage.binary_dilation(blocked, np.ones((3, 3), bool)) & ~blocked
    corners = np.concatenate([[start, goal], np.argwhere(beside) + 0.5])
    # No shorter polyline leaves the ellipse round both ends.
    around = np.hypot(*(corners - start).T) + np.hypot(*(corners - goal).T)
    corners = corners[around <= known * (1.0 + 1e-9)]
    return min(known, float(_dijkstra(corners, cost, apart, known)))


@compiled
def _dijkstra(corners: Floats, cost: Floats, apart: bool, known: float) -> float:
    """Return the length from corner 0 to corner 1 over lines that are allowed; inf for none."""
    n = len(corners)
    best = np.full(n, np.inf)
    is_settled = np.zeros(n, np.bool_)
    best[0] = 0.0
    while True:
        at, least = -1, np.inf
        for k in range(n):
            to_goal = np.hypot(corners[k, 0] - corners[1, 0], corners[k, 1] - corners[1, 1])
            if not is_settled[k] and best[k] + to_goal < least:
                at, least = k, best[k] + to_goal
        if at == 1 or at < 0 or least > known * (1.0 + 1e-9):
            return best[1]
        is_settled[at] = True
        for k in range(n):
            away = np.hypot(corners[k, 0] - corners[at, 0], corners[k, 1] - corners[at, 1])
            if is_settled[k] or best[at] + away >= best[k]:
                continue
            if line_cost(corners[at], corners[k], cost) < np.inf and (
                not apart or is_apart(corners[at], corners[k], cost)
            ):
                best[k] = best[at] + away
