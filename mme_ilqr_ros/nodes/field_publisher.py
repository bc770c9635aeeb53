"""Sends the planner's cost-to-go, the largest message there is: once, and to who listens."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.nodes.clouds import cost_to_go_cloud
from mme_ilqr_ros.nodes.conversions import cost_to_go_message
from mme_ilqr_ros.nodes.node import LATCHED


class FieldPublisher:
    """Publishes cost_to_go for controllers and ~/cost_to_go for display."""

    def __init__(self, node: Node) -> None:
        """Make the publishers of a node."""
        self._encoders = {
            node.create_publisher(OccupancyGrid, "~/cost_to_go", LATCHED): cost_to_go_message,
            node.create_publisher(PointCloud2, "cost_to_go", LATCHED): cost_to_go_cloud,
        }
        self._field: tuple[CostToGo, Time, str] | None = None
        self._sent: dict[Publisher, CostToGo] = {}

    def take(self, field: CostToGo | None, stamp: Time, frame: str) -> None:
        """Send a field, unless it is None or the one before."""
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
