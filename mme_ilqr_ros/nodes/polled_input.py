"""Messages that are read when they are asked for: the executor need not wake for each of them.

rclpy takes about half a millisecond to wake a node for a message, whatever that says. Of what comes
often, odometry and obstacles, a control cycle needs only the newest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.qos import QoSProfile

Message = tuple[Any, dict[str, int]]  # and when it was sent and came, as the middleware says


class PolledInput:
    """A subscription that an executor waits for only while somebody waits for its next message."""

    def __init__(
        self,
        node: Node,
        kind: type,
        topic: str,
        profile: QoSProfile,
        take: Callable[[Any, dict[str, int]], None],
        *,
        raw: bool = False,
        newest_only: bool = False,
    ) -> None:
        """Subscribe.

        Args:
            node: Who reads.
            kind: Type of the messages.
            topic: Where they come.
            profile: Quality of service; its depth is how many wait to be read.
            take: Called with each message, or its bytes, and what the middleware says of it.
            raw: Whether bytes are wanted.
            newest_only: Whether those are left out after which another one has come.
        """
        self._kind, self._raw, self._newest_only = kind, raw, newest_only
        self._take, self._door = take, _Door()
        self._when_new: Callable[[], None] = lambda: None
        # Some executors take messages by themselves, whatever the group says.
        hear: Any = self._hear  # rclpy's annotations know of no bytes
        self._subscription = node.create_subscription(
            kind, topic, hear, profile, callback_group=self._door, raw=raw
        )

    def poll(self) -> None:
        """Read what has come."""
        found: list[Message] = []
        handle = self._subscription.handle
        with suppress(InvalidHandle), handle:  # the node may be on its way out
            while (message := handle.take_message(self._kind, self._raw)) is not None:
                found.append(message)
        for message in found[-1:] if self._newest_only else found:
            self._take(*message)

    def wait(self, when_new: Callable[[], None] | None) -> None:
        """Call somebody when the next one has come; None calls nobody."""
        self._when_new = when_new or (lambda: None)
        self._door.is_open = when_new is not None

    def _hear(self, message: Any, info: dict[str, int]) -> None:
        self._take(message, info)
        self.poll()
        self._when_new()


class _Door(CallbackGroup):
    """Lets an executor wait for a message only while it is open."""

    is_open = False

    def can_execute(self, entity: Any) -> bool:
        """Return whether it is open."""
        return self.is_open

    def beginning_execution(self, entity: Any) -> bool:
        """Return whether it is open."""
        return self.is_open

    def ending_execution(self, entity: Any) -> None:
        """Do nothing."""
