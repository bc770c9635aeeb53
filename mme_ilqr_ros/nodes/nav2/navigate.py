"""navigate_to_pose and navigate_through_poses: the life of the node's goal, as nav2's actions.

It is the life that `goal_pose` has: a goal from RViz takes the place of an action's, and the other
way round; who loses is aborted with an empty result, as in nav2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from geometry_msgs.msg import PoseStamped
from nav2_msgs.action import NavigateThroughPoses, NavigateToPose

from mme_ilqr_ros.nodes.conversions import MessageError
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.error_codes import NO_VIAPOINTS_GIVEN, NONE, PlanCode
from mme_ilqr_ros.nodes.goal_life import CANCELLED, REACHED, GoalLife
from mme_ilqr_ros.nodes.journey import Journey, UnknownFrameError
from mme_ilqr_ros.nodes.nav2.actions import ABORTED, CANCELED, SUCCEEDED, GoalServer
from mme_ilqr_ros.nodes.nav2.results import (
    duration,
    failure,
    own_code,
    poses_in,
    set_if_there,
    success,
)

FEEDBACK_PERIOD = 0.1  # s
STANDS = 0.01  # m/s below which no time of arrival is told, as in nav2
REASON_PATIENCE = 0.5  # s for the other node's reason of an abort


class GoalOwner(Protocol):
    """The node that takes goals."""

    @property
    def life(self) -> GoalLife:
        """The life of its newest goal."""

    @property
    def warnings(self) -> ThrottledWarnings:
        """For the log."""

    def pursue(self, poses: list[PoseStamped], name: str) -> int:
        """Accept a goal through poses; return its name.

        Raises:
            MessageError: There are no poses, or a number is not finite.
            UnknownFrameError: It is not known where a pose is.
        """

    def journey(self) -> Journey | None:
        """Return where the robot is; None while that is not known."""

    def now(self) -> float:
        """Return ROS time in s."""


class Navigate:
    """Both actions."""

    def __init__(self, node: Any) -> None:
        """Serve them.

        Args:
            node: A node that is a GoalOwner.
        """
        self._owner: GoalOwner = node
        self._routes = [
            _Route(node, NavigateToPose, "navigate_to_pose", lambda goal: [goal.pose]),
            _Route(
                node,
                NavigateThroughPoses,
                "navigate_through_poses",
                lambda goal: list(poses_in(goal.poses)),
            ),
        ]
        self._timer = node.create_timer(FEEDBACK_PERIOD, self._tell)
        self._owner.life.listeners.append(self._look)

    def abort(self) -> None:
        """End the goals of the actions; what becomes of the node's goal is up to the node."""
        for route in self._routes:
            route.end(ABORTED, None)

    def close(self) -> None:
        """Serve no more."""
        self._owner.life.listeners.remove(self._look)
        self._timer.cancel()
        for route in self._routes:
            route.server.close()

    def _look(self) -> None:
        for route in self._routes:
            route.look()

    def _tell(self) -> None:
        for route in self._routes:
            route.tell()


class _Route:
    """One of the two actions, while its goal is the node's."""

    def __init__(
        self, node: Any, kind: Any, name: str, poses_of: Callable[[Any], list[PoseStamped]]
    ) -> None:
        self._owner: GoalOwner = node
        self._name, self._poses_of = name, poses_of
        self._goal: int | None = None  # name of the node's goal, while it is this action's
        self._begun = self._ended = 0.0
        self.server = GoalServer(node, kind, name, self._begin, partial(node.life.end, CANCELLED))

    def _begin(self, request: Any) -> None:
        poses, kind, self._goal = self._poses_of(request), self.server.kind, None
        if request.behavior_tree:
            self._owner.warnings.info_once(
                f"behavior_tree '{request.behavior_tree}' is ignored: there is none here"
            )
        self._begun, self._ended = self._owner.now(), 0.0
        try:
            self._goal = self._owner.pursue(poses, self._name)
        except UnknownFrameError as error:
            code = own_code(kind, "TF_ERROR", PlanCode.TF_ERROR)
            self.server.end(ABORTED, failure(kind, code, str(error)))
        except MessageError as error:
            unknown = own_code(kind, "UNKNOWN", PlanCode.UNKNOWN)
            code = unknown if poses else NO_VIAPOINTS_GIVEN
            self.server.end(ABORTED, failure(kind, code, str(error)))

    def look(self) -> None:
        """Take over what became of the goal."""
        life, kind = self._owner.life, self.server.kind
        if self._goal is None:
            return
        if life.goal != self._goal:
            self.end(ABORTED, None)
        elif life.status == REACHED:
            self.end(SUCCEEDED, success(kind))
        elif life.status == CANCELLED:
            text = "" if self.server.is_cancelled else "cancelled by ~/cancel or ~/reset"
            self.end(CANCELED, failure(kind, NONE, text))
        elif not life.is_active and life.reason:
            self.end(ABORTED, failure(kind, life.code, life.reason))
        elif not life.is_active:  # another node ended it, and why is on its way
            self._ended = self._ended or self._owner.now()

    def end(self, status: int, result: Any) -> None:
        """End the action's goal, if there is one."""
        self._goal = None
        self.server.end(status, result)

    def tell(self) -> None:
        """Send feedback, or end what has waited for its reason long enough."""
        if self._goal is None:
            return
        if self._ended:
            if not 0.0 <= self._owner.now() - self._ended < REASON_PATIENCE:
                unknown = own_code(self.server.kind, "UNKNOWN", PlanCode.UNKNOWN)
                self.end(ABORTED, failure(self.server.kind, unknown, "no reason was given"))
            return
        journey = self._owner.journey()
        if journey is None:
            return
        feedback = self.server.kind.Feedback()
        seconds = journey.rest / journey.speed if journey.speed > STANDS else 0.0
        set_if_there(
            feedback,
            current_pose=journey.pose,
            navigation_time=duration(self._owner.now() - self._begun),
            estimated_time_remaining=duration(seconds),
            distance_remaining=float(journey.rest),
            number_of_poses_remaining=int(journey.n_ahead),
            number_of_recoveries=int(getattr(self._owner.life, "recoveries", 0)),
        )
        self.server.tell(feedback)
