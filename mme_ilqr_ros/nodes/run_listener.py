"""Records the messages of a run."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Path as PathMessage
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float32
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.nodes import obstacle_cloud
from mme_ilqr_ros.nodes.conversions import MessageError, path_value, twist_value
from mme_ilqr_ros.nodes.markers import read_candidates
from mme_ilqr_ros.nodes.qos import LATCHED, SENSOR, STANDARD
from mme_ilqr_ros.reporting.run_record import RunRecord

CIRCLES_PERIOD = 0.1  # s between recorded positions of circles


class RunListener:
    """Fills a `RunRecord` from messages; the last true state gives the time.

    Attributes:
        record: The run since `start`.
    """

    def __init__(self, node: Node, stamped: bool) -> None:
        """Subscribe to everything but the true state.

        Args:
            node: The node that gets the subscriptions.
            stamped: Whether cmd_vel is a TwistStamped.
        """
        self._logger = node.get_logger()
        self._circles: NDArray[np.float64] = np.empty((0, 5))
        self.start()
        numbers = (
            ("simulator/clearance", lambda message: self.record.add_clearance(message.data)),
            ("controller/solve_time", lambda message: self.record.add_solve_time(message.data)),
            ("planner/plan_time", lambda message: self.record.add_plan_time(message.data)),
        )
        for topic, callback in numbers:
            node.create_subscription(Float32, topic, callback, STANDARD)
        heard = (
            (TwistStamped if stamped else Twist, "cmd_vel", self._take_command, STANDARD),
            (PathMessage, "plan", self._take_plan, LATCHED),
            (PointCloud2, "obstacles", self._take_obstacles, SENSOR),
            (MarkerArray, "controller/candidate_trajectories", self._take_modes, STANDARD),
        )
        for kind, topic, callback, profile in heard:
            node.create_subscription(kind, topic, callback, profile)

    def start(self) -> None:
        """Begin a new record, with the last known circles: the goal is sent."""
        self.record = RunRecord()
        self._time = 0.0
        self._circles_time = -CIRCLES_PERIOD
        if self._circles.size:
            self.record.add_circles(0.0, self._circles)

    def add_state(self, time: float, state: RobotState) -> None:
        """Add the true state at `time` s after the goal was sent."""
        self._time = time
        self.record.add_state(time, state.x, state.y, state.yaw, state.vx, state.wz)

    def _take_command(self, message: Twist | TwistStamped) -> None:
        try:
            vx, wz = twist_value(message.twist if isinstance(message, TwistStamped) else message)
        except MessageError as error:
            self._logger.error(f"the controller sent a bad command: {error}")
            return
        self.record.add_command(self._time, vx, wz)

    def _take_plan(self, message: PathMessage) -> None:
        try:
            path = path_value(message)
        except MessageError:  # the controller reports it
            return
        if path is not None:
            self.record.add_plan(self._time, path.points)

    def _take_modes(self, message: MarkerArray) -> None:
        modes = read_candidates(message)
        if modes is not None:
            self.record.add_modes(
                self._time, modes.lines, modes.weights, modes.chosen, modes.switched
            )

    def _take_obstacles(self, message: PointCloud2) -> None:
        """Add the circles, when they moved and not too often."""
        try:
            circles = obstacle_cloud.decode(message).circles
        except MessageError:  # the controller reports it
            return
        is_new = not np.array_equal(circles, self._circles)
        if is_new and self._time >= self._circles_time + CIRCLES_PERIOD:
            self.record.add_circles(self._time, circles)
            self._circles_time = self._time
        self._circles = circles
