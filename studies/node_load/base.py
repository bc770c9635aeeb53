"""A robot in a scenario that drives to and fro as it is told, and keeps the times of its commands.

It is no node under test: odometry is stamped and sent at its time, and a command counts from when
the middleware had it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float32

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.conversions import occupancy_message, odometry_message, pose_stamped
from mme_ilqr_ros.nodes.node import LATCHED, STANDARD
from mme_ilqr_ros.simulation.scenario import load_scenario
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.simulator import Simulator

STEP = 0.002  # s between looks at the clock
CIRCLES = 0.05  # s between messages of obstacles
TURN = 0.6  # m from the goal at which the robot is sent back


@dataclass
class Times:
    """Times of messages in s, as they came.

    Attributes:
        odometry: Stamps of the odometry.
        commands: When each command came.
        cycles: When the duration of a cycle came, and the duration.
    """

    odometry: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))
    commands: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))
    cycles: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=100_000))

    def clear(self) -> None:
        """Begin anew."""
        for kept in (self.odometry, self.commands, self.cycles):
            kept.clear()

    def latencies(self) -> np.ndarray:
        """Return the time [s] from the newest odometry that each cycle could know to its command.

        A cycle began its duration before the command came; what was stamped later was not used.
        """
        odometry, commands = np.array(self.odometry), np.array(self.commands)
        if not len(odometry) or not len(commands):
            return np.zeros(0)
        found = []
        for came, seconds in self.cycles:
            command = commands[np.searchsorted(commands, came, side="right") - 1]
            used = odometry[odometry <= command - seconds]
            if len(used) and abs(command - came) < 0.02:
                found.append(command - used[-1])
        return np.array(found)


class Base:
    """The robot, on an executor of its own.

    Attributes:
        node: Its node.
        times: What came when.
    """

    def __init__(self, context: Context, scenario: str, odometry_period: float) -> None:
        """Place the robot at the start of a scenario."""
        self.times = Times()
        world = load_scenario(scenario)
        self._simulator = Simulator(world, SimulatorSettings(), np.random.default_rng(0))
        self._ends = [world.goal, world.start]
        self._period = odometry_period
        self._sent = False
        self.node = node = rclpy.create_node("base", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(node)
        self._odometry = node.create_publisher(Odometry, "odom", STANDARD)
        self._obstacles = node.create_publisher(PointCloud2, "obstacles", STANDARD)
        self._goal = node.create_publisher(PoseStamped, "goal_pose", STANDARD)
        self._map = node.create_publisher(OccupancyGrid, "map", LATCHED)
        node.create_subscription(Twist, "cmd_vel", self._take_command, STANDARD)
        node.create_subscription(Float32, "controller/solve_time", self._take_duration, STANDARD)
        self._map.publish(occupancy_message(world.map_with_walls(), self._stamp(), "map"))
        self._begun = time.monotonic()
        self._next_odometry = self._next_circles = self._begun

    def close(self) -> None:
        """Take everything down."""
        self._executor.remove_node(self.node)
        self.node.destroy_node()
        self._executor.shutdown()

    def is_heard(self, listeners: int) -> bool:
        """Whether so many nodes listen to odometry, and one to the goal."""
        heard = self._odometry.get_subscription_count() >= listeners
        return heard and self._goal.get_subscription_count() >= 1

    def send_goal(self) -> None:
        """Send the robot to the other end."""
        self._ends.reverse()
        end = self._ends[0]
        yaw = getattr(end, "yaw", 0.0)
        pose = Pose(end.x, end.y, yaw) if isinstance(end, Pose) else Pose(*map(float, end[:2]), yaw)
        self._target = pose
        self._goal.publish(pose_stamped(pose, self._stamp(), "map"))
        self._sent = True

    @property
    def drives(self) -> bool:
        """Whether it moves."""
        return self._simulator.state.vx > 0.3

    def spin_until(self, predicate: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until something is true; return whether it came to that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if predicate():
                return True
            self._move()
            self._executor.spin_once(timeout_sec=STEP)
        return predicate()

    def spin(self, seconds: float) -> None:
        """Let time pass."""
        self.spin_until(lambda: False, seconds)

    def _stamp(self):
        return self.node.get_clock().now().to_msg()

    def _move(self) -> None:
        now = time.monotonic()
        if now >= self._next_odometry:
            self._simulator.step(max(now - self._begun - self._simulator.time, 1e-6))
            stamp = self._stamp()
            state = self._simulator.measured_state()
            self._odometry.publish(odometry_message(state, stamp, "odom", "base_link"))
            self.times.odometry.append(stamp.sec + 1e-9 * stamp.nanosec)
            self._next_odometry += self._period
            if self._sent and np.hypot(state.x - self._target.x, state.y - self._target.y) < TURN:
                self.send_goal()
        if now >= self._next_circles:
            circles = self._simulator.circles()
            self._obstacles.publish(circles_cloud(circles, self._stamp(), "odom"))
            self._next_circles += CIRCLES

    def _take_command(self, message: Twist, info: Mapping[str, int]) -> None:
        self.times.commands.append(1e-9 * info["received_timestamp"])
        self._simulator.command(message.linear.x, message.angular.z)

    def _take_duration(self, message: Float32, info: Mapping[str, int]) -> None:
        self.times.cycles.append((1e-9 * info["received_timestamp"], float(message.data)))
