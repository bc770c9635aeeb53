"""The tutorial of docs/own_drives.md, step by step: record, learn, plan otherwise.

A scripted hand takes the place of the person at the keyboard: it drives the simulated robot by
cmd_vel, as its owner wants it to drive, round the fronts of the shelves. All else is the package's
own commands, in their order.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from rclpy.executors import SingleThreadedExecutor

from mme_ilqr_ros.__main__ import main as package
from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.bringup.processes import start, stop_all
from mme_ilqr_ros.bringup.run import command_of, environment_of_a_run
from mme_ilqr_ros.bringup.system import Choice, NodeSpec, on_simulated_time, recorder_node
from mme_ilqr_ros.command_line import positive
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.path import Path as Line
from mme_ilqr_ros.geometry.pose import RobotState, difference
from mme_ilqr_ros.nodes.cdr import OdometryMessage, read_odometry
from mme_ilqr_ros.nodes.conversions import seconds_of
from mme_ilqr_ros.nodes.node import NEWEST, STANDARD
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.resources import share_path
from studies.lanes_picture import draw as draw_lanes

ABOUT = "Drive the shipped depot by hand in simulation, learn from it, and drive again."
EXAMPLES = """\
examples:
  python -m studies drives_tutorial --out out/tutorial
  python -m studies drives_tutorial --hand-speed 8     on a quiet machine

The folder of --out gets drives/ (the record of the hand), depot/ (weights, card, report.md),
before/ and after/ (run.png of the robot that drives by itself).
"""
RADIUS = 0.22  # [m]
STOPS = (
    (9, 6),
    (28.5, 6),
    (10, 8),
    (28.8, 7.5),
    (6, 7),
    (28.4, 5.2),
    (8, 6.5),
    (28.6, 8.5),
    (7, 8),
)
"""Where the hand drives to, one after the other, m; the shortest ways pass the shelves' fronts."""
FRONTS = (13.5, 27.5), (6.2, 8.8)
"""The fronts of the shelves, x and y from and to [m]: the owner wants nobody to drive there."""
DISLIKE = 4.0  # price of a metre there, beside that of a metre elsewhere
QUERY = "11.0 6.5 0.0", "28.6 6.8"
"""Start and goal of the robot before and after; none of the drives."""
SCENARIO = """\
name: tutorial
map: {{file: {map}}}
start: [{start}]
goal: [{goal}]
robot: {{radius: 0.22, v_min: 0.0, v_max: 1.0, w_max: 1.5, a_max: 2.5, aw_max: 5.0}}
timeout: 120.0
"""
PARAMETERS = "planner:\n  ros__parameters:\n    weights: {weights}\n"
SPEED, LOOKAHEAD, NEAR = 0.8, 0.6, 0.25  # [m/s], [m], [m] of the hand
REST = 8.0  # [s] that the hand stands between two drives
PATIENCE = 120.0  # [s] without a message


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add = parser.add_argument
    add("--out", type=Path, default=Path("out", "tutorial"), metavar="DIR")
    add("--hand-speed", type=positive, default=2.0, help="(%(default)g)")
    add("--speed", type=positive, default=1.0, help="of before and after (1)")


def run(options: argparse.Namespace, _: str) -> str:
    """Do the steps; return what came of them.

    Raises:
        InputError: A step failed.
    """
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    depot = share_path("config", "maps", "depot.yaml")
    start_at, goal = QUERY
    scenario = out / "tutorial.yaml"
    start_text, goal_text = (text.replace(" ", ", ") for text in (start_at, goal))
    scenario.write_text(SCENARIO.format(map=depot, start=start_text, goal=goal_text))
    drive = ["sim", "--scenario", str(scenario), "--speed", str(options.speed)]
    _step(*drive, "--out", str(out / "before"))
    record_by_hand(scenario, out, options.hand_speed)
    learned = out / "depot"
    size = ["--robot-radius", str(RADIUS)]
    _step(
        "train",
        "drives",
        "--map",
        str(depot),
        "--drives",
        str(out / "drives"),
        *size,
        "--out",
        str(learned),
    )
    parameters = out / "mine.yaml"
    parameters.write_text(PARAMETERS.format(weights=learned / "depot.safetensors"))
    _step(*drive, "--params", str(parameters), "--out", str(out / "after"))
    draw_lanes(out / "lanes.png")
    return f"see {out}/before/run.png, {learned}/report.md and {out}/after/run.png"


