"""`mme-ilqr node`: run one node, as `ros2 run` does."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
from collections.abc import Sequence

from mme_ilqr_ros.command_line import DONE
from mme_ilqr_ros.errors import HOW_TO_GET_ROS, InputError
from mme_ilqr_ros.parameters.verb import NODES

EXECUTABLES = (*NODES, "navigation")
ABOUT = """\
Run one ROS 2 node, or planner and controller in one process (navigation). Everything after its name
goes to the node; NODE --help tells its topics.
"""
EXAMPLES = """\
examples:
  mme-ilqr node planner --ros-args --params-file mine.yaml -r __ns:=/robot1
  mme-ilqr node simulator --ros-args -p scenario:=forest
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("node", choices=EXECUTABLES, metavar="NODE", help=", ".join(EXECUTABLES))
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="for the node")


def run(options: argparse.Namespace, command: str) -> int:
    """Run the node until it is done or a signal ends it; return its exit status.

    Raises:
        InputError: ROS 2 is missing.
    """
    return run_executable(options.node, options.rest)


def run_executable(node: str, arguments: Sequence[str] | None = None) -> int:
    """Run one of EXECUTABLES until it is done or a signal ends it; return its exit status.

    Args:
        node: Its name.
        arguments: For the node; None for those of the process.

    Raises:
        InputError: ROS 2, or another library that it needs, is missing.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # until the node sees to them: nothing moves
        signal.signal(number, lambda *_: os._exit(DONE))
    try:
        module = importlib.import_module(f"mme_ilqr_ros.nodes.{node}_node")
    except ModuleNotFoundError as error:
        if error.name == "aiohttp":
            raise InputError("aiohttp is missing; pip install 'mme_ilqr_ros[live]'") from None
        name = (error.name or "").split(".")[0]
        raise InputError(f"{name} is missing: {HOW_TO_GET_ROS}") from None
    status: int = module.main(arguments)
    return status
