"""What `ros2 run` and launch files start in a workspace: one function for each executable.

They say in one line what is missing, where the modules of the nodes would fail in their imports.
"""

from __future__ import annotations

import sys
from functools import partial

from mme_ilqr_ros.command_line import UNUSABLE_INPUT
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.nodes.verb import run_executable


def start(node: str) -> int:
    """Run a node with the arguments of the process; return its exit status."""
    try:
        return run_executable(node)
    except InputError as error:
        sys.stderr.write(f"{node}: {error}\n")
        return UNUSABLE_INPUT


planner = partial(start, "planner")
controller = partial(start, "controller")
simulator = partial(start, "simulator")
run_monitor = partial(start, "run_monitor")
safety = partial(start, "safety")
recorder = partial(start, "recorder")
viewer = partial(start, "viewer")
navigation = partial(start, "navigation")
