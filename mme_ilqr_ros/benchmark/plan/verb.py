"""`mme-ilqr plan`: the global planner on grids."""

from __future__ import annotations

import argparse
import itertools
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mme_ilqr_ros import __version__
from mme_ilqr_ros.benchmark.plan.judge import Judged, judge
from mme_ilqr_ros.benchmark.plan.maps import Choice, PlanMap, load_maps
from mme_ilqr_ros.benchmark.plan.planners import Planner, make_planner, weights_file
from mme_ilqr_ros.benchmark.plan.summary import (
    grouped,
    peer_rows,
    peer_table,
    table,
    totals,
    write_rows,
)
from mme_ilqr_ros.benchmark.progress import Counter
from mme_ilqr_ros.benchmark.summary import write_json
from mme_ilqr_ros.benchmark.usage import UsageError, not_negative, positive_int, whole
from mme_ilqr_ros.geometry.grid_map import MapError
from mme_ilqr_ros.planning.weights import SHORTEST, WeightsError
from studies.plan.peers import PeerTimes, time_peers

PLANNERS = ("id_vin", "vin", "id_gppn", "gppn", "id_symvin", "symvin", "dijkstra")
MAZE_PICTURES = 3  # of one maze set

ABOUT = """\
Plan on grids, query by query, and compare each path with the shortest one.

PATH is a map_server YAML file, a MovingAI .map (with NAME.map.scen or NAME-random-1.scen beside
it, whose problems are then the queries), a maze set .npz, or a folder of them. Moves are eight,
straight 1, diagonal 1.41, without cutting corners; four where a maze set has four.
"""
EXAMPLES = """\
examples:
  mme-ilqr plan --maps movingai --planner dijkstra --out out/movingai
  mme-ilqr plan --maps depot.yaml tb3_sandbox.yaml --planner id_vin --out out/ros
  mme-ilqr plan --maps diffplan_m15.npz --planner id_vin --mask off --all-starts --out out/m15

success: the path found by following the planner's own values arrives without touching an occupied
cell and without help. fallback: it did not, and exact search had to rescue it. optimal: the path
is a shortest one, to 1e-3 cells. dijkstra is the package's own exact solver on uniform cost; id_vin
the same solver on a learned cost. All lengths are true ones, in cells. DIR gets summary.json,
results.csv (a row per query) and a picture per map. Times are those of the processor in one thread
(of models with a free kernel, those that pass). Compare times of one machine only.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--maps", nargs="+", type=Path, required=True, metavar="PATH", help="files or folders")
    add("--planner", choices=PLANNERS, default="id_vin", help="who plans (%(default)s)")
    add(
        "--weights",
        default="",
        metavar="shortest|clearance|FILE",
        help="of a learned planner (shortest); those of a model with a free kernel are a FILE",
    )
    add(
        "--mask",
        choices=("on", "off"),
        default="on",
        help="off: a learned planner is not told what is occupied, but must know (%(default)s)",
    )
    add(
        "--queries",
        type=positive_int,
        metavar="N",
        help="per map or maze set (all that a data set poses, else 100)",
    )
    add("--seed", type=whole, default=0, metavar="S", help="of the random queries (0)")
    add("--all-starts", action="store_true", help="plan from every cell that can reach the goal")
    add(
        "--robot-radius",
        type=not_negative,
        metavar="M",
        help="m by which obstacles grow (0.2 on map_server maps, 0 on others, whose cells are 1 m)",
    )
    add(
        "--device", choices=("cpu", "cuda"), default="cpu", help="of torch's planners (%(default)s)"
    )
    add("--peers", type=whole, default=5, metavar="K", help="queries per map timed on peers (5)")
    add("--no-plots", action="store_true", help="draw nothing")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def run(options: argparse.Namespace, command: str) -> str:
    """Plan what the command line asks for; return the report.

    Raises:
        UsageError: Something given cannot be used; one line that names it.
    """
    try:
        planner = make_planner(
            options.planner, options.weights, options.mask == "on", options.device
        )
        choice = Choice(options.queries, options.seed, options.all_starts, options.robot_radius)
        maps = load_maps(options.maps, choice)
    except (MapError, WeightsError) as error:
        raise UsageError(str(error)) from error
    options.out.mkdir(parents=True, exist_ok=True)
    judged: list[Judged] = []
    times: list[PeerTimes] = []
    try:
        _judge_all(maps, planner, judged)
        times = time_peers(maps, options.peers) if options.peers else []
    finally:  # what was planned before an interruption is not lost
        if judged:
            write_rows(judged, options.out / "results.csv")
            write_json(_content(options, command, judged, times), options.out / "summary.json")
    if not options.no_plots:
        _draw(maps, planner, options)
    return "\n\n".join(filter(None, [table(judged), peer_table(times) if times else ""]))


def _judge_all(maps: Sequence[PlanMap], planner: Planner, judged: list[Judged]) -> None:
    """Judge every query of every map, and tell about it file by file."""
    with Counter(sum(len(m.queries) for m in maps), "query") as counter:
        for group, members in itertools.groupby(maps, key=lambda m: m.group):
            before = len(judged)
            for m in members:
                for query in m.queries:
                    judged.append(judge(m, query, planner))
                    counter.step()
            done = judged[before:]
            counter.line(f"{group}: {len(done)} queries, success {totals(done)['success']:.2%}")


def _draw(maps: Sequence[PlanMap], planner: Planner, options: argparse.Namespace) -> None:
    # matplotlib takes a second to load, and not every benchmark draws.
    from mme_ilqr_ros.benchmark.plan.pictures import draw_plan

    drawn: dict[str, int] = {}
    for m in maps:
        drawn[m.group] = drawn.get(m.group, 0) + 1
        if drawn[m.group] <= MAZE_PICTURES:
            weights = f" {options.weights or SHORTEST}, mask {options.mask}"
            title = f"{m.name}: {options.planner}{weights if planner.is_learned else ''}"
            draw_plan(m, planner, title, options.out / f"{m.name.replace('/', '_')}.png")


def _content(
    options: argparse.Namespace,
    command: str,
    judged: Sequence[Judged],
    times: Sequence[PeerTimes],
) -> dict[str, Any]:
    learned = options.planner != "dijkstra"
    settings = {
        "planner": options.planner,
        "weights": weights_file(options.weights).name if learned else None,
        "mask": options.mask,
        "queries": options.queries,
        "seed": options.seed,
        "all_starts": options.all_starts,
        "robot_radius": options.robot_radius,
        "device": options.device,
    }
    by_map = grouped(judged, lambda j: j.map)
    by_file = grouped(judged, lambda j: j.group)
    return {
        "command": command,
        "version": __version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}",
        "settings": settings,
        "totals": totals(judged),
        "peers": peer_rows(times),
        "per_file": {name: totals(group) for name, group in by_file.items()},
        "per_map": {name: totals(group) for name, group in by_map.items()},
        "queries": [j.row() for j in judged],
    }
