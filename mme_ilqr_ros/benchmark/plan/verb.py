"""`mme-ilqr plan`: the global planner on maps."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.benchmark.plan.judge import Judged, judge
from mme_ilqr_ros.benchmark.plan.maps import Choice, PlanMap, Query, load_maps
from mme_ilqr_ros.benchmark.plan.planners import EXACT, Planner, make_planner
from mme_ilqr_ros.command_line import not_negative, positive_int, whole
from mme_ilqr_ros.parameters.planner import weights_file
from mme_ilqr_ros.planning.settings import KINDS, PlannerSettings
from mme_ilqr_ros.planning.weights import SHORTEST
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting.rows import (
    facts,
    grouped,
    percentiles_ms,
    table,
    with_total,
    write_csv,
    write_json,
)

DRAWN = 3  # maps of one file

ABOUT = """\
Plan between random cells of map_server maps and compare each path with the shortest one. Moves are
eight, straight 1, diagonal 1.41, without cutting corners.
"""
FIGURES = """\
success: the path that follows the planner's own cost-to-go reaches the goal without touching an
occupied cell, without the fallback. fallback: it did not, and exact search found one. optimal: at
most 1e-3 cells longer than the shortest. dijkstra is the package's exact solver on uniform cost;
id_vin the same solver on a learned cost. All lengths are geometric, in cells. DIR gets
summary.json, results.csv (a row per query) and a picture per map. Times are processor times of one
thread; compare times of one machine only.
"""
EXAMPLES = f"""\
examples:
  mme-ilqr plan --maps my_floor.yaml --planner dijkstra --out out/floor
  mme-ilqr plan --maps my_floor.yaml --weights clearance --robot-radius 0.3 --out out/floor

{FIGURES}"""
COLUMNS = {
    "maps": "{maps}",
    "starts": "{starts}",
    "success": "{success:.2%}",
    "fallback": "{fallback:.2%}",
    "optimal": "{optimal:.2%}",
    "length ratio mean": "{mean_cost_ratio:.4f}",
    "p95": "{p95_cost_ratio:.4f}",
    "field ms": "{field_ms[median]:.2f}",
    "query ms": "{query_ms[median]:.3f}",
}
Judge = Callable[[PlanMap, Query, Planner], Judged]


def add_arguments(parser: argparse.ArgumentParser, planners: Sequence[str] = KINDS) -> None:
    """Add the verb's arguments to its parser.

    Args:
        parser: Gets them.
        planners: Names to choose from.
    """
    add = parser.add_argument
    add("--maps", nargs="+", type=Path, required=True, metavar="PATH", help="files or folders")
    add("--planner", choices=planners, default=PlannerSettings.kind, help="planner (%(default)s)")
    add(
        "--weights",
        default="",
        metavar=f"{SHORTEST}|clearance|FILE",
        help=f"of a learned planner ({SHORTEST})",
    )
    add("--queries", type=positive_int, metavar="N", help="per file (100)")
    add("--seed", type=whole, default=0, metavar="S", help="of the random queries (0)")
    add(
        "--robot-radius",
        type=not_negative,
        metavar="M",
        help="m by which obstacles grow (0.2 on map_server maps)",
    )
    add("--no-plots", action="store_true", help="draw nothing")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def run(options: argparse.Namespace, command: str) -> str:
    """Plan what the command line asks for; return the report.

    Raises:
        InputError: Something given cannot be used; one line that names it.
    """
    planner = make_planner(options.planner, options.weights)
    choice = Choice(options.queries, options.seed, robot_radius=options.robot_radius)
    maps = load_maps(options.maps, choice)
    settings = settings_of(options, EXACT)
    options.out.mkdir(parents=True, exist_ok=True)
    judged: list[Judged] = []
    try:
        judge_all(maps, planner, judge, judged)
    finally:  # what was planned before an interruption is not lost
        write_results(command, settings, judged, options.out)
    if not options.no_plots:
        draw(maps, planner, settings, options.out)
    return report(judged)


def settings_of(options: argparse.Namespace, *without_weights: str) -> dict[str, Any]:
    """Return the settings for summary.json: all options but places of files.

    Args:
        options: Of the command line.
        without_weights: Planners that have no weights.
    """
    places = {"maps", "out", "no_plots", "verb", "run"}
    chosen = {name: value for name, value in vars(options).items() if name not in places}
    has_weights = options.planner not in without_weights
    return {**chosen, "weights": weights_file(options.weights).name if has_weights else None}


def write_results(
    command: str,
    settings: Mapping[str, Any],
    judged: Sequence[Judged],
    out: Path,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write results.csv and summary.json, with `more` content, unless nothing was judged."""
    if not judged:
        return
    by_file, by_map = grouped(judged, lambda j: j.group), grouped(judged, lambda j: j.map)
    rows = [j.row() for j in judged]
    content = {
        **facts(command),
        "settings": settings,
        "totals": totals(judged),
        **(more or {}),
        "per_file": {name: totals(group) for name, group in by_file.items()},
        "per_map": {name: totals(group) for name, group in by_map.items()},
        "queries": rows,
    }
    write_csv(rows, out / "results.csv")
    write_json(content, out / "summary.json")


