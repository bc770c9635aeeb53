"""Says what becomes of a goal: its status, and why it was aborted."""

from __future__ import annotations

from action_msgs.msg import GoalStatus
from rclpy.node import Node
from std_msgs.msg import String

from mme_ilqr_ros.nodes.conversions import exact_stamp
from mme_ilqr_ros.nodes.node import LATCHED


class GoalPublisher:
    """Publishes the life of goals, latched."""

    def __init__(self, node: Node) -> None:
        """Begin to publish."""
        self._statuses = node.create_publisher(GoalStatus, "goal_status", LATCHED)
        self._reasons = node.create_publisher(String, "goal_reason", LATCHED)

    def publish(self, goal: int, status: int, code: int = 0, reason: str = "") -> None:
        """Say a status, and why, where it is an abort.

        Args:
            goal: Name of the goal: the time of its acceptance in ns.
            status: One of action_msgs/GoalStatus.
            code: nav2's error code; see `error_codes`.
            reason: For people.
        """
        if status == GoalStatus.STATUS_ABORTED:  # first: who hears of the end knows why
            self._reasons.publish(String(data=f"{goal} {code} {reason}"))
        message = GoalStatus(status=int(status))
        message.goal_info.stamp = exact_stamp(goal)
        message.goal_info.goal_id.uuid = list(goal.to_bytes(16, "big"))
        self._statuses.publish(message)


def read_reason(message: String) -> tuple[int, int, str] | None:
    """Return name of the goal, error code and reason; None for a text of another kind."""
    name, _, rest = message.data.partition(" ")
    code, _, reason = rest.partition(" ")
    digits = name.isascii() and name.isdigit() and code.isascii() and code.isdigit()
    if not digits or len(name) > 20 or len(code) > 5:
        return None
    return int(name), int(code), reason
