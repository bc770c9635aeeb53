"""Simulator, planner and controller as processes, and a node that plays people and detectors."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from numpy.typing import ArrayLike
from rclpy.client import Client
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger

from mme_ilqr_ros.bringup.processes import NodeProcess, start, stop_all
from mme_ilqr_ros.bringup.run import command_of, environment_of_a_run
from mme_ilqr_ros.bringup.system import Choice, NodeSpec, on_simulated_time, simulation_nodes
from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.conversions import path_message, pose_message, pose_stamped, robot_state
from mme_ilqr_ros.nodes.node import LATCHED, LATCHED_NEWS, STANDARD
from mme_ilqr_ros.simulation.scenario import load_scenario

SCENARIO = """\
name: goal_life
description: A room without anything in it.
map: {size: [6.0, 4.0], origin: [-2.0, -2.0], resolution: 0.05}
circles: []
start: [0.0, 0.0, 0.0]
goal: [1.2, 0.0]
robot: {radius: 0.2, v_min: 0.0, v_max: 0.5, w_max: 1.5, a_max: 2.5, aw_max: 5.0}
"""
GOAL = (1.2, 0.0)
NEAR = 0.35  # m, the tolerance and what a command that is late overshoots
PATIENCE = 30.0  # s of real time
CALLS = 6  # of a service: an answer is lost where the client was not known yet
AT_REST = 0.005  # m/s and rad/s
WATCHED = 2.0  # s of simulated time in which a robot that shall stand is watched


class Rig:
    """The system, and what a test does to it.

    Attributes:
        state: Where the robot truly is.
        statuses: What was said on goal_status since the last `begin`.
    """

    def __init__(self, domain: int, folder: Path, speed: float) -> None:
        """Start the three processes in a ROS domain, at `speed` simulated seconds a second."""
        file = folder / "goal_life.yaml"
        file.write_text(SCENARIO)
        robot = load_scenario(str(file)).robot
        specs = on_simulated_time(simulation_nodes(Choice(scenario=str(file)), robot), speed)
        told = {"publish_obstacles": False}
        self._specs = {
            spec.name: replace(spec, choices={**spec.choices, **told})
            if spec.name == "simulator"
            else spec
            for spec in specs
        }
        self._folder = folder
        self._environment = environment_of_a_run(os.environ, domain)
        self._processes: dict[str, NodeProcess] = {}
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        on_clock = [Parameter("use_sim_time", value=True)]
        self.node = rclpy.create_node("probe", context=self._context, parameter_overrides=on_clock)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.state = RobotState(math.nan, 0.0, 0.0)
        self.statuses: list[int] = []
        self._map: OccupancyGrid | None = None
        self._plan: PathMessage | None = None
        self._detects, self._wait = True, 0.0
        self._clients: dict[str, Client] = {}
        self._connect()
        for name in self._specs:
            self.start(name)
        self.until(lambda: math.isfinite(self.state.x) and self._map is not None)

    def _connect(self) -> None:
        node = self.node
        subscribe, publish = node.create_subscription, node.create_publisher
        subscribe(Odometry, "simulator/ground_truth", self._take_state, STANDARD)
        subscribe(GoalStatus, "goal_status", lambda m: self.statuses.append(m.status), LATCHED_NEWS)
        subscribe(OccupancyGrid, "map", self._take_map, LATCHED)
        subscribe(PathMessage, "plan", self._take_plan, LATCHED)
        self._goals = publish(PoseStamped, "goal_pose", STANDARD)
        self.plans = publish(PathMessage, "plan", LATCHED)
        self._maps = publish(OccupancyGrid, "map", LATCHED)
        self._poses = publish(PoseWithCovarianceStamped, "initialpose", STANDARD)
        self._obstacles = publish(PointCloud2, "obstacles", STANDARD)
        node.create_timer(0.2, self._detect)

    def _take_state(self, message: Odometry) -> None:
        self.state = robot_state(message)

    def _take_map(self, message: OccupancyGrid) -> None:
        self._map = message

    def _take_plan(self, message: PathMessage) -> None:
        by_planner = message.poses and message.poses[-1].header != message.poses[0].header
        self._plan = message if by_planner else self._plan

    def _detect(self) -> None:
        if self._detects:
            cloud = circles_cloud(as_circles([[-1.5, 1.5, 0.2]]), self.stamp(), "odom")
            self._obstacles.publish(cloud)

    def close(self) -> None:
        """End everything."""
        stop_all(list(self._processes.values()))
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    # ---- processes ----

    def start(self, name: str, **choices: bool | float) -> None:
        """Start a node's process, with parameters of this once."""
        spec: NodeSpec = self._specs[name]
        spec = replace(spec, choices={**spec.choices, **choices})
        command = command_of(spec, None, self._folder)
        self._processes[name] = start(name, command, self._environment, self._folder / "log")

    def restart(self, name: str, **choices: bool | float) -> None:
        """Kill a node and start it anew; returns when it has connected."""
        process = self._processes.pop(name)
        process.send(signal.SIGKILL)
        process.wait(5.0)
        service = "controller/reset" if name == "controller" else "planner/cancel"
        client = self.node.create_client(Trigger, service)
        self.until(lambda: not client.service_is_ready())
        self.start(name, **choices)
        self.until(client.service_is_ready)
        self.pause(1.0)  # for odometry and map
        self.node.destroy_client(client)

    def suspend(self, name: str) -> None:
        """Stop a node's process."""
        self._processes[name].send(signal.SIGSTOP)

    def wake(self, name: str) -> None:
        """Let a suspended process go on."""
        self._processes[name].send(signal.SIGCONT)

    # ---- time ----

    def stamp(self):  # type: ignore[no-untyped-def]
        """Return simulated time."""
        return self.node.get_clock().now().to_msg()

    def until(self, predicate: Callable[[], object], seconds: float = PATIENCE) -> bool:
        """Let time pass until something is true; return whether it came to that."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if predicate():
                return True
            self._executor.spin_once(timeout_sec=0.02)
        return bool(predicate())

    def pause(self, seconds: float) -> None:
        """Let simulated time pass."""
        begun = self.node.get_clock().now().nanoseconds
        self.until(lambda: self.node.get_clock().now().nanoseconds - begun > 1e9 * seconds)

    # ---- what people do ----

    def begin(self, wait: float) -> None:
        """Put the robot at the start, without a goal; `wait` s after it drives, things happen."""
        self._detects, self._wait = True, wait
        self.call("controller/reset")
        self.push(0.0, 0.0)
        self.statuses.clear()

    def send_goal(self, goal: Sequence[float] = GOAL) -> None:
        """Send a goal; returns when the robot drives, or raises."""
        self.until(lambda: self._goals.get_subscription_count() > 1)
        self._goals.publish(pose_stamped(Pose(*goal, 0.0), self.stamp(), "map"))
        if not self.until(lambda: abs(self.state.vx) > 0.1):
            raise RuntimeError("the robot does not begin to drive")
        self.pause(self._wait)

    def send_empty_goal(self) -> None:
        """Send a goal that says nothing."""
        self._goals.publish(PoseStamped())

    def push(self, x: float, y: float) -> None:
        """Put the robot somewhere by hand."""
        message = PoseWithCovarianceStamped()
        message.header.stamp, message.header.frame_id = self.stamp(), "map"
        message.pose.pose = pose_message(Pose(x, y, 0.0))
        self._poses.publish(message)
        self.until(lambda: math.dist(self.state.position, (x, y)) < 0.01)
        self.pause(0.3)  # until both nodes know

    def send_plan(self, points: ArrayLike, age: float = 0.0) -> None:
        """Publish a plan by hand."""
        points = np.asarray(points, dtype=float)
        message = path_message(points, np.zeros(len(points)), self.stamp(), "map")
        message.header.stamp.sec = max(message.header.stamp.sec - round(age), 0)
        for pose in message.poses:
            pose.header.stamp = message.header.stamp
        self.plans.publish(message)

    def send_everything_again(self) -> None:
        """Publish the map and the planner's newest plan once more."""
        assert self._map is not None
        self._map.header.stamp = self.stamp()
        self._maps.publish(self._map)
        if self._plan is not None:
            self._plan.header.stamp = self.stamp()
            self.plans.publish(self._plan)

    def silence_the_detector(self) -> None:
        """Publish no obstacles any more."""
        self._detects = False

    def call(self, service: str) -> None:
        """Call a Trigger service."""
        if service not in self._clients:
            self._clients[service] = self.node.create_client(Trigger, service)
        client = self._clients[service]
        for _ in range(CALLS):
            self.until(client.service_is_ready)
            if self.until(client.call_async(Trigger.Request()).done, PATIENCE / CALLS):
                return
        raise RuntimeError(f"{service} does not answer")

    # ---- what is seen ----

    def ends(self, status: int) -> bool:
        """Return whether the goal comes to this end, and the robot to rest."""
        said = self.until(lambda: status in self.statuses)
        rest = self.until(lambda: max(abs(self.state.vx), abs(self.state.wz)) < AT_REST)
        return said and rest

    def is_there(self) -> bool:
        """Whether the robot is at the goal."""
        return math.dist(self.state.position, GOAL) <= NEAR

    def moved(self, seconds: float = WATCHED) -> float:
        """Watch a robot that shall stand; return how far it got at most [m]."""
        begun, farthest = self.state.position, 0.0
        until = self.node.get_clock().now().nanoseconds + 1e9 * seconds

        def look() -> bool:
            nonlocal farthest
            farthest = max(farthest, math.dist(self.state.position, begun))
            return self.node.get_clock().now().nanoseconds > until

        self.until(look)
        return farthest
