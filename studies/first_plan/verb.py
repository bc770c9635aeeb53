"""The verb `first_plan`: what a robot waits for on maps of millions of cells."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.result import PlanResult
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting import rows as files
from studies.first_plan.maps import KINDS, SHAPES, LargeMap, large_map
from studies.first_plan.node import first_plan_of_node

ABOUT = """\
Time the first plan on maps of 1.7 and 16 million cells, from the map to the path, with the rest of
the field after it, and the plan after a box of 1 m has appeared. `far` starts where the way to the
goal is longest: nearly the whole field is needed. `near` starts 30 m from the goal.
"""
EXAMPLES = """\
examples:
  python -m studies first_plan --out out/first_plan
  python -m studies first_plan --node --sizes "16 M" --out out/first_plan

Processor time of one thread in ms, median and worst of the rounds; wall is the median of the clock.
first: from the map to the path, nothing kept. rest: the field for all other cells, and its form for
controllers. after a box: the next plan, on a map with one more box. --node: a planner node as a
process of its own; from the goal to the plan, by its own clock (~/plan_time) and by the clock of
who asked; the map came before, and processor time is that of the process.
"""
COLUMNS = {
    "map": "{map}",
    "cost": "{weights}",
    "start": "{start}",
    "first": "{first[0]:.0f}, {first[1]:.0f}",
    "wall": "{wall:.0f}",
    "rest": "{rest[0]:.0f}, {rest[1]:.0f}",
    "after a box": "{after[0]:.0f}, {after[1]:.0f}",
    "cells settled": "{share:.0%}",
}
NODE_COLUMNS = {
    "map": "{map}",
    "start": "{start}",
    "plan_time, ms": "{plan_time[0]:.0f}, {plan_time[1]:.0f}",
    "goal to plan, ms": "{wall[0]:.0f}, {wall[1]:.0f}",
    "processor, ms": "{processor[0]:.0f}, {processor[1]:.0f}",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--maps", nargs="+", choices=KINDS, default=list(KINDS), help="(%(default)s)")
    add("--sizes", nargs="+", choices=SHAPES, default=list(SHAPES), help="(%(default)s)")
    add("--weights", nargs="+", default=["clearance", "shortest"], help="(%(default)s)")
    add("--rounds", type=positive_int, default=10, help="of each request (%(default)s)")
    add("--node", action="store_true", help="through a planner node; clearance only")
    add("--seed", type=whole, default=0, help="of goals and starts (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for summary.json")


def run(options: argparse.Namespace, command: str) -> str:
    """Time what the command line asks for; return the table."""
    options.out.mkdir(parents=True, exist_ok=True)
    cases = [(kind, size) for size in options.sizes for kind in options.maps]
    rows: list[dict[str, Any]] = []
    with ProgressBar(len(cases), "map") as progress:
        for kind, size in cases:
            large = large_map(kind, size, options.seed)
            if options.node:
                rows += [first_plan_of_node(large, start, options.rounds) for start in large.starts]
            else:
                rows += [
                    timed(large, weights, start, options.rounds)
                    for weights in options.weights
                    for start in large.starts
                ]
            progress.step(large.name)
    files.write_json({**files.facts(command), "rows": rows}, options.out / "summary.json")
    return files.table(rows, NODE_COLUMNS if options.node else COLUMNS)


def timed(large: LargeMap, weights: str, start: str, rounds: int) -> dict[str, Any]:
    """Return a row: times in ms of requests from one start, nothing kept at the first."""
    settings = PlannerSettings(weights=weights)
    GlobalPlanner(settings).warm_up()
    ends = large.starts[start], large.goal
    found: dict[str, list[float]] = {"first": [], "rest": [], "after": [], "wall": []}
    share = 0.0
    for _ in range(rounds):
        planner = GlobalPlanner(settings)
        first = _clocked(lambda p=planner: p.plan(large.grid, *ends, whole_field=False))
        result: PlanResult = first[2]
        assert result.path is not None, result.message
        assert result.solved is not None  # there is a path
        rest = _clocked(result.solved.advance)
        after = _clocked(lambda p=planner: p.plan(large.changed, *ends, whole_field=False))
        share = result.iterations / result.solved.field.n_settled
        for name, value in (("first", first[0]), ("rest", rest[0]), ("after", after[0])):
            found[name].append(value)
        found["wall"].append(first[1])
    worst = {name: (float(np.median(ms)), max(ms)) for name, ms in found.items()}
    row = {"map": large.name, "weights": weights, "start": start, "share": share}
    return {**row, **worst, "wall": worst["wall"][0]}


def _clocked(function: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return the processor and the clock's time of a call in ms, and what it returns."""
    begun, clock = time.thread_time(), time.perf_counter()
    result = function()
    return 1e3 * (time.thread_time() - begun), 1e3 * (time.perf_counter() - clock), result
