"""`mme-ilqr sim`: run a scenario with ROS 2 nodes."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

from mme_ilqr_ros.bringup.parameter_files import own_file
from mme_ilqr_ros.bringup.run import run_nodes
from mme_ilqr_ros.bringup.system import (
    NAMES,
    RECORDS,
    Choice,
    monitor_node,
    on_simulated_time,
    recorder_node,
    simulation_nodes,
    viewer_node,
)
from mme_ilqr_ros.command_line import positive
from mme_ilqr_ros.errors import HOW_TO_GET_ROS, InputError
from mme_ilqr_ros.parameters.planner import WEIGHTS_HELP, chosen_weights
from mme_ilqr_ros.parameters.simulation import RunMonitorSettings
from mme_ilqr_ros.settings import Scalar
from mme_ilqr_ros.simulation.robot_file import robot_file, robot_names
from mme_ilqr_ros.simulation.scenario import scenario_names

PROGRESS_PERIOD = 0.5  # s

ABOUT = """\
Run a scenario with ROS 2 nodes and print the result in one line.

Simulator, planner, controller, safety node and run monitor run as separate processes with DDS on
loopback; the monitor sends the goal and judges the run. Exit status: 0 when the goal was reached
without collision, 1 when not, 2 for unusable input, 130 after Ctrl-C.
"""
EXAMPLES = """\
examples:
  mme-ilqr sim --scenario forest
  mme-ilqr sim --scenario depot --goal "20 4" --planner dijkstra
  mme-ilqr sim --scenario trap --planner none --controller ilqr --params mine.yaml
  mme-ilqr sim --scenario forest --sensing lidar --viewer
  mme-ilqr sim --scenario u_pocket --sensing lidar --robot turtlebot3

The folder of --out gets result.json, run.png, run.gif, with --record run.mcap, and the nodes' logs.
To watch in RViz, set ROS_DOMAIN_ID and ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST to the same values
in both terminals. On a machine that is too slow or too busy for real time, --speed 0.3 gives the
nodes time.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add, default = parser.add_argument, RunMonitorSettings.scenario
    shipped = ", ".join(scenario_names())
    add("--scenario", default=default, help=f"{shipped}, or a scenario or world file (%(default)s)")
    add("--id", default="", metavar="WORLD", help="which world, if the file has several")
    add("--goal", default="", metavar='"X Y [YAW]"', help="m and rad, in place of the scenario's")
    robots = ", ".join(robot_names())
    add("--robot", default="", help=f"{robots}, or a parameter file, in place of the scenario's")
    for name, names in NAMES.items():
        add(f"--{name}", default="", choices=names, help="default: as in the parameter file")
    add("--weights", default="", metavar="NAME|FILE", help=WEIGHTS_HELP)
    add("--speed", type=positive, metavar="X", help="simulated seconds per real second (real time)")
    add(
        "--record",
        nargs="?",
        choices=RECORDS,
        const=RECORDS[0],
        help="record what the nodes send, as run.mcap, or only drives to learn from",
    )
    add("--viewer", action="store_true", help="show the run on a web page of this machine")
    add("--params", type=Path, metavar="FILE", help="ROS parameter file, overrides the scenario")
    add("--out", type=Path, metavar="DIR", help="folder for the result (out/<scenario>)")


def run(options: argparse.Namespace, command: str) -> int:
    """Drive what the command line asks for; return the exit status.

    Raises:
        InputError: Something given cannot be used, or ROS 2 is missing.
    """
    choice = Choice(
        controller=options.controller,
        planner=options.planner,
        guidance=options.guidance,
        scenario=options.scenario,
        world_id=options.id,
        goal=options.goal,
        sensing=options.sensing,
        robot=_absolute(options.robot),
        safety=options.safety,
        weights=chosen_weights(options.weights, options.planner),
    )
    world = (choice.scenario, choice.world_id, choice.robot)
    scenario = RunMonitorSettings(*world, goal=choice.goal).load_scenario()
    if options.params is not None and not options.params.is_file():
        raise InputError(f"--params: there is no file '{options.params}'")
    if importlib.util.find_spec("rclpy") is None:
        raise InputError(f"rclpy is missing: {HOW_TO_GET_ROS}")
    if options.record and importlib.util.find_spec("mcap") is None:
        raise InputError("--record: mcap is missing: pip install 'mme_ilqr_ros[record]'")
    if options.viewer and importlib.util.find_spec("aiohttp") is None:
        raise InputError("--viewer: aiohttp is missing: pip install 'mme_ilqr_ros[live]'")
    out = (options.out or Path("out") / scenario.name).resolve()
    title = choice.title(own_file(options.params))
    sys.stdout.write(f"{scenario.name}: {title}\n")
    report: dict[str, Scalar] = {
        "setup": title,
        "out_dir": str(out),
        "progress_period": PROGRESS_PERIOD,
    }
    specs = [*simulation_nodes(choice, scenario.robot), monitor_node(choice, report)]
    if options.record:
        specs.insert(0, recorder_node(choice, str(out / "run.mcap"), options.record))
    if options.viewer:
        specs.insert(0, viewer_node(choice, scenario.robot, opens=True))
    if options.speed is not None:
        specs = on_simulated_time(specs, options.speed)
    return run_nodes(specs, options.params, out / "log")


def _absolute(robot: str) -> str:
    """Return the parameter file of a robot, which the nodes read from elsewhere."""
    return str(robot_file(robot)) if robot else ""
