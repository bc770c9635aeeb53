"""Where the robot is in the map, a few times a second, as a topic of a record: for learning."""

from __future__ import annotations

import math
import time

from geometry_msgs.msg import PoseStamped
from rclpy.serialization import serialize_message

from mme_ilqr_ros.geometry.pose import Pose, difference
from mme_ilqr_ros.nodes.cdr import OdometryMessage
from mme_ilqr_ros.nodes.conversions import nanoseconds, pose_stamped, seconds_of
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.message_definitions import definition
from mme_ilqr_ros.nodes.node import RunnableNode
from mme_ilqr_ros.nodes.odometry_input import OdometryInput
from mme_ilqr_ros.nodes.record_file import RecordFile
from mme_ilqr_ros.parameters.record import RecorderSettings

TOPIC = "robot_pose"
KIND = "geometry_msgs/msg/PoseStamped"
STILL = 0.02, 0.05  # [m], [rad]: less is no news
HEARTBEAT = 2.0  # [s] between poses of a robot that stands
ODOMETRY_IS_OLD = 2.0  # [s]


class DriveLog:
    """Writes the pose of the robot in the map's frame, by odometry and tf.

    Attributes:
        last: Pose and stamp [s] that were written last.
    """

    def __init__(self, node: RunnableNode[RecorderSettings], file: RecordFile) -> None:
        """Listen to odometry.

        Args:
            node: The recorder.
            file: To write into.
        """
        self._settings, self._warnings, self._file = node.settings, node.warnings, file
        self._clock, self._frames = node.get_clock(), Frames(node, node.warnings)
        self._channel = file.channel(node.resolve_topic_name(TOPIC), KIND, definition(KIND))
        self._newest: OdometryMessage | None = None
        self._heard = time.monotonic()
        self.last: tuple[Pose, float] | None = None
        self._odometry = OdometryInput(node, node.warnings, lambda: ODOMETRY_IS_OLD, self._take)

    def _take(self, message: OdometryMessage, _: float) -> None:
        self._newest = message

    def write(self) -> None:
        """Write where the robot is, unless it stands or nothing new is known of it.

        Raises:
            OSError: The file cannot be written.
        """
        self._odometry.poll()
        message, self._newest = self._newest, None
        if message is None:
            if time.monotonic() - self._heard > ODOMETRY_IS_OLD:
                self._warnings.warn("no odom", "no odometry on 'odom': no drive is recorded")
            return
        self._warnings.clear("no odom")
        self._heard = time.monotonic()
        frame, stamp = self._settings.global_frame, seconds_of(message.header.stamp)
        tolerance = self._settings.transform_tolerance
        at = self._frames.pose_in(frame, message.header.frame_id, tolerance, stamp)
        if at is None:
            return
        pose = at.compose(message.state.pose)
        if self.last is not None and _is_no_news(pose, stamp, *self.last):
            return
        self.last = pose, stamp
        written: PoseStamped = pose_stamped(pose, message.header.stamp, frame)
        # The time of the message, so that the record keeps its own clock.
        moment = nanoseconds(message.header.stamp) or self._clock.now().nanoseconds
        self._file.add(self._channel, moment, serialize_message(written))


def _is_no_news(pose: Pose, stamp: float, last: Pose, last_stamp: float) -> bool:
    """Return whether a robot stands and has been written down lately."""
    moved = math.hypot(pose.x - last.x, pose.y - last.y)
    turned = abs(float(difference(pose.yaw, last.yaw)))
    return moved < STILL[0] and turned < STILL[1] and 0.0 <= stamp - last_stamp < HEARTBEAT
