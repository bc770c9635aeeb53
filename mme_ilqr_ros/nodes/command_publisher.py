"""The one hand on cmd_vel: muted it sends nothing, and its last word is zero."""

from __future__ import annotations

import threading

from geometry_msgs.msg import Twist, TwistStamped

from mme_ilqr_ros.nodes.conversions import header, twist_message
from mme_ilqr_ros.nodes.node import STANDARD, RunnableNode
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings


class CommandPublisher:
    """Publishes velocity commands between `open` and `close`; for any thread."""

    def __init__(self, node: RunnableNode[ControllerNodeSettings]) -> None:
        """Begin muted."""
        self._node = node
        self._is_stamped = node.settings.enable_stamped_cmd_vel
        kind = TwistStamped if self._is_stamped else Twist
        self._publisher = node.create_publisher(kind, "cmd_vel", STANDARD)
        self._lock = threading.Lock()  # between looking whether it is open and sending
        self._is_open = False

    def open(self) -> None:
        """Send commands from now on."""
        self._is_open = True

    def send(self, vx: float, wz: float, vy: float = 0.0) -> None:
        """Send a command [m/s, rad/s], unless muted."""
        with self._lock:
            if self._is_open:
                self._publish(vx, wz, vy)

    def close(self) -> None:
        """Send zero, and nothing after it."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._publish(0.0, 0.0, 0.0)

    def _publish(self, vx: float, wz: float, vy: float) -> None:
        message: Twist | TwistStamped = twist_message(vx, wz, vy)
        if self._is_stamped:
            head = header(self._node.stamp(), self._node.settings.robot_base_frame)
            message = TwistStamped(header=head, twist=message)
        self._publisher.publish(message)
