"""A robot with two scanners in a corridor, whose scans can be spoilt on their way."""

from __future__ import annotations

import array
import math
import time
from collections.abc import Callable

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import Log
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import LaserScan

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.nodes.conversions import header, odometry_message, pose_stamped, stamp_of
from mme_ilqr_ros.nodes.node import SENSOR, STANDARD
from studies.scan_faults import corridor

ODOMETRY, LAG = 0.02, 0.5  # s
REAR = Pose(-0.1, 0.0, np.pi)
WARNING = 30  # level of a log line
AHEAD = 60.0  # m to the goal

Change = Callable[[LaserScan], LaserScan | None]


def nothing(message: LaserScan) -> LaserScan:
    """Leave a scan as it is."""
    return message


class Robot:
    """A robot in a corridor that drives as it is told, as fast as it is.

    Attributes:
        state: Where the robot truly is.
        offset: Where its odometry has its origin.
        change: Spoils the scans of the front scanner; None holds one back.
        change_rear: Likewise of the rear one.
        slowest: Least speed since it was set to inf [m/s].
        lines: Warnings of the controller and when they came [s].
        node: Of its own.
    """

    def __init__(self, context: Context, beams: int = 360, turn: float = 0.1) -> None:
        """Start the robot.

        Args:
            context: In which it talks.
            beams: Rays of a turn.
            turn: Time of a turn of the scanners [s].
        """
        self.state, self.offset = RobotState(0.0, 0.0, 0.0), Pose(0.0, 0.0, 0.0)
        self.change: Change = nothing
        self.change_rear: Change = nothing
        self.lines: list[tuple[float, str]] = []
        self.slowest = np.inf
        self._beams, self._period = beams, turn
        self._truth = PoseHistory()
        self._turn = -math.inf  # [s] when the present turn of the scanners began
        self._noise = np.random.default_rng(0)
        self._told = Twist()
        self.node = rclpy.create_node("robot", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._connect()

    def _connect(self) -> None:
        own = self.node
        self._odometry = own.create_publisher(Odometry, "odom", STANDARD)
        self._front = own.create_publisher(LaserScan, "scan", SENSOR)
        self._rear = own.create_publisher(LaserScan, "scan_rear", SENSOR)
        self._goal = own.create_publisher(PoseStamped, "goal_pose", STANDARD)
        own.create_subscription(Twist, "cmd_vel", self._take_command, STANDARD)
        own.create_subscription(Log, "/rosout", self._take_line, 100)
        own.create_timer(ODOMETRY, self._move)
        own.create_timer(ODOMETRY, self._scan)

    def close(self) -> None:
        """Take everything down."""
        self._executor.remove_node(self.node)
        self.node.destroy_node()
        self._executor.shutdown()

    def start(self, patience: float = 10.0) -> bool:
        """Send the robot down the corridor as soon as it is heard; return whether it drives."""
        ends = (self._odometry, self._goal)
        if not self.spin_until(lambda: all(p.get_subscription_count() for p in ends), patience):
            return False
        self.send_goal()
        return self.spin_until(self.drives, patience)

    def send_goal(self) -> None:
        """Let the goal be far ahead again."""
        goal = Pose(self.state.x + AHEAD, 0.0, 0.0)
        stamp = self.node.get_clock().now().to_msg()
        self._goal.publish(pose_stamped(self.offset.compose(goal), stamp, "odom"))

    def drives(self) -> bool:
        """Whether it moves at half its speed at least."""
        return self.state.vx > 0.35

    def spin_until(self, predicate: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until something is true; return whether it came to that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if predicate():
                return True
            self._executor.spin_once(timeout_sec=0.01)
        return predicate()

    def spin(self, seconds: float) -> None:
        """Let time pass."""
        self.spin_until(lambda: False, seconds)

    def _take_command(self, message: Twist) -> None:
        self._told = message

    def _take_line(self, message: Log) -> None:
        if message.level >= WARNING and message.name == "controller":
            self.lines.append((time.monotonic(), message.msg))

    def _move(self) -> None:
        told, now = self._told, self._now()
        passed = min(now - self._truth.newest, LAG) if math.isfinite(self._truth.newest) else 0.0
        self.state = corridor.moved(self.state, told.linear.x, told.angular.z, passed)
        self._truth.add(now, self.state)
        self.slowest = min(self.slowest, abs(self.state.vx))
        state, pose = self.state, self.offset.compose(self.state.pose)
        measured = RobotState(pose.x, pose.y, pose.yaw, state.vx, state.wz)
        self._odometry.publish(odometry_message(measured, stamp_of(now), "odom", "base_link"))

    def _now(self) -> float:
        """Return ROS time in s."""
        return 1e-9 * self.node.get_clock().now().nanoseconds

    def _scan(self) -> None:
        """Publish a turn when it is over; they follow one another without a gap."""
        newest = self._truth.newest
        if not newest - self._turn < LAG:  # the first one, or the machine stood still
            self._turn = newest
        if newest < self._turn + self._period:
            return
        for publisher, mount, change in (
            (self._front, Pose(0.0, 0.0, 0.0), self.change),
            (self._rear, REAR, self.change_rear),
        ):
            if not publisher.get_subscription_count():
                continue
            message = change(self._measured(mount, self._turn))
            if message is not None:
                publisher.publish(message)
        self._turn += self._period

    def _measured(self, mount: Pose, begin: float) -> LaserScan:
        """Return a turn of a scanner that began at a time [s]."""
        step = 2.0 * np.pi / self._beams
        angles = -np.pi + step * np.arange(self._beams)
        poses = self._truth.at_all(begin + self._period / self._beams * np.arange(self._beams))
        scanner = poses + np.array([0.0, 0.0, mount.yaw])
        scanner[:, 0] += np.cos(poses[:, 2]) * mount.x
        scanner[:, 1] += np.sin(poses[:, 2]) * mount.x
        measured = corridor.ranges(scanner, angles, self._noise)
        message = LaserScan(header=header(stamp_of(begin), "base_link"))
        message.time_increment, message.scan_time = self._period / self._beams, self._period
        message.angle_min, message.angle_max = float(angles[0]), float(angles[-1])
        message.angle_increment = float(step)
        message.range_min, message.range_max = corridor.RANGE_MIN, corridor.RANGE_MAX
        message.ranges = array.array("f", measured.astype(np.float32).tobytes())
        return message
