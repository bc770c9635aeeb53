"""Plans on request, between any poses, without driving: for ~/make_plan and nav2's actions.

They are made where all plans are made, on the planner's own thread; the answer comes back on the
executor's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path as PathMessage
from nav_msgs.srv import GetPlan
from numpy.typing import NDArray
from rclpy.task import Future

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import MessageError, exact_stamp, header, nanoseconds
from mme_ilqr_ros.nodes.error_codes import NONE, PlanCode, plan_code
from mme_ilqr_ros.nodes.ground import Ground
from mme_ilqr_ros.nodes.node import RunnableNode
from mme_ilqr_ros.nodes.plan_message import mark
from mme_ilqr_ros.nodes.pursued_goal import Place, read_places
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.planning.planner import PlanResult
from mme_ilqr_ros.planning.route import Legs

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Attributes:
        path: Empty where there is none.
        code: nav2's error code; see `error_codes`.
        text: For people.
        seconds: What it took [s].
    """

    path: PathMessage
    code: int
    text: str
    seconds: float = 0.0


@dataclass(frozen=True)
class PlannerHooks:
    """What requests need of the planner node; all but `say_path` is for the planner's thread.

    Attributes:
        robot: Returns where the robot is in the plan's frame, or None.
        locate: Returns a place in the plan's frame, or None.
        plan: Makes a plan between two poses, with a tolerance [m] or that of the settings.
        message: Returns the message of a path, empty for None, that ends with a pose's heading.
        background: The planner's thread.
        ground: What is planned on.
    """

    robot: Callable[[], Pose | None]
    locate: Callable[[Place], Pose | None]
    plan: Callable[[Pose, Pose, float | None], PlanResult]
    message: Callable[[Any, Pose], PathMessage]
    background: Background
    ground: Ground


class PlanRequests:
    """Answers requests for plans, of which none drives."""

    def __init__(self, node: RunnableNode[Any], hooks: PlannerHooks) -> None:
        """Offer them.

        Args:
            node: The planner.
            hooks: See there.
        """
        self._node, self._warnings, self._hooks = node, node.warnings, hooks
        self._numbers = itertools.count()

    def ask(
        self,
        start: PoseStamped | None,
        goals: Sequence[PoseStamped],
        tolerance: float | None = None,
        name: str = "request",
    ) -> Future:
        """Plan soon; return a future of the Answer, which is set on the executor's thread.

        Args:
            start: None begins at the robot.
            goals: The poses to plan through, the last one the end.
            tolerance: How far from a blocked goal the path may end [m]; None: as set.
            name: Of the request, for messages.
        """
        return self.work(lambda: self._answer(start, goals, tolerance, name))

    def work(self, job: Callable[[], T]) -> Future:
        """Do a job on the planner's thread; return a future of what it returns."""
        future = Future()

        def do() -> None:
            answer = job()
            executor = self._node.executor
            if executor is not None:  # else the node is being taken down
                executor.create_task(future.set_result, answer)

        self._hooks.background.do(f"request {next(self._numbers)}", do)
        return future

    def blocked_on(self, path: PathMessage) -> Future:
        """Return a future of the indices of poses [K] at which the robot has no room.

        Poses behind the robot count for nothing, and neither do those by which it leaves a place
        that is too narrow. None where it cannot be told.
        """
        return self.work(lambda: self._blocked_on(path))

    def _blocked_on(self, path: PathMessage) -> NDArray[np.int_] | None:
        hooks = self._hooks
        if hooks.ground.lack or not path.poses:
            return None
        frame = hooks.locate(Place(Pose(0.0, 0.0, 0.0), path.header))
        points = np.array([(p.pose.position.x, p.pose.position.y) for p in path.poses])
        if frame is None or not np.isfinite(points).all():
            return None
        points, robot, first = frame.transform(points), hooks.robot(), 0
        if robot is not None:
            first = int(np.argmin(np.hypot(*(points - (robot.x, robot.y)).T)))
        blocked = hooks.ground.blocked_at(points[first:])
        out = 0 if blocked.all() else int(np.argmin(blocked))  # the robot leaves its own place
        return first + out + np.flatnonzero(blocked[out:])

    async def make_plan(
        self, request: GetPlan.Request, response: GetPlan.Response
    ) -> GetPlan.Response:
        """Plan between two poses without driving there; an empty path means there is none."""
        if not self._node.is_active:
            self._warnings.warn("make_plan", "make_plan: not used; the planner is not active")
            return response
        tolerance = float(request.tolerance) if request.tolerance > 0.0 else None
        answer: Answer = await self.ask(request.start, [request.goal], tolerance, "make_plan")
        if answer.code != NONE:
            self._warnings.warn("make_plan", answer.text)
        response.plan = answer.path
        return response

    def _answer(
        self,
        start: PoseStamped | None,
        goals: Sequence[PoseStamped],
        tolerance: float | None,
        name: str,
    ) -> Answer:
        begun, hooks = time.perf_counter(), self._hooks
        nothing = PathMessage(header=header(self._node.get_clock().now().to_msg(), ""))
        nothing.header.frame_id = hooks.ground.frame
        if lack := hooks.ground.lack:
            return Answer(nothing, PlanCode.TIMEOUT, f"{name}: there is no {lack} yet")
        try:
            places = read_places(goals, f"{name}: goal")
            first = None if start is None else read_places([start], f"{name}: start")[0]
        except MessageError as error:
            return Answer(nothing, PlanCode.UNKNOWN, str(error))
        here = hooks.robot() if first is None else hooks.locate(first)
        ends = [hooks.locate(place) for place in places]
        known = [end for end in ends if end is not None]
        if here is None or len(known) < len(ends):
            lost = "where the robot is" if first is None else "the start's frame"
            lost = "the goal's frame" if here is not None else lost
            return Answer(nothing, PlanCode.TF_ERROR, f"{name}: {lost} is not known")
        result = Legs().plan(here, known, lambda a, b: hooks.plan(a, b, tolerance))
        path = hooks.message(result.path, known[-1])
        if result.path is not None and len(result.path.vias):
            mark(path, result.path, exact_stamp(nanoseconds(path.header.stamp) - 1))
        seconds = time.perf_counter() - begun
        return Answer(path, plan_code(result.status), f"{name}: {result.message}", seconds)
