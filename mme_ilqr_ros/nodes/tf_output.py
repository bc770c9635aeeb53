"""Transforms out: to tf where tf2 is installed, nowhere else."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from rclpy.node import Node

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import transform_message

try:
    from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster
except ImportError:  # the PyPI set of ROS 2 packages has no tf2
    StaticTransformBroadcaster = TransformBroadcaster = None


class TfOutput:
    """Broadcasts poses of frames; without tf2 it does nothing and says so once."""

    def __init__(self, node: Node) -> None:
        """Make the broadcasters of `node`."""
        self._moving = self._static = None
        if TransformBroadcaster is None:
            node.get_logger().info("tf2 is not installed: no transforms are published")
            return
        self._moving = TransformBroadcaster(node)
        self._static = StaticTransformBroadcaster(node)
        self._static_transforms = []

    def send(self, pose: Pose, stamp: Time, parent: str, child: str) -> None:
        """Say where frame `child` lies in frame `parent` now."""
        if self._moving is not None:
            self._moving.sendTransform(transform_message(pose, stamp, parent, child))

    def send_static(self, pose: Pose, stamp: Time, parent: str, child: str) -> None:
        """Say where frame `child` lies in frame `parent` for ever."""
        if self._static is not None:
            # The topic is latched with depth 1: everything said before has to be said again.
            self._static_transforms.append(transform_message(pose, stamp, parent, child))
            self._static.sendTransform(self._static_transforms)
