"""nav2's actions and services, where nav2_msgs is installed; without it, one line says so.

What they do is there without nav2_msgs too, by topics and services of standard messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rclpy.node import Node

if TYPE_CHECKING:
    from mme_ilqr_ros.nodes.controller_node import ControllerNode
    from mme_ilqr_ros.nodes.planner_node import PlannerNode

try:
    import nav2_msgs.action  # noqa: F401  the modules that are imported below need it

    IS_INSTALLED = True
except ImportError:  # it is not on PyPI
    IS_INSTALLED = False


class Part(Protocol):
    """What is served."""

    def abort(self) -> None:
        """End the goals that run; their results are sent as the executor goes on."""

    def close(self) -> None:
        """Serve no more."""


class Served:
    """Everything that one node serves."""

    def __init__(self, *parts: Part) -> None:
        """Take over what was started."""
        self._parts = parts

    def abort(self) -> None:
        """End the goals that run; their results are sent as the executor goes on."""
        for part in self._parts:
            part.abort()

    def close(self) -> None:
        """Serve no more."""
        self.abort()
        for part in self._parts:
            part.close()
        self._parts = ()


def serve_planner(node: PlannerNode) -> Served:
    """Serve compute_path_*, is_path_valid and, where the node takes goals, navigate_*."""
    if not IS_INSTALLED:
        return _say_what_is_there(node, "goal_pose, goal_poses and ~/make_plan")
    from mme_ilqr_ros.nodes.nav2.navigate import Navigate
    from mme_ilqr_ros.nodes.nav2.plan_actions import PathCheck, PlanActions

    planning = PlanActions(node), PathCheck(node)
    if not node.settings.serve_navigation:
        return Served(*planning)
    return Served(*planning, Navigate(node))


def serve_controller(node: ControllerNode) -> Served:
    """Serve follow_path, spin and its kin and, where the node takes goals, navigate_to_pose."""
    if not IS_INSTALLED:
        what = "plan" if node.settings.use_plan else "goal_pose"
        return _say_what_is_there(node, f"{what}, ~/speed_limit and ~/reset")
    from mme_ilqr_ros.nodes.nav2.follow_path import FollowPathServer
    from mme_ilqr_ros.nodes.nav2.navigate import Navigate

    parts: list[Part] = [FollowPathServer(node)]
    if node.settings.serve_behaviors:
        from mme_ilqr_ros.nodes.nav2.behaviors import Behaviors

        parts.append(Behaviors(node, node.recovery))
    if node.settings.serve_navigation and not node.settings.use_plan:
        parts.append(Navigate(node))
    return Served(*parts)


def _say_what_is_there(node: Node, topics: str) -> Served:
    node.get_logger().info(f"nav2_msgs is not installed: no nav2 actions here, but {topics}")
    return Served()
