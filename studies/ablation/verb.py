"""`benchmark ablation`: what each part of the controller earns."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from mme_ilqr_ros.benchmark.drive import Trial, drive
from mme_ilqr_ros.benchmark.jobs import run_all
from mme_ilqr_ros.benchmark.parameters import Parameters, read_parameters
from mme_ilqr_ros.benchmark.progress import shown
from mme_ilqr_ros.benchmark.setup import PLANNERS, Setup
from mme_ilqr_ros.benchmark.summary import write_json
from mme_ilqr_ros.benchmark.usage import (
    UsageError,
    add_job_arguments,
    add_world_arguments,
    names,
    positive,
)
from mme_ilqr_ros.benchmark.worlds import load_worlds
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.settings import flatten
from mme_ilqr_ros.simulation.scenario import Scenario
from studies.ablation.changes import PARTS, Change, chosen
from studies.ablation.report import draw, report, summary, table, write_table

ABOUT = """\
Drive the same worlds with the shipped settings, and with one of them changed at a time: sampler,
correlation of the noise, temperature, number of modes, iterations, horizon, hysteresis, dwelling,
duplicates.
"""
EXAMPLES = """\
examples:
  python -m studies ablation --worlds local_dev.json.gz --trials 2 --jobs 2 --out out/ablation
  python -m studies ablation --worlds trap u_pocket forest --parts sampler,modes --out out/ablation

DIR gets report.md (the table), ablation.csv (a row per change), ablation.png and summary.json (all
runs). The same seed drives the same way whatever the number or place of the jobs.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add_world_arguments(add)
    add("--parts", metavar="a,b,c", default="", help=f"of {', '.join(PARTS)} (all)")
    add(
        "--planner",
        choices=PLANNERS,
        default="none",
        help="whose path is followed; none: the controller heads for the goal itself (%(default)s)",
    )
    add("--params", type=Path, metavar="FILE.yaml", help="settings in place of the shipped ones")
    add("--timeout", type=positive, metavar="S", help="s, in place of the world's")
    add("--robot-radius", type=positive, metavar="M", help="drive as a disc, not as the footprint")
    add_job_arguments(add)
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def run(options: argparse.Namespace, command: str) -> str:
    """Drive every row through every world; return the table.

    Raises:
        UsageError: There is no such part.
        ScenarioError, SettingError, JobsError: Something given cannot be used.
    """
    changes = chosen(_parts(options.parts))
    setups = [_setup(change, options) for change in changes]
    worlds = load_worlds(options.worlds, names(options.ids), options.limit)
    for setup in setups:
        for world in worlds:
            setup.check(world)
    options.out.mkdir(parents=True, exist_ok=True)
    tasks = [
        (change.name, world, setup, trial, options.seed + trial)
        for change, setup in zip(changes, setups, strict=True)
        for world in worlds
        for trial in range(options.trials)
    ]
    results = run_all(_drive, tasks, options.jobs, options.scheduler)
    trials = [trial for _, trial in shown(results, len(tasks), _line, _failed)]
    size = len(worlds) * options.trials
    driven = {change: trials[n * size : (n + 1) * size] for n, change in enumerate(changes)}
    shared = flatten(setups[0].controller_settings(setups[0].apply(worlds[0]), options.seed))
    content = summary(command, shared, driven)
    write_json(content, options.out / "summary.json")
    write_table(content["rows"], options.out / "ablation.csv")
    draw(content["rows"], options.out / "ablation.png")
    (options.out / "report.md").write_text(report(content))
    return table(content["rows"])


def _parts(text: str) -> list[str]:
    parts = names(text)
    for part in parts:
        if part not in PARTS:
            raise UsageError(f"--parts {part}: there is {', '.join(PARTS)}")
    return parts


def _setup(change: Change, options: argparse.Namespace) -> Setup:
    given = read_parameters(options.params) if options.params else Parameters()
    return Setup(
        change.controller,
        options.planner,
        parameters=replace(given, controller={**given.controller, **change.values}),
        timeout=options.timeout,
        robot_radius=options.robot_radius,
    )


def _drive(name: str, world: Scenario, setup: Setup, trial: int, seed: int) -> tuple[str, Trial]:
    return name, replace(drive(world, setup, trial, seed), record=RunRecord())


def _line(driven: tuple[str, Trial]) -> str:
    return f"{driven[0]}: {driven[1].result.line()}"


def _failed(driven: tuple[str, Trial]) -> bool:
    return not driven[1].succeeded