def judge_all(
    maps: Sequence[PlanMap], planner: Planner, judge: Judge, judged: list[Judged]
) -> None:
    """Judge every query of every map into `judged`, and report progress file by file."""
    with ProgressBar(sum(len(m.queries) for m in maps), "query") as progress:
        for group, members in itertools.groupby(maps, key=lambda m: m.group):
            before = len(judged)
            asked = [(m, query) for m in members for query in m.queries]
            for k, (m, query) in enumerate(asked, start=1):
                judged.append(judge(m, query, planner))
                progress.step(_line(group, judged[before:]) if k == len(asked) else "")


def _line(group: str, judged: Sequence[Judged]) -> str:
    return f"{group}: {len(judged)} queries, success {totals(judged)['success']:.2%}"


def draw(maps: Iterable[PlanMap], planner: Planner, settings: Mapping[str, Any], out: Path) -> None:
    """Draw the first maps of each file."""
    # matplotlib takes a second to load, and not every benchmark draws.
    from mme_ilqr_ros.benchmark.plan.pictures import draw_plan

    known = [str(settings[key]) for key in ("planner", "weights") if settings[key]]
    for members in grouped(maps, lambda m: m.group).values():
        for m in members[:DRAWN]:
            title = f"{m.name}: {', '.join(known)}"
            draw_plan(m, planner, title, out / f"{m.name.replace('/', '_')}.png")


def totals(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the figures of a group of queries; a start counts as much as any other.

    `stated_error` is the largest difference between the data set's own shortest length and ours
    [cells], None where it states none.
    """
    starts = np.array([j.starts for j in judged])
    ratios = np.concatenate([j.ratios for j in judged])
    stated = [abs(j.query.stated - j.optimal_cost) for j in judged if j.query.stated is not None]
    one = [j for j in judged if j.query.start is not None]
    return {
        "queries": len(judged),
        "starts": int(starts.sum()),
        "success": _fraction([j.success for j in judged], starts),
        "fallback": round(float(np.mean([j.fallback for j in judged])), 6),
        "optimal": _fraction([j.optimal for j in judged], starts),
        "mean_cost_ratio": round(float(ratios.mean()), 6) if len(ratios) else None,
        "p95_cost_ratio": round(float(np.percentile(ratios, 95)), 6) if len(ratios) else None,
        "field_ms": percentiles_ms([j.field_time for j in judged], (50, 95)),
        "query_ms": percentiles_ms([j.query_time for j in one], (50, 95)),
        "stated_error": round(max(stated), 6) if stated else None,
    }


def _fraction(fractions: Sequence[float], starts: np.ndarray) -> float:
    n = starts.sum()
    return round(float(np.dot(fractions, starts) / n), 6) if n else 1.0


def report(judged: Sequence[Judged]) -> str:
    """Return a Markdown table: a row per file, and one for all."""
    groups = with_total(grouped(judged, lambda j: j.group))
    return table(({"maps": name, **totals(group)} for name, group in groups.items()), COLUMNS)
