"""What a node says while it compiles."""

from __future__ import annotations

import contextlib

from rclpy.node import Node

from mme_ilqr_ros.compile_cache import announced


def compiling(node: Node, what: str) -> contextlib.AbstractContextManager[None]:
    """Say in the node's log, with the reason, if something is compiled inside the block."""
    say = node.get_logger().info
    return announced(lambda reason: say(f"compiling the {what}, once: {reason} (mme-ilqr warm_up)"))
