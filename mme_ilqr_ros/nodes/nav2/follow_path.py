"""follow_path: the controller drives along a path that another node planned, as nav2's does.

A path to the same end that comes while it drives takes the place of the one before, without a stop
and without a new goal: nav2's behaviour trees send one every second.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nav2_msgs.action import FollowPath
from rclpy.serialization import serialize_message

from mme_ilqr_ros.control.result import ControlStatus
from mme_ilqr_ros.nodes.conversions import MessageError
from mme_ilqr_ros.nodes.error_codes import NONE, FollowCode
from mme_ilqr_ros.nodes.goal_life import ABORTED as LIFE_ABORTED
from mme_ilqr_ros.nodes.goal_life import CANCELLED, REACHED
from mme_ilqr_ros.nodes.nav2.actions import ABORTED, CANCELED, SUCCEEDED, GoalServer
from mme_ilqr_ros.nodes.nav2.results import failure, set_if_there, success
from mme_ilqr_ros.nodes.plan_gate import SAME_END
from mme_ilqr_ros.nodes.plan_message import PlanMessage, read_plan

if TYPE_CHECKING:
    from mme_ilqr_ros.nodes.controller_node import ControllerNode

PERIOD = 0.1  # s between two feedbacks
MOST_BRAKING = 3.0  # s after which a cancelled goal has ended, whatever the wheels say
IDS = ("controller_id", "goal_checker_id", "progress_checker_id", "path_handler_id")


class FollowPathServer:
    """The action."""

    def __init__(self, node: ControllerNode) -> None:
        """Serve it."""
        self._node = node
        self._goal: int | None = None  # name of the node's goal, while it is this action's
        self._plan: PlanMessage | None = None
        self._troubled: float | None = None  # ROS time since when no command can be given [s]
        self._braking: float | None = None  # ROS time since when a cancelled robot brakes [s]
        self._server = GoalServer(node, FollowPath, "follow_path", self._begin, self._cancel)
        self._timer = node.create_timer(PERIOD, self._tell)
        node.life.listeners.append(self._look)

    def abort(self) -> None:
        """End the goal of the action; what becomes of the node's goal is up to the node."""
        self._end(ABORTED, None)

    def close(self) -> None:
        """Serve no more."""
        self._node.life.listeners.remove(self._look)
        self._timer.cancel()
        self._server.close()

    def _begin(self, request: Any) -> None:
        for name in IDS:
            if value := getattr(request, name, ""):
                self._node.warnings.info_once(f"{name} '{value}' is ignored: there is one")
        before, self._goal, self._braking = self._goal, None, None
        try:
            plan = read_plan(bytes(serialize_message(request.path)))
            if plan.path is None:
                raise MessageError("follow_path: the path is empty")
        except MessageError as error:
            if before is not None and before == self._node.life.goal:
                self._node.life.end(LIFE_ABORTED, str(error), FollowCode.INVALID_PATH)
            self._server.end(ABORTED, failure(FollowPath, FollowCode.INVALID_PATH, str(error)))
            return
        goes_on = before is not None and self._has_same_end(plan)
        self._plan, self._troubled = plan, self._troubled if goes_on else None
        self._goal = self._node.follow(plan, before if goes_on else None)

    def _has_same_end(self, plan: PlanMessage) -> bool:
        last = self._plan
        if last is None or last.end is None or plan.end is None:
            return False
        away = math.hypot(last.end.x - plan.end.x, last.end.y - plan.end.y)
        return away <= SAME_END and last.header.frame_id == plan.header.frame_id

    def _cancel(self) -> None:
        self._node.life.end(CANCELLED, "follow_path was cancelled")

    def _look(self) -> None:
        """Take over what became of the goal."""
        life = self._node.life
        if self._goal is None:
            return
        if life.goal != self._goal:
            self._end(ABORTED, None)
        elif life.status == REACHED:
            self._end(SUCCEEDED, success(FollowPath))
        elif life.status == CANCELLED and self._server.is_cancelled:
            self._goal, self._braking = None, self._node.now()
        elif life.status == CANCELLED:
            self._end(ABORTED, failure(FollowPath, NONE, "cancelled by ~/reset or another node"))
        elif not life.is_active:
            code = life.code or FollowCode.UNKNOWN
            self._end(ABORTED, failure(FollowPath, code, life.reason))

    def _end(self, status: int, result: Any) -> None:
        self._goal = self._braking = self._troubled = None
        self._server.end(status, result)

    def _tell(self) -> None:
        """Send feedback, and end what is over: once braked, or when it cannot go on."""
        now = self._node.now()
        if self._braking is not None:
            is_over = not 0.0 <= now - self._braking < MOST_BRAKING
            if is_over or self._node.view.is_braked:
                self._end(CANCELED, failure(FollowPath, NONE, ""))
            return
        if self._goal is None:
            return
        code, reason = self._judge(now)
        if code != NONE:
            self._node.life.end(LIFE_ABORTED, reason, code)
            return
        journey = self._node.view.journey()
        if journey is not None:
            feedback = FollowPath.Feedback()
            rest, speed = float(journey.rest), float(journey.speed)
            set_if_there(feedback, distance_to_goal=rest, speed=speed)
            tracking = getattr(feedback, "tracking_feedback", None)
            if tracking is not None:
                fields = {"distance_to_goal": rest, "remaining_path_length": rest, "speed": speed}
                set_if_there(tracking, robot_pose=journey.pose, **fields)
            self._server.tell(feedback)

    def _judge(self, now: float) -> tuple[int, str]:
        """Return with which code, and why, it cannot go on; NONE while it can."""
        doing = self._node.view.doing
        if doing.status is ControlStatus.STUCK:
            return FollowCode.FAILED_TO_MAKE_PROGRESS, doing.text
        if not doing.lacks_command:
            self._troubled = None
            return NONE, ""
        if self._troubled is None or now < self._troubled:
            self._troubled = now
        tolerance = self._node.settings.failure_tolerance
        if tolerance < 0.0 or now - self._troubled < tolerance:
            return NONE, ""
        if "no transform" in doing.text:
            return FollowCode.TF_ERROR, doing.text
        code = FollowCode.PATIENCE_EXCEEDED if tolerance else FollowCode.NO_VALID_CONTROL
        return code, doing.text
