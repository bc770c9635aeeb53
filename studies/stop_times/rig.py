"""Simulator, controller and safety node as processes, with their messages in our hands."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import rclpy
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import LaserScan
from std_srvs.srv import Trigger

from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.bringup.processes import NodeProcess, start, stop_all
from mme_ilqr_ros.bringup.run import command_of, environment_of_a_run
from mme_ilqr_ros.bringup.system import Choice, NodeSpec, on_simulated_time, simulation_nodes
from mme_ilqr_ros.nodes.node import NEWEST, STANDARD
from mme_ilqr_ros.simulation.scenario import load_scenario

WORLD = """\
name: floor
map: {size: [90.0, 12.0], origin: [-5.0, -6.0], resolution: 0.1}
circles: [[2.0, 4.5, 0.3], [8.0, -4.5, 0.3]]
start: [0.0, 0.0, 0.0]
goal: [80.0, 0.0, 0.0]
"""
GOAL = 80.0  # m ahead
RELAYED = {"odom": Odometry, "scan": LaserScan, "/clock": Clock}
READY = 300.0  # s for a controller that has to be compiled
FAST = 0.5  # m/s at which something goes wrong


@dataclass(frozen=True)
class Sent:
    """A command, and when it was sent by the system's clock [s]."""

    time: float
    vx: float
    wz: float

    @property
    def is_zero(self) -> bool:
        """Whether it stops the robot."""
        return self.vx == 0.0 and self.wz == 0.0


class Rig:
    """Drives a robot down a long floor, and can mute what passes through it.

    Attributes:
        before: Commands before the safety node, as they were sent.
        after: Commands behind it.
        speeds: (time [s], speed [m/s]) of the robot.
        muted: Topics of RELAYED that are not handed on now.
        processes: The nodes by name.
    """

    def __init__(
        self, domain: int, folder: Path, log: Path, by_lidar: bool, simulated_time: bool
    ) -> None:
        """Start the nodes."""
        self.before: list[Sent] = []
        self.after: list[Sent] = []
        self.speeds: list[tuple[float, float]] = []
        self.muted: set[str] = set()
        self.processes: dict[str, NodeProcess] = {}
        self._folder, self._log, self._domain = folder, log, domain
        world = folder / "floor.yaml"
        world.write_text(WORLD)
        choice = Choice(
            planner="none", scenario=str(world), sensing="lidar" if by_lidar else "known"
        )
        specs = simulation_nodes(choice, load_scenario(str(world)).robot)
        if simulated_time:
            specs = on_simulated_time(specs)
        self._specs = {spec.name: spec for spec in specs}
        relayed = tuple((name, f"{name}_relayed") for name in RELAYED)
        simulator = self._specs["simulator"]
        self._specs["simulator"] = replace(simulator, remappings=relayed)
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("rig", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._connect()
        for spec in self._specs.values():
            self._start(spec)

    def _connect(self) -> None:
        node = self._node
        self._publishers = {}
        for name, kind in RELAYED.items():
            self._publishers[name] = node.create_publisher(kind, name, STANDARD)
            relay: Any = self._relay(name)
            node.create_subscription(kind, f"{name}_relayed", relay, NEWEST, raw=True)
        for name, sent in (("cmd_vel_unchecked", self.before), ("cmd_vel", self.after)):
            node.create_subscription(Twist, name, _note(sent), STANDARD)
        truth: Any = self._take_truth
        node.create_subscription(Odometry, "simulator/ground_truth", truth, NEWEST)
        self._goals = node.create_publisher(PoseStamped, "goal_pose", STANDARD)
        self._reset = node.create_client(Trigger, "simulator/reset")

    def _relay(self, name: str) -> Callable[[bytes], None]:
        def relay(data: bytes) -> None:
            if name not in self.muted:
                self._publishers[name].publish(data)

        return relay

    def _take_truth(self, message: Odometry) -> None:
        self.speeds.append((time.time(), message.twist.twist.linear.x))

    def _start(self, spec: NodeSpec) -> None:
        environment = environment_of_a_run(os.environ, self._domain)
        command = command_of(spec, None, self._folder)
        self.processes[spec.name] = start(spec.name, command, environment, self._log)

    def restart(self, name: str) -> None:
        """Start a node again that has ended."""
        self.processes[name].wait(1.0)
        self._start(self._specs[name])

    def pid(self, name: str) -> int:
        """Return the number of a node's process."""
        return self.processes[name].pid

    def spin(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let messages come for a while, or until something is true; return whether it is."""
        deadline = time.monotonic() + seconds
        while not until() and time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.005)
        return until()

    def drive(self) -> None:
        """Bring the robot back to the start, and wait until it drives fast.

        Raises:
            RuntimeError: It does not.
        """
        for _ in range(3):
            self._reset.call_async(Trigger.Request())
            self.spin(0.3)
            if not self.spin(READY, lambda: self._goals.get_subscription_count() > 0):
                break
            goal = PoseStamped()
            goal.header.frame_id = "odom"
            goal.pose.position.x = GOAL
            goal.pose.orientation.w = 1.0
            self._goals.publish(goal)
            if self.spin(20.0, lambda: bool(self.after) and self.after[-1].vx > FAST):
                self.spin(0.5)
                return
        raise RuntimeError(f"the robot does not drive; logs in {self._log}")

    def signal(self, number: signal.Signals, *names: str) -> float:
        """Send a signal to nodes; return the time [s]."""
        now = time.time()
        for name in names:
            self.processes[name].send(number)
        return now

    def close(self) -> None:
        """End everything."""
        for process in self.processes.values():
            process.send(signal.SIGCONT)
        stop_all(list(self.processes.values()))
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


def _note(sent: list[Sent]) -> Callable[[Twist, dict[str, int]], None]:
    def note(message: Twist, info: dict[str, int]) -> None:
        made = 1e-9 * info["source_timestamp"]
        sent.append(Sent(made, message.linear.x, message.angular.z))

    return note


@contextmanager
def rig(log: Path, by_lidar: bool = False, simulated_time: bool = False) -> Iterator[Rig]:
    """Give a rig in a domain of its own until the block ends."""
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    with reserved_domain() as domain, tempfile.TemporaryDirectory(prefix="stop_times_") as folder:
        made = Rig(domain, Path(folder), log, by_lidar, simulated_time)
        try:
            yield made
        finally:
            made.close()


def stopped_after(commands: Sequence[Sent], begin: float, end: float) -> float | None:
    """Return after how many s the commands are zero and stay so until an end; None: they do not."""
    driven = [sent.time for sent in commands if sent.time < end and not sent.is_zero]
    last = max(driven, default=begin)
    zeros = [sent.time for sent in commands if sent.is_zero and max(last, begin) <= sent.time < end]
    return min(zeros) - begin if zeros else None
