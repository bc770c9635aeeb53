"""The planner's goal: as it was given, its name, and whether it is still to be planned to."""

from __future__ import annotations

import time

from std_msgs.msg import Header
from std_srvs.srv import Trigger

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.error_codes import plan_code
from mme_ilqr_ros.nodes.goal_life import ABORTED, CANCELLED, GoalLife
from mme_ilqr_ros.planning.result import PlanResult


class PursuedGoal:
    """A goal and its life.

    Attributes:
        pose: In the frame in which it came: the transform may come later, or change.
        header: Of its message.
        name: By which its life and its plans know it.
        life: Of the newest goal, which may be that of another planner's plan.
    """

    def __init__(self, life: GoalLife) -> None:
        """Start without a goal."""
        self.life = life
        self.pose: Pose | None = None
        self.header = Header()
        self.name: int | None = None
        self._unplanned_since: float | None = None  # s, on the steady clock

    @property
    def is_wanted(self) -> bool:
        """Whether it has not ended, and no plan by another hand has taken its place."""
        return self.life.is_active and self.life.goal == self.name

    def take(self, pose: Pose, header: Header, now: int) -> None:
        """Accept a goal at ROS time `now` [ns]."""
        self.pose, self.header = pose, header
        self.name = self.life.accept(now)

    def cancel(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """End the goal, if there is one, whoever drives to it."""
        response.success = self.life.end(CANCELLED)
        response.message = "the goal is cancelled" if response.success else "there is no goal"
        return response

    def judge(self, last: PlanResult | None, is_planned: bool, patience: float) -> None:
        """Abort a goal to which there has been no plan for `patience` s.

        Args:
            last: What came of the newest request; None before the first.
            is_planned: Whether there is a plan in force.
            patience: In s.
        """
        now, since = time.monotonic(), self._unplanned_since
        if last is None or last.path is not None or is_planned or not self.is_wanted:
            self._unplanned_since = None
        elif since is None:
            self._unplanned_since = now
        elif now - since >= patience:
            reason = f"no plan for {now - since:.1f} s: {last.message}"
            self.life.end(ABORTED, reason, plan_code(last.status))
