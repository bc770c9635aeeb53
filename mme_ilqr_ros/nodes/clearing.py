"""Forgetting on request: ~/clear, and nav2's services that clear a costmap where nav2_msgs is.

nav2's behaviour trees clear the costmaps before they do anything else against being stuck. Here
that is what was remembered of obstacles; what is there comes back with the next scan or message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from std_srvs.srv import Trigger

try:
    from nav2_msgs import srv as nav2_services
except ImportError:  # the node that serves nav2's actions says so
    nav2_services = None

# nav2's services by the beginnings of their names; all of them clear everything.
NAV2 = {
    "clear_entirely": "ClearEntireCostmap",
    "clear_around": "ClearCostmapAroundRobot",
    "clear_except": "ClearCostmapExceptRegion",
}


def serve_clearing(node: Node, costmap: str, clear: Callable[[], str]) -> None:
    """Serve ~/clear and, where nav2_msgs is, nav2's services that clear a costmap.

    Args:
        node: Of the services.
        costmap: `local_costmap` or `global_costmap`.
        clear: Forgets; returns what it forgot, for people.
    """

    def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, clear()
        node.get_logger().info(response.message)
        return response

    def answer_nav2(_: Any, response: Any) -> Any:
        node.get_logger().info(clear())
        return response

    node.create_service(Trigger, "~/clear", answer)
    for begin, kind in NAV2.items():
        if (service := getattr(nav2_services, kind, None)) is not None:
            node.create_service(service, f"{costmap}/{begin}_{costmap}", answer_nav2)
