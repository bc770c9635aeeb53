"""The planner's goal: as it was given, its name, and whether it is still to be planned to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from geometry_msgs.msg import PoseStamped
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import MessageError, pose_value
from mme_ilqr_ros.nodes.error_codes import plan_code
from mme_ilqr_ros.nodes.goal_life import ABORTED, CANCELLED, GoalLife
from mme_ilqr_ros.planning.result import PlanResult
from mme_ilqr_ros.planning.route import Travel


@dataclass(frozen=True)
class Place:
    """A pose and the header of its message."""

    pose: Pose
    header: Header


def read_places(poses: Sequence[PoseStamped], name: str) -> list[Place]:
    """Return the poses of messages.

    Raises:
        MessageError: There are none, or a number is not finite.
    """
    if not poses:
        raise MessageError(f"{name}: there are no poses")
    names = [name if len(poses) == 1 else f"{name}: pose {k + 1}" for k in range(len(poses))]
    return [Place(pose_value(m.pose, n), m.header) for m, n in zip(poses, names, strict=True)]


class PursuedGoal:
    """A goal, the poses on the way to it, and its life.

    Attributes:
        ahead: The poses that are not passed yet, the goal last; in the frames in which they came:
            transforms may come later, or change.
        travel: Along the plan in force.
        name: By which its life and its plans know it.
        life: Of the newest goal, which may be that of another planner's plan.
    """

    def __init__(self, life: GoalLife) -> None:
        """Start without a goal."""
        self.life = life
        self.ahead: list[Place] = []
        self.travel = Travel()
        self.name: int | None = None
        self._unplanned_since: float | None = None  # s, on the steady clock

    @property
    def is_wanted(self) -> bool:
        """Whether it has not ended, and no plan by another hand has taken its place."""
        return self.life.is_active and self.life.goal == self.name

    def take(self, places: list[Place], now: int) -> int:
        """Accept a goal, the last of some poses, at ROS time `now` [ns]; return its name."""
        self.ahead, self.travel = places, Travel()
        self.name = self.life.accept(now)
        return self.name

    def go_along(self, robot: Pose) -> bool:
        """Note where the robot is, in the plan's frame; return whether it has passed a pose."""
        has_passed = self.is_wanted and self.travel.advance((robot.x, robot.y))
        if has_passed:
            self.ahead = self.ahead[-max(self.travel.n_ahead, 1) :]
        return has_passed

    def rest(self, robot: Pose) -> float:
        """Return the distance to go [m], 0 without a plan."""
        return self.travel.rest((robot.x, robot.y)) if self.is_wanted else 0.0

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
            why = f"no plan for {now - since:.1f} s: {last.message}"
            self.life.end(ABORTED, why, plan_code(last.status))
