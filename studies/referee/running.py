"""Drivers through worlds, one run after another: pictures, files and tables."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from mme_ilqr_ros.benchmark.jobs import add_job_arguments, run_all
from studies.referee.results import write_results
from studies.referee.run import End, Run, report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that all referees have."""
    add = parser.add_argument
    add_job_arguments(add)
    add("--plots", action="store_true", help="a PNG per run")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def run_them(
    function: Callable[..., Run],
    tasks: Sequence[tuple],
    options: argparse.Namespace,
    command: str,
    referee: str,
) -> str:
    """Run `function(*task)` for every task, write what came of it, and return the tables.

    Args:
        function: Drives.
        tasks: Its arguments.
        options: Say where the jobs run, what is drawn and where it goes.
        command: As typed.
        referee: Name on PyPI of the simulator.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    try:
        for run in run_all(function, tasks, Run.line, _failed, options.jobs, options.scheduler):
            if options.plots:
                # matplotlib takes a second to load.
                from studies.referee.pictures import draw

                draw(run, options.out / f"{run.picture_name}.png")
            runs.append(run)
    finally:  # what was driven before an interruption is not lost
        if runs:
            write_results(command, referee, runs, options.out)
    return report(runs)


def _failed(run: Run) -> bool:
    return run.end is not End.REACHED
