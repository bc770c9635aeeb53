"""The planner makes its plan again when the controller lacks it."""

from __future__ import annotations

from collections.abc import Callable

from action_msgs.msg import GoalInfo

from mme_ilqr_ros.nodes.conversions import nanoseconds
from mme_ilqr_ros.nodes.node import STANDARD, RunnableNode
from mme_ilqr_ros.nodes.pursued_goal import PursuedGoal
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.planning.replanner import Replanner


class PlanRenewal:
    """Listens to requests for a plan that was sent, and was lost or displaced by another."""

    def __init__(
        self,
        node: RunnableNode[PlannerNodeSettings],
        goal: PursuedGoal,
        replanner: Replanner,
        plan: Callable[[], object],
    ) -> None:
        """Begin to listen.

        Args:
            node: The planner.
            goal: That it plans to.
            replanner: Decides when to plan.
            plan: Makes a new plan soon, in place of the one in force.
        """
        self._goal, self._replanner, self._plan = goal, replanner, plan
        self._warnings = node.warnings
        node.create_subscription(GoalInfo, "plan_wanted", self._take, STANDARD)

    def _take(self, message: GoalInfo) -> None:
        is_ours = self._goal.is_wanted and nanoseconds(message.stamp) == self._goal.name
        if not is_ours or self._replanner.path is None:  # then there was no way
            return
        self._warnings.warn("plan lost", "the controller lacks the plan; it is made again")
        self._plan()
