"""`mme-ilqr live`: a robot in a browser, without ROS."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import webbrowser
from pathlib import Path

from mme_ilqr_ros.benchmark.setup import CONTROLLERS, PLANNER_SEES_BY, PLANNERS, SENSING, Setup
from mme_ilqr_ros.command_line import positive, whole
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.live.session import Session, session_of
from mme_ilqr_ros.parameters.files import Parameters, read_parameters
from mme_ilqr_ros.parameters.planner import WEIGHTS_HELP, chosen_weights
from mme_ilqr_ros.simulation.robot_file import robot_names

ABOUT = """\
Drive a scenario on a web page of this machine, without ROS: click to set the goal, drag to add and
move circles, let go with speed to throw them, and switch and tune what drives while it drives.
"""
EXAMPLES = """\
examples:
  mme-ilqr live
  mme-ilqr live forest --sensing lidar
  mme-ilqr live my_world.yaml --robot my_robot.yaml
  mme-ilqr live trap --controller ilqr
  mme-ilqr live trap --measure 20

SCENARIO is the name of a shipped scenario or a world file, as for `sim` and `drive`. The page is
served to this machine only, and only at the address that is printed. Ctrl-C ends it.
"""
HIGHEST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("scenario", nargs="?", default="trap", metavar="SCENARIO", help="(%(default)s)")
    add("--controller", choices=CONTROLLERS, default=Setup.controller, help="(%(default)s)")
    add("--planner", choices=PLANNERS, default=Setup.planner, help="(%(default)s)")
    add("--weights", default="", metavar="NAME|FILE", help=WEIGHTS_HELP)
    add("--sensing", choices=SENSING, default=Setup.sensing, help="(%(default)s)")
    robots = ", ".join(robot_names())
    add("--robot", default="", help=f"{robots}, or a parameter file, in place of the scenario's")
    add("--params", type=Path, metavar="FILE.yaml", help="ROS parameter file")
    add("--seed", type=whole, default=0, metavar="S", help="of all noise and sampling (0)")
    add("--paused", action="store_true", help="begin standing")
    add("--port", type=whole, default=0, metavar="P", help="of the page; 0: any that is free (0)")
    add("--no-browser", action="store_true", help="only print the address")
    add(
        "--measure",
        type=positive,
        metavar="S",
        help="no page: measure for S seconds what the page costs, and say it",
    )


def run(options: argparse.Namespace, command: str) -> str:
    """Serve the page until Ctrl-C, or measure what that costs.

    Raises:
        InputError: Something given cannot be used, or aiohttp is missing.
    """
    try:  # not before somebody wants it: --help needs no library
        from mme_ilqr_ros.live.measure import measure
        from mme_ilqr_ros.live.server import Server
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing; pip install 'mme_ilqr_ros[live]'") from error
    if options.port > HIGHEST_PORT:
        raise InputError(f"--port {options.port}: must be at most {HIGHEST_PORT}")
    session = _session(options)
    if options.measure is not None:
        return str(measure(session, options.measure))
    server = Server(session, options.port)
    with contextlib.suppress(KeyboardInterrupt):  # how the page is ended; no failure
        asyncio.run(server.serve(lambda url: _opened(url, options.no_browser)))
    return "the page has ended"


def _session(options: argparse.Namespace) -> Session:
    given = read_parameters(options.params) if options.params else Parameters()
    setup = Setup(
        controller=options.controller,
        planner=options.planner,
        sensing=options.sensing,
        planner_sees=PLANNER_SEES_BY[options.sensing],
        parameters=given,
        robot=options.robot,
        weights=chosen_weights(options.weights, options.planner),
    )
    sys.stderr.write("loading; the first time on a machine it compiles for half a minute\n")
    return session_of(options.scenario, setup, options.seed, options.paused)


def _opened(url: str, no_browser: bool) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    if not no_browser:
        webbrowser.open(url)
