"""The controller node, driven by a scan and odometry that can be spoilt on their way to it."""

from __future__ import annotations

import array
import math
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
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.conversions import header, odometry_message, pose_stamped, stamp_of
from mme_ilqr_ros.nodes.node import SENSOR, STANDARD
from studies.scan_faults import corridor

BEAMS, TURN = 360, 0.1  # rays, and s of a turn
ODOMETRY, LAG = 0.02, 0.5  # s
REAR = Pose(-0.1, 0.0, np.pi)
WARNING = 30  # level of a log line
AHEAD = 60.0  # m to the goal
NEAR, STRAY = 4.0, 0.12  # m from the robot; m from what stands

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
        slowest: Least speed since it was set to inf [m/s].
        lines: Warnings and when they came [s].
        node: The controller.
    """

    def __init__(self, context: Context, **parameters: Any) -> None:
        """Start the node and the robot."""
        self.state, self.offset = RobotState(0.0, 0.0, 0.0), Pose(0.0, 0.0, 0.0)
        self.change: Change = nothing
        self.change_rear: Change = nothing
        self.lines: list[tuple[float, str]] = []
        self.slowest = np.inf
        self._truth = PoseHistory()
        self._turn = -math.inf  # [s] when the present turn of the scanners began
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
        own.create_timer(ODOMETRY, self._scan)

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

    def strays(self) -> int:
        """Return how many cells near the robot are taken for occupied though nothing is there."""
        assert self.node.lidar is not None  # it has scan_topics
        grid = self.node.lidar.grid()
        if grid is None:
            return 0
        cells = self.offset.inverse().transform(grid.centre_of(np.argwhere(grid.occupied)))
        near = cells[np.hypot(*(cells - self.state.position).T) < NEAR]
        return int(np.count_nonzero(corridor.distance(near) > STRAY))

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
        passed = min(now - self._truth.newest, TURN) if math.isfinite(self._truth.newest) else 0.0
        self.state = corridor.moved(self.state, told.linear.x, told.angular.z, passed)
        self._truth.add(now, self.state)
        self.slowest = min(self.slowest, abs(self.state.vx))
        state, pose = self.state, self.offset.compose(self.state.pose)
        measured = RobotState(pose.x, pose.y, pose.yaw, state.vx, state.wz)
        self._odometry.publish(odometry_message(measured, stamp_of(now), "odom", "base_link"))

    def _now(self) -> float:
        """Return ROS time in s."""
        return 1e-9 * self._own.get_clock().now().nanoseconds

    def _scan(self) -> None:
        """Publish a turn when it is over; they follow one another without a gap."""
        newest = self._truth.newest
        if not newest - self._turn < LAG:  # the first one, or the machine stood still
            self._turn = newest
        if newest < self._turn + TURN:
            return
        for publisher, mount, change in (
            (self._front, Pose(0.0, 0.0, 0.0), self.change),
            (self._rear, REAR, self.change_rear),
        ):
            message = change(self._measured(mount, self._turn))
            if message is not None:
                publisher.publish(message)
        self._turn += TURN

    def _measured(self, mount: Pose, begin: float) -> LaserScan:
        """Return a turn of a scanner that began at a time [s]."""
        step = 2.0 * np.pi / BEAMS
        angles = -np.pi + step * np.arange(BEAMS)
        poses = self._truth.at_all(begin + TURN / BEAMS * np.arange(BEAMS))
        scanner = poses + np.array([0.0, 0.0, mount.yaw])
        scanner[:, 0] += np.cos(poses[:, 2]) * mount.x
        scanner[:, 1] += np.sin(poses[:, 2]) * mount.x
        measured = corridor.ranges(scanner, angles, self._noise)
        message = LaserScan(header=header(stamp_of(begin), "base_link"))
        message.time_increment, message.scan_time = TURN / BEAMS, TURN
        message.angle_min, message.angle_max = float(angles[0]), float(angles[-1])
        message.angle_increment = float(step)
        message.range_min, message.range_max = corridor.RANGE_MIN, corridor.RANGE_MAX
        message.ranges = array.array("f", measured.astype(np.float32).tobytes())
        return message
