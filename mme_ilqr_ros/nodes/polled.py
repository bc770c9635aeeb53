"""Topics that are looked at now and then, instead of waking the executor for every message.

rclpy's executor takes 0.3 ms of a processor to hand one message on, whatever it is.
"""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.subscription import Subscription

from mme_ilqr_ros.nodes.node import NEWEST

AT_ONCE = 3  # messages at most, of a topic of depth 1


class Polled(CallbackGroup):
    """A callback group whose callbacks no executor calls."""

    def listen(self, node: Node, kind: type, topic: str) -> Subscription:
        """Subscribe to the bytes of the newest message of a topic."""
        return node.create_subscription(kind, topic, never, NEWEST, callback_group=self, raw=True)

    def can_execute(self, entity: Any) -> bool:
        """Say no."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Say no."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Nothing has begun."""


def never(message: Any) -> None:
    """Take nothing: no executor calls this."""


def newest(subscription: Subscription) -> Any:
    """Return the newest message since the last call, as bytes of a raw subscription, or None."""
    message: Any = None
    handle: Any = subscription.handle
    try:
        with handle:
            for _ in range(AT_ONCE):
                taken = handle.take_message(subscription.msg_type, subscription.raw)
                if taken is None:
                    break
                message = taken[0]
    except InvalidHandle:  # the node is being destroyed
        return None
    return message
