"""Publishes the planner's cost-to-go: a picture for RViz, the numbers for programs."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from rclpy.publisher import Publisher

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.nodes import cost_to_go_cloud
from mme_ilqr_ros.nodes.conversions import cost_to_go_message


class CostToGoOutput:
    """Sends each field once and only to subscribers: it is the largest message there is."""

    def __init__(self, picture: Publisher, numbers: Publisher) -> None:
        """Take the latched publishers of an OccupancyGrid and a PointCloud2."""
        self._encoders = {picture: cost_to_go_message, numbers: cost_to_go_cloud.encode}
        self._sent: dict[Publisher, CostToGo] = {}
        self._newest: tuple[CostToGo, Time, str] | None = None

    def update(self, field: CostToGo | None, stamp: Time, frame: str) -> None:
        """Publish a field if it is a new one; None, for no field, publishes nothing.

        Args:
            field: The same object as long as goal and map stay.
            stamp: When it was made.
            frame: Of the map.
        """
        if field is None or (self._newest is not None and field is self._newest[0]):
            return
        self._newest = (field, stamp, frame)
        self.publish_to_new_subscribers()

    def publish_to_new_subscribers(self) -> None:
        """Publish to those who have subscribed since the field was made."""
        if self._newest is None:
            return
        field = self._newest[0]
        for publisher, encode in self._encoders.items():
            if self._sent.get(publisher) is not field and publisher.get_subscription_count():
                publisher.publish(encode(*self._newest))
                self._sent[publisher] = field
