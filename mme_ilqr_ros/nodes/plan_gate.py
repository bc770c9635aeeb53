"""Which plans are driven: none of before this node, none that is old, none to a goal that is over.

A plan belongs to the goal whose acceptance its last pose carries as stamp. The plans of another
planner belong to no goal: the first one makes one, and those to the same end that follow belong to
it, also once it has ended, so that a planner that keeps planning does not wake an arrived robot.
While a goal that another node accepted is pursued, only the plans to that goal are driven.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import nanoseconds
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.goal_life import GoalLife
from mme_ilqr_ros.nodes.plan_message import PlanMessage

LATE = 5.0  # s after its stamp a plan is not begun; also the pause after which one is a new request
SAME_END = 0.25  # m


class PlanGate:
    """Decides on each plan, and accepts a goal for one that comes without.

    Attributes:
        last: The newest plan, driven or not.
    """

    def __init__(self, life: GoalLife, warnings: ThrottledWarnings, now: float) -> None:
        """Begin at ROS time `now` [s]: what is from before is not driven."""
        self.last: PlanMessage | None = None
        self._life, self._warnings = life, warnings
        self._begin = time.time_ns()  # on the clock by which the middleware stamps messages
        self._begin_of_ros = now
        self._new_since = 0  # as `_begin`: what was sent before is not driven
        # The goal of the newest plan of another planner, its end, and when it came.
        self._foreign: tuple[int | None, Pose, float] | None = None

    def note_time(self, now: float) -> None:
        """Take note of ROS time [s]: it may begin, or begin anew, after this node did."""
        if not 0.0 < self._begin_of_ros <= now:
            self._begin_of_ros = now

    def expect_new(self) -> None:
        """Refuse the plans that were sent up to now."""
        self._new_since = time.time_ns()

    def is_from_before(self, published: int) -> bool:
        """Whether a message was published [ns] before this node was up; 0 is not known."""
        return 0 < published < self._begin

    def cancels(self, plan: PlanMessage, published: int) -> bool:
        """Return whether an empty plan cancels, and does not just say that there is no way now.

        After it, the next plan of another planner is a new request.
        """
        if self.is_from_before(published) or plan.goal == self._life.goal:
            return False
        self._foreign = None
        return True

    def admits(
        self, plan: PlanMessage, published: int, now: float, *, resumes: bool = False
    ) -> bool:
        """Return whether to drive along a plan that is not empty.

        Args:
            plan: What came.
            published: When the middleware took it [ns]; 0 where that is not known.
            now: ROS time [s].
            resumes: Whether a plan of before this node counts, to a goal that has not ended.
        """
        stamp = nanoseconds(plan.header.stamp)
        age = now - 1e-9 * stamp
        self.last = plan = replace(plan, goal=plan.goal or published or time.time_ns())
        self.note_time(now)
        is_to_before = plan.names_goal and 1e-9 * plan.goal < self._begin_of_ros
        if resumes and plan.names_goal and not self._life.is_past(plan.goal):
            # An old one is asked for anew; and the news of its goal may come after it.
            is_young = not stamp or age <= LATE
            return is_young and self._life.is_active and plan.goal == self._life.goal
        if self.is_from_before(published) or is_to_before:
            return self._refuse("it is from before this node was started; send the goal again")
        if 0 < published < self._new_since:
            return self._refuse("it was sent while this node slept; the planner is asked again")
        if stamp and age > LATE:
            return self._refuse(
                f"its stamp is {age:.1f} s old ({LATE:g} s at most); send the goal again, and use"
                " one clock for all nodes"
            )
        if self._life.is_past(plan.goal):
            return self._refuse("its goal has ended; send a new one")
        return plan.goal == self._life.goal or self._admits_foreign(plan)

    def _admits_foreign(self, plan: PlanMessage) -> bool:
        """Return whether to drive along a plan to a goal that nobody accepted."""
        assert plan.end is not None  # who asks has a path
        if self._life.is_active and not self._life.is_own:
            # One of our planner may come before the news of its goal.
            return not plan.names_goal and self._refuse(
                "it is not to the goal that is pursued; cancel that one first"
            )
        if plan.path is not None and plan.path.length == 0.0 and plan.n_poses > 1:
            return self._refuse(f"its {plan.n_poses} poses are one place")
        moment, goal, follows = time.monotonic(), self._life.goal, False
        if self._foreign is not None and self._foreign[0] == goal:
            _, end, heard = self._foreign
            is_near = math.hypot(end.x - plan.end.x, end.y - plan.end.y) <= SAME_END
            follows = is_near and (self._life.is_active or moment - heard < LATE)
        if not follows:
            goal = self._life.accept(plan.goal, is_own=not plan.names_goal)
        self._foreign = goal, plan.end, moment
        return self._life.is_active or self._refuse(
            f"it leads where the goal that has ended was; after {LATE:g} s without such a plan it"
            " is taken for a new goal"
        )

    def _refuse(self, reason: str) -> bool:
        self._warnings.warn_each(f"this plan is not driven: {reason}")
        return False
