"""Sends the planner's cost-to-go, the largest message there is: once, and to who listens.

A plan is sent as soon as the field says what that needs. The rest follows in pieces, between which
the thread does what else there is to do: another plan waits for a piece, not for a whole map.
"""

from __future__ import annotations

from functools import partial

from builtin_interfaces.msg import Time
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.nodes.clouds import cost_to_go_cloud
from mme_ilqr_ros.nodes.conversions import cost_to_go_message
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.planning.result import PlanResult

PIECE = 500_000  # cells, about 20 ms


class FieldPublisher:
    """Publishes cost_to_go for controllers and ~/cost_to_go for display.

    All but the constructor is for the background thread.
    """

    def __init__(self, node: Node, background: Background) -> None:
        """Make the publishers of a node.

        Args:
            node: The planner.
            background: The thread that plans.
        """
        self._encoders = {
            node.create_publisher(OccupancyGrid, "~/cost_to_go", LATCHED): cost_to_go_message,
            node.create_publisher(PointCloud2, "cost_to_go", LATCHED): cost_to_go_cloud,
        }
        self._background = background
        self._field: tuple[CostToGo, Time, str] | None = None
        self._sent: dict[Publisher, CostToGo] = {}

    def follow(self, result: PlanResult, stamp: Time, frame: str) -> None:
        """Send the field of a result when it is whole, unless another result comes before."""
        self._background.do("rest of the field", partial(self._go_on, result, stamp, frame))

    def _go_on(self, result: PlanResult, stamp: Time, frame: str) -> None:
        if result.solved is None:
            return
        if not result.solved.advance(PIECE):
            self.follow(result, stamp, frame)
            return
        field = result.cost_to_go
        if field is not None and (self._field is None or field is not self._field[0]):
            self._field = field, stamp, frame
        self.send()

    def send(self) -> None:
        """Send the field to those who have begun to listen since."""
        if self._field is None:
            return
        for publisher, encode in self._encoders.items():
            is_sent = self._sent.get(publisher) is self._field[0]
            if not is_sent and publisher.get_subscription_count():
                publisher.publish(encode(*self._field))
                self._sent[publisher] = self._field[0]