def _step(*arguments: str) -> None:
    sys.stdout.write(f"$ mme-ilqr {' '.join(arguments)}\n")
    sys.stdout.flush()
    if package(arguments) != 0:
        raise InputError(f"mme-ilqr {arguments[0]} failed")


def wanted_paths() -> Iterator[NDArray[np.float64]]:
    """Yield the points [N, 2] of each drive as the owner wants it."""
    grid = load_map(share_path("config", "maps", "depot.yaml"))
    x, y = np.moveaxis(grid.centre_of(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    (left, right), (low, high) = FRONTS
    disliked = ((x > left) & (x < right) & (y > low) & (y < high)).astype(float)
    planner = GlobalPlanner(PlannerSettings(robot_radius=RADIUS, filter_mask_weight=DISLIKE - 1.0))
    for begin, end in itertools.pairwise(STOPS):
        result = planner.plan(grid, begin, end, layer=disliked)
        assert result.path is not None, result.message
        yield result.path.points


def record_by_hand(scenario: Path, out: Path, speed: float) -> None:
    """Drive by hand through STOPS, with the simulator and the recorder as processes.

    Args:
        scenario: Its file; the robot is led to the first stop.
        out: Folder; drives/ in it gets the record, hand/ the logs.
        speed: Simulated seconds per real second.
    """
    choice = Choice(scenario=str(scenario))
    (simulator,) = on_simulated_time([NodeSpec("simulator", choices=choice.world)], speed)
    record = str(out / "drives" / "by_hand.mcap")
    (recorder,) = on_simulated_time([recorder_node(choice, record, "drives")])
    with reserved_domain() as domain:
        environment = environment_of_a_run(os.environ, domain)
        specs = [recorder, simulator]
        nodes = []
        try:
            for spec in specs:
                command = command_of(spec, None, out)
                nodes.append(start(spec.name, command, environment, out / "hand"))
            with _hand(domain) as hand:
                for points in wanted_paths():
                    hand.drive(points)
        finally:
            stop_all(nodes)


@contextmanager
def _hand(domain: int) -> Iterator[Hand]:
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    hand = Hand(context)
    try:
        yield hand
    finally:
        hand.close()
        rclpy.shutdown(context=context)


class Hand:
    """Follows lines by cmd_vel, a command for each odometry."""

    def __init__(self, context: rclpy.Context) -> None:
        """Listen to odometry."""
        self._node = rclpy.create_node("hand", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._commands = self._node.create_publisher(Twist, "cmd_vel", STANDARD)
        take: Any = self._take  # rclpy's annotations know of no bytes
        self._node.create_subscription(Odometry, "odom", take, NEWEST, raw=True)
        self._newest: OdometryMessage | None = None
        self._stamp = 0.0

    def close(self) -> None:
        """Take the node down."""
        self._executor.shutdown()
        self._node.destroy_node()

    def drive(self, points: NDArray[np.float64]) -> None:
        """Drive to the end of a line [N, 2] m, and stand there for REST."""
        line, s, rested = Line(points), 0.0, None
        while rested is None or self._stamp - rested < REST:
            state = self._next()
            ahead = np.arange(s, min(s + 2.0, line.length), 0.05)
            if len(ahead):
                s = float(ahead[np.argmin(np.hypot(*(line.point_at(ahead) - state.position).T))])
            if np.hypot(*(points[-1] - state.position)) < NEAR or rested is not None:
                rested = self._stamp if rested is None else rested
                self._commands.publish(Twist())
                continue
            self._commands.publish(_towards(state, line.point_at(min(s + LOOKAHEAD, line.length))))

    def _take(self, data: bytes) -> None:
        self._newest = read_odometry(data)

    def _next(self) -> RobotState:
        begun, self._newest = time.monotonic(), None
        while self._newest is None:
            self._executor.spin_once(timeout_sec=0.1)
            if time.monotonic() - begun > PATIENCE:
                raise InputError("the simulator sends no odometry")
        self._stamp = seconds_of(self._newest.header.stamp)
        return self._newest.state


def _towards(state: RobotState, target: NDArray[np.float64]) -> Twist:
    """Return the command that leads to a point on a circle, after turning to it."""
    away = target - state.position
    turn = float(difference(math.atan2(away[1], away[0]), state.yaw))
    message = Twist()
    if abs(turn) > 0.8:
        message.angular.z = float(np.clip(turn, -1.0, 1.0))
        return message
    message.linear.x = SPEED
    message.angular.z = float(np.clip(2.0 * SPEED * math.sin(turn) / LOOKAHEAD, -1.4, 1.4))
    return message
