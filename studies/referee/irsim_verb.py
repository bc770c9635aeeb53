"""The verb `irsim`: the package and other drivers as robots of ir-sim, by its lidar alone."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from mme_ilqr_ros.benchmark.worlds import load_worlds
from mme_ilqr_ros.command_line import names, not_negative, positive, positive_int
from mme_ilqr_ros.errors import InputError
from studies.referee import neupan_worlds, running
from studies.referee.driver import DRIVERS, driver_of
from studies.referee.irsim_run import drive
from studies.referee.irsim_worlds import IrsimWorld, Lidar, of_scenario
from studies.referee.run import Run

ABOUT = """\
Drive as a robot of ir-sim: its physics, its lidar, and it says what is a collision and what has
arrived. A driver gets scans, odometry without drift and the next way point, and nothing else.
"""
EXAMPLES = """\
examples:
  python -m studies irsim --worlds local_dev.json.gz --families trap,pocket --speeds 0.63,1,2 \\
    --jobs 2 --out out/traps
  python -m studies irsim --neupan ../NeuPAN --drivers mme_ilqr,dwa --trials 3 --out out/neupan
  python -m studies irsim --worlds trap --drivers my_package.mine:Mine --plots --out out/mine

DIR gets results.csv (a row per run), summary.json, and with --plots a picture per run. --neupan
names a copy of NeuPAN's repository, whose example worlds are driven with their own lidar, robot,
limits and way points; nothing of it is included here (docs/referee.md says how it was run beside).
A driver of your own derives from studies.referee.driver.Driver.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add, lidar = parser.add_argument, Lidar()
    add("--worlds", nargs="+", type=Path, default=[], metavar="PATH", help="this project's worlds")
    add("--ids", metavar="a,b,c", default="", help="only these worlds")
    add("--families", metavar="a,b,c", default="", help="only these kinds of --worlds")
    add("--neupan", type=Path, metavar="PATH", help="a copy of NeuPAN's repository")
    add("--speeds", metavar="a,b,c", default="", help="top speeds in m/s (the world's own)")
    add(
        "--drivers",
        metavar="a,b,c",
        default="mme_ilqr",
        help=f"of {', '.join(DRIVERS)}, or module:Class (%(default)s)",
    )
    lidar_help = "of the lidar in --worlds (%(default)s)"
    add("--beams", type=positive_int, default=lidar.beams, metavar="N", help=lidar_help)
    degrees = round(math.degrees(lidar.field_of_view))
    add("--field-of-view", type=positive, default=degrees, metavar="DEG", help=f"°, {lidar_help}")
    add("--range", type=positive, default=lidar.range_max, metavar="M", help=f"m, {lidar_help}")
    add("--noise", type=not_negative, default=lidar.noise, metavar="M", help=f"m, {lidar_help}")
    running.add_arguments(parser)


def run(options: argparse.Namespace, command: str) -> str:
    """Drive every driver through every world; return the tables.

    Raises:
        InputError: Something given cannot be used.
    """
    worlds, drivers = _worlds(options), names(options.drivers)
    for name in drivers:
        driver_of(name)  # before the first run, not in its middle
    tasks = [
        (world, name, options.seed + trial)
        for name in drivers
        for world in worlds
        for trial in range(options.trials)
    ]
    return running.run_them(_drive, tasks, options, command, "ir-sim")


def _drive(world: IrsimWorld, name: str, seed: int) -> Run:
    return drive(world, name, driver_of(name), seed)


def _worlds(options: argparse.Namespace) -> list[IrsimWorld]:
    """Return what to drive, once for each speed.

    Raises:
        InputError: A world cannot be used, or there is none.
    """
    speeds = [_speed(text) for text in names(options.speeds)] or [None]
    lidar = Lidar(options.beams, math.radians(options.field_of_view), options.range, options.noise)
    makers: list[Callable[[float | None], IrsimWorld]] = []
    families = names(options.families)
    ids = names(options.ids)
    for world in load_worlds(options.worlds, ids if options.worlds else ()):
        if not families or world.family in families:
            makers.append(lambda speed, w=world: of_scenario(w, speed or w.robot.vx_max, lidar))
    if options.neupan is not None:
        chosen = [] if options.worlds else ids
        for name in chosen or neupan_worlds.WORLDS:
            makers.append(lambda speed, n=name: neupan_worlds.read_world(options.neupan, n, speed))
    if not makers:
        raise InputError("no world: give --worlds PATH or --neupan PATH")
    return [make(speed) for make in makers for speed in speeds]


def _speed(text: str) -> float:
    try:
        return positive(text)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"--speeds: {error}") from error
