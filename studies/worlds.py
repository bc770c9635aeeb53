"""The same worlds, driven with several setups: what the studies of controllers have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from mme_ilqr_ros.benchmark.drive import Trial, drive
from mme_ilqr_ros.benchmark.jobs import add_job_arguments, run_all
from mme_ilqr_ros.benchmark.setup import PLANNERS, Setup
from mme_ilqr_ros.benchmark.worlds import add_world_arguments, load_worlds, notes_of
from mme_ilqr_ros.command_line import names, positive
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.simulation.scenario import Scenario

Driven = tuple[str, Trial]
"""A trial, and the name of its setup."""


def add_arguments(add: Callable[..., argparse.Action]) -> None:
    """Add the arguments that choose worlds, planner, trials and output."""
    add_world_arguments(add)
    add(
        "--planner",
        choices=PLANNERS,
        default="none",
        help="source of the path; none: the controller heads for the goal itself (%(default)s)",
    )
    add_job_arguments(add)
    add("--timeout", type=positive, metavar="S", help="s, in place of the world's")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def chosen_worlds(options: argparse.Namespace, setups: Mapping[str, Setup]) -> list[Scenario]:
    """Return the worlds, each checked against each setup.

    Raises:
        InputError: A world or a setup cannot be used.
    """
    worlds = load_worlds(options.worlds, names(options.ids), options.limit)
    sys.stderr.write(notes_of(worlds))
    for setup in setups.values():
        for world in worlds:
            setup.check(world)
    return worlds


def drive_all(
    options: argparse.Namespace,
    worlds: list[Scenario],
    setups: Mapping[str, Setup],
    draw: Callable[[Driven], None] | None = None,
) -> dict[str, list[Trial]]:
    """Drive every setup through every world; return the trials by setup, without their records.

    Args:
        options: Say how often, and where the jobs run.
        worlds: To drive.
        setups: By name.
        draw: Gets every trial with its record.
    """
    tasks = [
        (name, world, setup, trial, options.seed + trial, draw is not None)
        for name, setup in setups.items()
        for world in worlds
        for trial in range(options.trials)
    ]
    trials: dict[str, list[Trial]] = {name: [] for name in setups}
    for name, trial in run_all(_drive, tasks, _line, _failed, options.jobs, options.scheduler):
        if draw is not None:
            draw((name, trial))
        trials[name].append(replace(trial, record=RunRecord()))
    return trials


def _line(driven: Driven) -> str:
    return f"{driven[0]}: {driven[1].result.line()}"


def _failed(driven: Driven) -> bool:
    return not driven[1].succeeded


def _drive(name: str, world: Scenario, setup: Setup, trial: int, seed: int, keep: bool) -> Driven:
    finished = drive(world, setup, trial, seed)
    return name, finished if keep else replace(finished, record=RunRecord())
