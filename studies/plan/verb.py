"""The verb `plan` of the studies: more planners, data sets, other libraries' search."""

from __future__ import annotations

import argparse
from typing import Any

from mme_ilqr_ros.benchmark.plan import verb
from mme_ilqr_ros.benchmark.plan.judge import Judged
from mme_ilqr_ros.benchmark.plan.maps import Choice, load_maps
from mme_ilqr_ros.benchmark.plan.planners import EXACT
from mme_ilqr_ros.command_line import whole
from studies.plan.all_starts import judge_starts
from studies.plan.maps import READERS
from studies.plan.peers import peer_rows, peer_table, time_peers
from studies.plan.planners import BASELINES, PLANNERS, make_planner

ABOUT = """\
Plan on grids, query by query, and compare each path with the shortest one.

PATH is a map_server YAML file, a MovingAI .map (with NAME.map.scen or NAME-random-1.scen beside
it, whose problems are then the queries), a maze set .npz, or a folder of them. Moves are eight,
straight 1, diagonal 1.41, without cutting corners; four where a maze set has four.
"""
EXAMPLES = f"""\
examples:
  python -m studies plan --maps movingai --planner dijkstra --out out/movingai
  python -m studies plan --maps diffplan_m15.npz --mask off --all-starts --out out/m15
  python -m studies plan --maps diffplan_m15.npz --planner walls --mask off --all-starts --out out/w

{verb.FIGURES}
walls and formula are costs typed in, as baselines for learned ones: 1e5 where a cell is occupied,
else 1; and the expert's cost of clearance that the weights `clearance` were learned from.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    verb.add_arguments(parser, PLANNERS)
    add = parser.add_argument
    add(
        "--mask",
        choices=("on", "off"),
        default="on",
        help="off: occupied cells are not closed, the planner's cost must say so (%(default)s)",
    )
    add("--all-starts", action="store_true", help="plan from every cell that can reach the goal")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="of planners in torch (cpu)")
    add("--peers", type=whole, default=5, metavar="K", help="queries per map timed on peers (5)")


def run(options: argparse.Namespace, command: str) -> str:
    """Plan what the command line asks for; return the report.

    Raises:
        InputError: Something given cannot be used; one line that names it.
    """
    planner = make_planner(options.planner, options.weights, options.mask == "on", options.device)
    choice = Choice(options.queries, options.seed, options.all_starts, options.robot_radius)
    maps = load_maps(options.maps, choice, READERS)
    settings = verb.settings_of(options, EXACT, *BASELINES)
    options.out.mkdir(parents=True, exist_ok=True)
    judged: list[Judged] = []
    more: dict[str, Any] = {}
    try:
        verb.judge_all(maps, planner, judge_starts, judged)
        times = time_peers(maps, options.peers) if options.peers else []
        more["peers"] = peer_rows(times)
    finally:  # what was planned before an interruption is not lost
        verb.write_results(command, settings, judged, options.out, more)
    if not options.no_plots:
        verb.draw(maps, planner, settings, options.out)
    return "\n\n".join([verb.report(judged), *([peer_table(times)] if times else [])])
