"""`mme-ilqr warm_up`: compile beforehand what the nodes would compile at their first start."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mme_ilqr_ros import cache_folders
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.simulation.robot_file import controller_parameters, robot_names

if TYPE_CHECKING:
    from mme_ilqr_ros.control.settings import ControllerSettings

ABOUT = """\
Compile what the nodes need, so that their first start takes a second instead of a minute.

What was compiled before is not compiled again. It is kept in ~/.cache/mme_ilqr_ros, or where
MME_ILQR_CACHE_DIR says; colcon's install runs this with --install, which keeps it beside the
package, for every user. All robots that share a model and costs share what is compiled.
"""
EXAMPLES = """\
examples:
  mme-ilqr warm_up
  mme-ilqr warm_up --robot my_robot.yaml
  sudo mme-ilqr warm_up --install      for all users of this machine or image
"""
Job = Callable[[], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add, shipped = parser.add_argument, ", ".join(robot_names())
    text = f"{shipped}, or a parameter file, for an own model or costs; may be repeated"
    add("--robot", action="append", default=[], help=text)
    add("--install", action="store_true", help="keep it beside the package")


def run(options: argparse.Namespace, command: str) -> str:
    """Compile; print a line for each part as it gets ready, and return the last line.

    Raises:
        InputError: A robot cannot be used, or the package's folder cannot be written.
    """
    if options.install:
        try:
            cache_folders.fill()
        except OSError as error:
            raise InputError(f"--install: {cache_folders.READY}: {error.strerror}") from error
    # Loaded here: numba, which may be missing, and folders that the line above decides on.
    from mme_ilqr_ros.compile_cache import TALLY

    begun, told = time.process_time(), 0
    for name, job in jobs(options.robot).items():
        since, before = time.process_time(), TALLY.compiled
        job()
        done = TALLY.compiled - before
        seconds = time.process_time() - since
        state = f"{done} functions compiled in {seconds:.1f} s" if done else "was ready"
        sys.stdout.write(f"{name}: {state}\n")
        sys.stdout.flush()
        told += done
    total = time.process_time() - begun
    if told == 0:
        return f"all {TALLY.loaded} functions were compiled already ({total:.1f} s to load them)"
    why = ", for another processor so far" if TALLY.foreign else ""
    where = TALLY.folder or "no folder: none can be written"
    count = f"{told} of {told + TALLY.loaded} functions"
    return f"compiled {count}{why}; kept in {where} ({total:.1f} s)"


def jobs(robots: list[str]) -> Mapping[str, Job]:
    """Return what there is to compile: a controller for each kernel, and what all share.

    Args:
        robots: Names or files; the shipped ones if there are none.

    Raises:
        InputError: A robot cannot be used.
    """
    return {
        "planner": _planner,
        **_controllers({name: controller_parameters(name) for name in robots or robot_names()}),
        "perception": _perception,
        "simulator": _simulator,
    }


def _controllers(robots: Mapping[str, Mapping[str, Any]]) -> dict[str, Job]:
    """Return one job for the robots of a kernel, under their names."""
    from mme_ilqr_ros.control.extensions import build_extended
    from mme_ilqr_ros.control.kernel.build import stage_source
    from mme_ilqr_ros.control.objective import standard_problem
    from mme_ilqr_ros.control.robots import robot_of
    from mme_ilqr_ros.parameters.controller import ControllerNodeSettings

    kinds: dict[str, tuple[list[str], Any]] = {}
    for name, values in robots.items():
        settings = build_extended(ControllerNodeSettings, values)
        source = stage_source(standard_problem(robot_of(settings), settings))
        kinds.setdefault(source, ([], settings))[0].append(name)
    return {
        f"controller ({', '.join(names)})": partial(_controller, settings)
        for names, settings in kinds.values()
    }


def _controller(settings: ControllerSettings) -> None:
    from mme_ilqr_ros.control.controller import LocalController

    LocalController(settings).warm_up()


def _planner() -> None:
    from mme_ilqr_ros.planning.planner import GlobalPlanner
    from mme_ilqr_ros.planning.settings import PlannerSettings

    GlobalPlanner(PlannerSettings()).warm_up()


def _perception() -> None:
    from mme_ilqr_ros.perception.perception import Perception
    from mme_ilqr_ros.perception.settings import PerceptionSettings

    Perception(PerceptionSettings()).warm_up()


def _simulator() -> None:
    from mme_ilqr_ros.simulation.lidar import warm_up

    warm_up()
