"""Transforms in and out, through tf2 where it is installed."""

from __future__ import annotations

from typing import Protocol

from builtin_interfaces.msg import Time as Stamp
from geometry_msgs.msg import Transform, TransformStamped
from rclpy.node import Node
from rclpy.time import Time

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import (
    MessageError,
    seconds_of,
    transform_message,
    transform_pose,
)
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings

try:
    import tf2_ros

    TransformError = tf2_ros.TransformException
except ImportError:  # the PyPI set of ROS 2 packages has no tf2
    tf2_ros = None
    TransformError = LookupError


class TransformBuffer(Protocol):
    """The part of tf2_ros.Buffer that is used."""

    def lookup_transform(self, target: str, source: str, time: Time) -> TransformStamped:
        """Return the transform from `source` to `target` at a time; at 0 the newest."""


class Frames:
    """Looks up the pose of one frame in another, at the latest time that is known or at a stamp.

    Without tf2, frames of different names are taken as the same one; it is logged once a pair.
    """

    def __init__(
        self, node: Node, warnings: ThrottledWarnings, buffer: TransformBuffer | None = None
    ) -> None:
        """Listen to tf.

        Args:
            node: Whose clock and subscriptions are used.
            warnings: For missing and old transforms.
            buffer: Source of transforms; by default a tf2 buffer, where tf2 is installed.
        """
        self._clock = node.get_clock()
        self._warnings = warnings
        self._buffer = buffer
        if buffer is None and tf2_ros is not None:
            self._buffer = tf2_ros.Buffer(node=node)
            self._listener = tf2_ros.TransformListener(self._buffer, node, spin_thread=False)

    def now(self) -> float:
        """Return the node's time [s]."""
        return 1e-9 * self._clock.now().nanoseconds

    def pose_in(
        self, target: str, source: str, tolerance: float, stamp: float = 0.0
    ) -> Pose | None:
        """Return the pose of frame `source` seen from frame `target`, or None if unknown.

        Args:
            target: Frame in which the pose is wanted; an empty name means the same frame.
            source: Frame whose pose is wanted; likewise.
            tolerance: Age in s from which a transform is too old; static ones have no age.
            stamp: Time in s at which the pose is wanted; 0 is the latest that is known. That also
                serves a stamp that is no more than `tolerance` away from it.
        """
        transform = self.transform_in(target, source, tolerance, stamp)
        return None if transform is None else transform_pose(transform)

    def transform_in(
        self, target: str, source: str, tolerance: float, stamp: float = 0.0
    ) -> Transform | None:
        """Return what `pose_in` does in three dimensions, for what is mounted on a robot."""
        target, source = target.lstrip("/"), source.lstrip("/")
        if target == source or not source or not target:
            return Transform()
        if self._buffer is None:
            self._warnings.info_once(f"without tf2, frame '{source}' is taken to be '{target}'")
            return Transform()
        try:
            transform = self._at(target, source, tolerance, stamp)
            transform_pose(transform)
        except (TransformError, MessageError) as error:
            self._warnings.warn(
                f"transform {source} {target}",
                f"no transform from '{source}' to '{target}': {error}",
            )
            return None
        self._warnings.clear(f"transform {source} {target}")
        return transform

    def is_mounted(self, frame: str, base: str) -> bool:
        """Return whether a frame is fixed to the robot, whose frame is `base`."""
        frame, base = frame.lstrip("/"), base.lstrip("/")
        if self._buffer is None or not frame or not base:
            return False
        if frame == base:
            return True
        try:
            transform = self._buffer.lookup_transform(base, frame, Time())
        except TransformError:
            return False
        return seconds_of(transform.header.stamp) == 0.0  # only what is static has no time

    def _at(self, target: str, source: str, tolerance: float, stamp: float) -> Transform:
        """Look a transform up.

        Raises:
            TransformError: It is not known, or not for that time.
            MessageError: It is too old.
        """
        assert self._buffer is not None
        if stamp > 0.0:
            try:
                moment = Time(nanoseconds=round(1e9 * stamp))
                return self._buffer.lookup_transform(target, source, moment).transform
            except TransformError:
                pass  # before or after what is known
        newest = self._buffer.lookup_transform(target, source, Time())
        known = seconds_of(newest.header.stamp)
        age = (stamp or 1e-9 * self._clock.now().nanoseconds) - known
        # One of the future is that of a localisation that says how long it is good for.
        if known > 0.0 and (age > tolerance or (stamp > 0.0 and -age > tolerance)):
            raise MessageError(
                f"the newest is {abs(age):.2f} s from the stamp"
                f" (transform_tolerance {tolerance:g} s)"
                if stamp > 0.0
                else f"the newest is {age:.2f} s old (transform_tolerance {tolerance:g} s)"
            )
        return newest.transform


class TfOutput:
    """Broadcasts poses of frames; without tf2 it does nothing and logs that once."""

    def __init__(self, node: Node) -> None:
        """Make the broadcasters of `node`."""
        self._static_transforms: list[TransformStamped] = []
        self._is_connected = tf2_ros is not None
        if not self._is_connected:
            node.get_logger().info("tf2 is not installed: no transforms are published")
            return
        self._moving = tf2_ros.TransformBroadcaster(node)
        self._static = tf2_ros.StaticTransformBroadcaster(node)

    def send(self, pose: Pose, stamp: Stamp, parent: str, child: str) -> None:
        """Broadcast the pose of frame `child` in frame `parent` now."""
        if self._is_connected:
            self._moving.sendTransform(transform_message(pose, stamp, parent, child))

    def send_static(self, pose: Pose, stamp: Stamp, parent: str, child: str) -> None:
        """Broadcast the pose of frame `child` in frame `parent` as static."""
        if self._is_connected:
            # The topic is latched with depth 1: what was sent before is sent again.
            self._static_transforms.append(transform_message(pose, stamp, parent, child))
            self._static.sendTransform(self._static_transforms)
