"""Where frames lie in one another: through tf2 where it is installed, else taken as the same."""

from __future__ import annotations

from typing import Protocol

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.time import Time

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.complaints import Complaints
from mme_ilqr_ros.nodes.conversions import seconds_of, transform_pose

try:
    import tf2_ros

    TransformError = tf2_ros.TransformException
except ImportError:  # the PyPI set of ROS 2 packages has no tf2
    tf2_ros = None
    TransformError = LookupError

HERE = Pose(0.0, 0.0, 0.0)


class TransformBuffer(Protocol):
    """The part of tf2_ros.Buffer that is used."""

    def lookup_transform(self, target: str, source: str, time: Time) -> TransformStamped:
        """Return the newest transform from `source` to `target`."""


class Frames:
    """Answers where one frame lies in another, at the latest time that is known.

    Without tf2, frames of different names are taken as the same one, and that is said once a pair.
    """

    def __init__(
        self, node: Node, complaints: Complaints, buffer: TransformBuffer | None = None
    ) -> None:
        """Listen to tf.

        Args:
            node: Whose clock and subscriptions are used.
            complaints: Where to say what is missing.
            buffer: Source of transforms; by default a tf2 buffer, where tf2 is installed.
        """
        self._clock = node.get_clock()
        self._complaints = complaints
        self._buffer = buffer
        if buffer is None and tf2_ros is not None:
            self._buffer = tf2_ros.Buffer(node=node)
            self._listener = tf2_ros.TransformListener(self._buffer, node, spin_thread=False)

    def pose_in(self, target: str, source: str, tolerance: float) -> Pose | None:
        """Return the pose of frame `source` seen from frame `target`, or None when nobody knows.

        Args:
            target: Frame in which the pose is wanted; an empty name means the same frame.
            source: Frame whose pose is wanted; likewise.
            tolerance: Age in s from which a transform is too old; static ones have no age.
        """
        target, source = target.lstrip("/"), source.lstrip("/")
        if target == source or not source or not target:
            return HERE
        if self._buffer is None:
            self._complaints.say_once(f"without tf2, frame '{source}' is taken to be '{target}'")
            return HERE
        topic = f"transform {source} {target}"
        try:
            transform = self._buffer.lookup_transform(target, source, Time())
        except TransformError as error:
            self._complaints.say(topic, f"no transform from '{source}' to '{target}': {error}")
            return None
        stamp = seconds_of(transform.header.stamp)
        age = 1e-9 * self._clock.now().nanoseconds - stamp
        if stamp > 0.0 and age > tolerance:
            self._complaints.say(
                topic,
                f"transform from '{source}' to '{target}' is {age:.2f} s old"
                f" (transform_tolerance {tolerance:g} s)",
            )
            return None
        self._complaints.settle(topic)
        return transform_pose(transform.transform)
