"""The controller node, driven by a scan and odometry that can be spoilt on their way to it."""

from __future__ import annotations

import array
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import Log
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import LaserScan

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.conversions import header, odometry_message, pose_stamped
from mme_ilqr_ros.nodes.node import SENSOR, STANDARD
from studies.scan_faults import corridor

BEAMS, TURN = 360, 0.1  # rays, and s of a turn
ODOMETRY = 0.02  # s
REAR = Pose(-0.1, 0.0, np.pi)
WARNING = 30  # level of a log line
AHEAD = 60.0  # m to the goal

Change = Callable[[LaserScan], LaserScan | None]


def nothing(message: LaserScan) -> LaserScan:
    """Leave a scan as it is."""
    return message


class Rig:
    """A robot with two scanners in a corridor, as fast as it is.

    Attributes:
        state: Where the robot truly is.
        offset: Where its odometry has its origin.
        change: Spoils the scans of the front scanner; None holds one back.
        change_rear: Likewise of the rear one.
        commands: Forward speeds [m/s] and turning rates [rad/s] with the time when they came [s].
        lines: Warnings and when they came [s].
        node: The controller.
    """

    def __init__(self, context: Context, **parameters: Any) -> None:
        """Start the node and the robot."""
        self.state, self.offset = RobotState(0.0, 0.0, 0.0), Pose(0.0, 0.0, 0.0)
        self.change: Change = nothing
        self.change_rear: Change = nothing
        self.commands: list[tuple[float, float, float]] = []
        self.lines: list[tuple[float, str]] = []
        self._noise = np.random.default_rng(0)
        self._told = Twist()
        values = {
            "scan_topics": ["scan", "scan_rear"],
            "scanner_poses": ["0 0 0", f"{REAR.x} {REAR.y} {REAR.yaw}"],
            "use_map": False,
            "use_plan": False,
            "controller_frequency": 20.0,
            "vx_max": 0.7,
            **parameters,
        }
        told = [Parameter(name, value=value) for name, value in values.items()]
        self.node = ControllerNode(context=context, parameter_overrides=told)
        self._own = rclpy.create_node("rig", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        for node in (self.node, self._own):
            self._executor.add_node(node)
        self._connect()

    def _connect(self) -> None:
        own = self._own
        self._odometry = own.create_publisher(Odometry, "odom", STANDARD)
        self._front = own.create_publisher(LaserScan, "scan", SENSOR)
        self._rear = own.create_publisher(LaserScan, "scan_rear", SENSOR)
        self._goal = own.create_publisher(PoseStamped, "goal_pose", STANDARD)
        own.create_subscription(Twist, "cmd_vel", self._take_command, STANDARD)
        own.create_subscription(Log, "/rosout", self._take_line, 100)
        own.create_timer(ODOMETRY, self._move)
        own.create_timer(TURN, self._scan)

    def close(self) -> None:
        """Take everything down."""
        for node in (self.node, self._own):
            self._executor.remove_node(node)
            node.destroy_node()
        self._executor.shutdown()

    def start(self) -> bool:
        """Send the robot down the corridor; return whether it drives."""
        ends = (self._odometry, self._front, self._rear, self._goal)
        if not self.spin_until(lambda: all(p.get_subscription_count() for p in ends), 10.0):
            return False
        self.send_goal()
        return self.spin_until(self.drives, 10.0)

    def send_goal(self) -> None:
        """Let the goal be far ahead again."""
        goal = Pose(self.state.x + AHEAD, 0.0, 0.0)
        stamp = self._own.get_clock().now().to_msg()
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
        self.commands.append((time.monotonic(), message.linear.x, message.angular.z))

    def _take_line(self, message: Log) -> None:
        if message.level >= WARNING and message.name == "controller":
            self.lines.append((time.monotonic(), message.msg))

    def _move(self) -> None:
        told = self._told
        self.state = corridor.moved(self.state, told.linear.x, told.angular.z, ODOMETRY)
        state, pose = self.state, self.offset.compose(self.state.pose)
        measured = RobotState(pose.x, pose.y, pose.yaw, state.vx, state.wz)
        stamp = self._own.get_clock().now().to_msg()
        self._odometry.publish(odometry_message(measured, stamp, "odom", "base_link"))

    def _scan(self) -> None:
        for publisher, mount, change in (
            (self._front, Pose(0.0, 0.0, 0.0), self.change),
            (self._rear, REAR, self.change_rear),
        ):
            message = change(self._measured(mount))
            if message is not None:
                publisher.publish(message)

    def _measured(self, mount: Pose) -> LaserScan:
        """Return a scan that is measured at once."""
        step = 2.0 * np.pi / BEAMS
        angles = -np.pi + step * np.arange(BEAMS)
        measured = corridor.ranges(self.state.pose.compose(mount), angles, self._noise)
        stamp = self._own.get_clock().now().to_msg()
        message = LaserScan(header=header(stamp, "base_link"))
        message.angle_min, message.angle_max = float(angles[0]), float(angles[-1])
        message.angle_increment = float(step)
        message.range_min, message.range_max = corridor.RANGE_MIN, corridor.RANGE_MAX
        message.ranges = array.array("f", measured.astype(np.float32).tobytes())
        return message
