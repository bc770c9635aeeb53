"""When is the goal reached? Inside the tolerance, and no longer getting better."""

from __future__ import annotations

import math

from mme_ilqr_ros.geometry.pose import Pose, RobotState, difference

GOOD_ENOUGH = 0.4  # fraction of the tolerance inside which nothing better is waited for
NO_PROGRESS = 1e-3  # [m]
ANY_HEADING = 3.14  # [rad] a heading tolerance of this and more asks for none
SAME = 0.2  # fraction of the tolerance by which a goal may move, as localisation corrects its frame
SAME_HEADING = 0.1  # [rad]
RELEASE = 1.5  # fraction of the tolerance at which a reached goal is given up again (a push)


class GoalChecker:
    """Decides with hysteresis, so that a robot at rest in the goal does not start again."""

    def __init__(self) -> None:
        self._goal: Pose | None = None
        self._reached = False
        self._nearest = math.inf

    def reset(self) -> None:
        """Forget the goal."""
        self._goal = None

    def reached(
        self, state: RobotState, goal: Pose, tolerance: float, yaw_tolerance: float = ANY_HEADING
    ) -> bool:
        """Return True from the moment the goal is reached until the robot is pushed away.

        Args:
            state: Measured state, in the goal's frame.
            goal: Goal.
            tolerance: Distance that counts as reached [m].
            yaw_tolerance: Deviation of the heading that counts as reached [rad].
        """
        if not self._is_known(goal, tolerance):
            self._goal, self._reached, self._nearest = goal, False, math.inf
        distance = math.hypot(goal.x - state.x, goal.y - state.y)
        turn = abs(float(difference(goal.yaw, state.yaw))) if yaw_tolerance < ANY_HEADING else 0.0
        if self._reached:
            self._reached = distance <= RELEASE * tolerance and turn <= RELEASE * yaw_tolerance
        elif distance <= tolerance and turn <= yaw_tolerance:
            no_better = distance > self._nearest - NO_PROGRESS
            self._reached = no_better or distance <= GOOD_ENOUGH * tolerance
        self._nearest = distance if not self._reached else self._nearest
        return self._reached

    def _is_known(self, goal: Pose, tolerance: float) -> bool:
        """Return True for the goal of before, which need not lie at the very same place."""
        if self._goal is None:
            return False
        moved = math.hypot(goal.x - self._goal.x, goal.y - self._goal.y)
        turned = abs(float(difference(goal.yaw, self._goal.yaw)))
        return moved <= SAME * tolerance and turned <= SAME_HEADING
