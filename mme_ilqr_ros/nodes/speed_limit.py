"""How fast the robot may drive for now: on `~/speed_limit` in m/s, and as nav2's SpeedLimit.

Both hold until the next message on their topic, through goals, resets and changed parameters; the
lower one counts. It never makes the robot faster than its parameters do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Float32

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.speed_limit import share_of
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.node import STANDARD

try:
    from nav2_msgs.msg import SpeedLimit as SpeedLimitMessage
except ImportError:  # it is not on PyPI
    SpeedLimitMessage = None


class SpeedLimit:
    """Hears the limits and says which share of its speeds the robot may use.

    Attributes:
        share: In (0, 1].
    """

    def __init__(
        self,
        node: Node,
        warnings: ThrottledWarnings,
        settings: Any,
        when_changed: Callable[[float], None],
    ) -> None:
        """Listen; there is no limit yet.

        Args:
            node: The controller.
            warnings: For the log.
            settings: Those of the controller node.
            when_changed: Called with the share.
        """
        self.share = 1.0
        self._warnings, self._settings, self._when_changed = warnings, settings, when_changed
        self._limits: dict[str, tuple[float, bool]] = {}  # by topic: limit, whether in percent
        node.create_subscription(Float32, "~/speed_limit", self._take, STANDARD)
        if SpeedLimitMessage is not None:
            topic = settings.speed_limit_topic
            node.create_subscription(SpeedLimitMessage, topic, self._take_nav2, STANDARD)

    def use(self, settings: ControllerSettings) -> None:
        """Take over changed settings."""
        self._settings = settings
        self._apply()

    def _take(self, message: Float32) -> None:
        self._set("~/speed_limit", float(message.data), is_percentage=False)

    def _take_nav2(self, message: Any) -> None:
        limit, is_percentage = float(message.speed_limit), bool(message.percentage)
        self._set(self._settings.speed_limit_topic, limit, is_percentage=is_percentage)

    def _set(self, topic: str, limit: float, *, is_percentage: bool) -> None:
        try:
            share_of(limit, self._settings.vx_max, is_percentage=is_percentage)
        except ValueError as error:
            self._warnings.warn(topic, f"{topic}: {error}; the limit before stays")
            return
        self._limits[topic] = limit, is_percentage
        self._apply()

    def _apply(self) -> None:
        fastest = self._settings.vx_max
        shares = [share_of(n, fastest, is_percentage=p) for n, p in self._limits.values()]
        share = min(shares, default=1.0)
        if share != self.share:
            self.share = share
            self._when_changed(share)
