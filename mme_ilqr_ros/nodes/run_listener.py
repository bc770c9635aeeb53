"""What a run's messages add to its record."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Path as PathMessage
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float32
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.nodes import obstacle_cloud
from mme_ilqr_ros.nodes.conversions import MessageError, path_value, twist_value
from mme_ilqr_ros.nodes.markers import read_candidates
from mme_ilqr_ros.reporting.run_record import RunRecord

CIRCLES_PERIOD = 0.1  # s between recorded positions of circles


class RunListener:
    """Fills a `RunRecord` from messages, from `start` on; the last true state gives the time.

    Attributes:
        record: The run so far.
    """

    def __init__(self) -> None:
        """Wait for `start`; the circles and the plan that came before are kept for it."""
        self.record = RunRecord()
        self._is_running = False
        self._time = 0.0
        self._circles: NDArray[np.float64] | None = None
        self._circles_time = -CIRCLES_PERIOD

    def start(self) -> None:
        """The goal is sent: record from now on."""
        self._is_running = True
        if self._circles is not None:
            self.record.add_circles(0.0, self._circles)

    def add_state(self, time: float, state: RobotState) -> None:
        """Add the true state at `time` s after the goal was sent."""
        self._time = time
        self.record.add_state(time, state.x, state.y, state.yaw, state.vx, state.wz)

    def take_command(self, message: Twist | TwistStamped) -> None:
        """Add a command.

        Raises:
            MessageError: It is not finite.
        """
        vx, wz = twist_value(message.twist if isinstance(message, TwistStamped) else message)
        if self._is_running:
            self.record.add_command(self._time, vx, wz)

    def take_plan(self, message: PathMessage) -> None:
        """Add a global plan."""
        try:
            path = path_value(message)
        except MessageError:  # whoever drives along it complains
            return
        if self._is_running and path is not None:
            self.record.add_plan(self._time, path.points)

    def take_modes(self, message: MarkerArray) -> None:
        """Add the candidate trajectories of a control cycle."""
        candidates = read_candidates(message)
        if self._is_running and candidates is not None:
            self.record.add_modes(
                self._time,
                candidates.lines,
                candidates.weights,
                candidates.chosen,
                candidates.switched,
            )

    def take_obstacles(self, message: PointCloud2) -> None:
        """Add the circles, when they moved and not too often."""
        try:
            circles = obstacle_cloud.decode(message).circles
        except MessageError:  # whoever drives by them complains
            return
        is_new = not np.array_equal(circles, self._circles)
        if self._is_running and is_new and self._time >= self._circles_time + CIRCLES_PERIOD:
            self.record.add_circles(self._time, circles)
            self._circles_time = self._time
        self._circles = circles

    def take_clearance(self, message: Float32) -> None:
        """Add the distance to the nearest obstacle."""
        if self._is_running:
            self.record.add_clearance(message.data)

    def take_solve_time(self, message: Float32) -> None:
        """Add the duration of a control cycle."""
        if self._is_running:
            self.record.add_solve_time(message.data)

    def take_plan_time(self, message: Float32) -> None:
        """Add the duration of a planning request."""
        if self._is_running:
            self.record.add_plan_time(message.data)
