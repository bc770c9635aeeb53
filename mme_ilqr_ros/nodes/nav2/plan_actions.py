"""compute_path_to_pose, compute_path_through_poses and is_path_valid: planning without driving."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav2_msgs.action import ComputePathThroughPoses, ComputePathToPose
from nav2_msgs.srv import IsPathValid
from rclpy.task import Future

from mme_ilqr_ros.nodes.error_codes import NO_VIAPOINTS_GIVEN, NONE, THROUGH
from mme_ilqr_ros.nodes.nav2.actions import ABORTED, CANCELED, SUCCEEDED, GoalServer
from mme_ilqr_ros.nodes.nav2.results import duration, failure, poses_in, set_if_there

if TYPE_CHECKING:
    from mme_ilqr_ros.nodes.planner_node import PlannerNode


class PlanActions:
    """The two actions; where another navigator drives, their path is shown on `plan` too."""

    def __init__(self, node: PlannerNode) -> None:
        """Serve them."""
        self._node = node
        self._newest: dict[str, Future] = {}
        self._to_pose = self._server(ComputePathToPose, "compute_path_to_pose", 0)
        self._through = self._server(ComputePathThroughPoses, "compute_path_through_poses", THROUGH)

    def abort(self) -> None:
        """End what is planned."""
        self._to_pose.end(ABORTED)
        self._through.end(ABORTED)

    def close(self) -> None:
        """Serve no more."""
        self._to_pose.close()
        self._through.close()

    def _server(self, kind: Any, name: str, offset: int) -> GoalServer:
        server: GoalServer

        def begin(request: Any) -> None:
            self._begin(server, name, offset, request)

        server = GoalServer(self._node, kind, name, begin, lambda: server.end(CANCELED))
        return server

    def _begin(self, server: GoalServer, name: str, offset: int, request: Any) -> None:
        if request.planner_id:
            self._node.warnings.info_once(
                f"planner_id '{request.planner_id}' is ignored: there is one planner"
            )
        goals = [request.goal] if hasattr(request, "goal") else list(poses_in(request.goals))
        if not goals:
            text = f"{name}: there are no poses"
            server.end(ABORTED, failure(server.kind, NO_VIAPOINTS_GIVEN, text))
            return
        self._ask(server, name, offset, request.start if request.use_start else None, goals)

    def _ask(
        self,
        server: GoalServer,
        name: str,
        offset: int,
        start: PoseStamped | None,
        goals: Sequence[PoseStamped],
    ) -> None:
        future = self._node.requests.ask(start, goals, name=name)
        self._newest[name] = future
        future.add_done_callback(partial(self._answer, server, name, offset))

    def _answer(self, server: GoalServer, name: str, offset: int, future: Future) -> None:
        if future is not self._newest[name]:  # of a goal that has given way to another one
            return
        answer = future.result()
        code = answer.code + offset if answer.code != NONE else NONE
        result = failure(server.kind, code, "" if code == NONE else answer.text)
        set_if_there(result, path=answer.path, planning_time=duration(answer.seconds))
        if code != NONE:
            self._node.warnings.warn_each(answer.text)
        elif not self._node.settings.serve_navigation:
            self._node.show(answer.path)
        server.end(SUCCEEDED if code == NONE else ABORTED, result)


class PathCheck:
    """is_path_valid, on what the planner plans on."""

    def __init__(self, node: PlannerNode) -> None:
        """Serve it."""
        self._node = node
        answer: Any = self._answer  # rclpy's annotations know of no coroutines
        self._service = node.create_service(IsPathValid, "is_path_valid", answer)

    def abort(self) -> None:
        """Do nothing: no request lasts."""

    def close(self) -> None:
        """Serve no more."""
        self._node.destroy_service(self._service)

    async def _answer(
        self, request: IsPathValid.Request, response: IsPathValid.Response
    ) -> IsPathValid.Response:
        blocked = await self._node.requests.blocked_on(request.path)
        response.is_valid = blocked is not None and not len(blocked)
        response.invalid_pose_indices = [] if blocked is None else np.asarray(blocked).tolist()
        return set_if_there(response, success=blocked is not None)
