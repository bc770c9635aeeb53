"""The controller asks for the plan that it lacks: one was lost, displaced, or not usable."""

from __future__ import annotations

import time

from action_msgs.msg import GoalInfo

from mme_ilqr_ros.nodes.conversions import exact_stamp
from mme_ilqr_ros.nodes.error_codes import FollowCode
from mme_ilqr_ros.nodes.goal_keeper import GoalKeeper
from mme_ilqr_ros.nodes.node import STANDARD, RunnableNode
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings

PERIOD = 1.0  # s between requests; the first comes after one


class PlanRequest:
    """Watches that a goal that is pursued has a plan; in the end, it aborts the goal."""

    def __init__(self, node: RunnableNode[ControllerNodeSettings], goal: GoalKeeper) -> None:
        """Begin to watch.

        Args:
            node: The controller.
            goal: Its goal.
        """
        self._node, self._goal = node, goal
        self._since: float | None = None  # on the steady clock [s]
        self._publisher = node.create_publisher(GoalInfo, "plan_wanted", STANDARD)
        node.create_timer(PERIOD, self._look)
        goal.ask = self.ask

    def ask(self) -> None:
        """Ask the planner for a plan to the goal."""
        if self._goal.life.goal is not None:
            self._publisher.publish(GoalInfo(stamp=exact_stamp(self._goal.life.goal)))

    def _look(self) -> None:
        life, now = self._goal.life, time.monotonic()
        if not self._goal.lacks_plan or life.goal is None:
            self._since = None
            self._node.warnings.clear("plan wanted")
            return
        if self._since is None:
            self._since = now
            return
        lacking = now - self._since
        if lacking > self._node.settings.plan_timeout:
            self._goal.abort(f"no usable plan came for {lacking:.1f} s", FollowCode.INVALID_PATH)
            return
        text = f"no usable plan to the goal for {lacking:.1f} s; the planner is asked for it"
        self._node.warnings.warn("plan wanted", text)
        self.ask()
