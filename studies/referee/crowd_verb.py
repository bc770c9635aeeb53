"""The verb `crowd`: drive among people of navground who see the robot and answer it."""

from __future__ import annotations

import argparse

import numpy as np

from mme_ilqr_ros.command_line import names
from mme_ilqr_ros.errors import InputError
from studies.referee import running
from studies.referee.crowd_run import AGENTS, drive
from studies.referee.crowd_worlds import CROWDS
from studies.referee.driver import DRIVERS, driver_of
from studies.referee.run import Run

ABOUT = """\
Drive among people of navground, who see the robot and answer it; the robot sees them by navground's
lidar alone. Counted is also who moved into whom: of two that touch, who came nearer the faster.
"""
EXAMPLES = """\
examples:
  python -m studies crowd --trials 5 --jobs 2 --out out/crowd
  python -m studies crowd --crowds square --people ORCA --drivers mme_ilqr,dwa --out out/orca

The drivers HL, ORCA and SocialForce are navground's own, in the robot's place: they are told where
everybody is, and are what the time of the others is to be compared with. DIR gets results.csv (a
row per run), summary.json, and with --plots a picture per run.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--crowds", metavar="a,b,c", default=",".join(CROWDS), help="(%(default)s)")
    add("--people", choices=AGENTS, default="HL", help="how they avoid each other (%(default)s)")
    add(
        "--drivers",
        metavar="a,b,c",
        default="mme_ilqr,HL",
        help=f"of {', '.join([*DRIVERS, *AGENTS])}, or module:Class (%(default)s)",
    )
    running.add_arguments(parser)


def run(options: argparse.Namespace, command: str) -> str:
    """Drive every driver through every crowd; return the tables.

    Raises:
        InputError: Something given cannot be used.
    """
    drivers, crowds = names(options.drivers), names(options.crowds)
    for name in drivers:
        if name not in AGENTS:
            driver_of(name)  # before the first run, not in its middle
    for name in crowds:
        if name not in CROWDS:
            raise InputError(f"--crowds {name}: there is {', '.join(CROWDS)}")
    tasks = [
        (driver, crowd, options.people, options.seed + trial)
        for driver in drivers
        for crowd in crowds
        for trial in range(options.trials)
    ]
    return running.run_them(_drive, tasks, options, command, "navground")


def _drive(driver: str, crowd: str, people: str, seed: int) -> Run:
    return drive(driver, CROWDS[crowd](np.random.default_rng(seed)), people, seed)
