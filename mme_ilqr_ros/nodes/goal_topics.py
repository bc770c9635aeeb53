"""Goals by topics of standard messages: one pose on goal_pose, several on goal_poses."""

from __future__ import annotations

from collections.abc import Callable

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path as PathMessage

from mme_ilqr_ros.nodes.conversions import is_empty_goal
from mme_ilqr_ros.nodes.goal_life import CANCELLED, EMPTY_GOAL, GoalLife
from mme_ilqr_ros.nodes.node import STANDARD, RunnableNode
from mme_ilqr_ros.nodes.pursued_goal import Place, read_places
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings


class GoalTopics:
    """Listens; an empty goal cancels."""

    def __init__(
        self,
        node: RunnableNode[PlannerNodeSettings],
        life: GoalLife,
        accept: Callable[[list[Place]], object],
    ) -> None:
        """Begin to listen.

        Args:
            node: The planner.
            life: Of the newest goal.
            accept: Takes the places of a goal, the last one where to stay.
        """
        self._node, self._life, self._accept = node, life, accept
        node.create_subscription(PoseStamped, "goal_pose", self._take_pose, STANDARD)
        node.create_subscription(PathMessage, "goal_poses", self._take_poses, STANDARD)

    def _take_pose(self, message: PoseStamped) -> None:
        if is_empty_goal(message):
            self._life.end(CANCELLED, EMPTY_GOAL)
        else:
            self._take([message], "goal_pose")

    def _take_poses(self, message: PathMessage) -> None:
        if not message.poses:
            self._life.end(CANCELLED, EMPTY_GOAL)
            return
        for pose in message.poses:
            pose.header.frame_id = pose.header.frame_id or message.header.frame_id
        self._take(list(message.poses), "goal_poses")

    def _take(self, poses: list[PoseStamped], name: str) -> None:
        warnings = self._node.warnings
        places = warnings.read(
            "goal", lambda poses: read_places(poses, name), poses, "this goal is not used"
        )
        if places is None:
            return
        if self._node.is_active:
            self._accept(places)
        else:
            warnings.warn(name, f"{name}: not used; the planner is not active")
