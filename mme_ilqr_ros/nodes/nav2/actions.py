"""An action server with one goal in force, as nav2's: a newer goal aborts the one before.

The executor is never blocked: rclpy's task of a goal waits for a future that the goal's end sets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.task import Future

from mme_ilqr_ros.nodes.node import RunnableNode

SUCCEEDED, CANCELED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED
ABORTED = GoalStatus.STATUS_ABORTED
RESULT_TIMEOUT = 10  # s for which a result can be fetched, as in nav2; each status lists them all


class GoalServer:
    """One action.

    Attributes:
        kind: Type of the action.
    """

    def __init__(
        self,
        node: RunnableNode[Any],
        kind: Any,
        name: str,
        begin: Callable[[Any], None],
        cancel: Callable[[], None],
    ) -> None:
        """Serve an action.

        Args:
            node: Goals are refused while it is not active.
            kind: Type of the action.
            name: Of the action.
            begin: Called with the request of each new goal, when the one before has been aborted.
            cancel: Called when the client wants the goal in force to end; `end` says when it has.
        """
        self.kind = kind
        self._node, self._begin, self._cancel = node, begin, cancel
        self._handle: ServerGoalHandle | None = None
        # By the goal's id: the goal, and the future of its result.
        self._ends: dict[bytes, tuple[ServerGoalHandle, Future]] = {}
        self._server = ActionServer(
            node,
            kind,
            name,
            self._wait_for_end,
            goal_callback=self._judge,
            handle_accepted_callback=self._accept,
            cancel_callback=self._take_cancel,
            result_timeout=RESULT_TIMEOUT,
        )

    @property
    def is_active(self) -> bool:
        """Whether there is a goal in force."""
        return self._handle is not None

    @property
    def is_cancelled(self) -> bool:
        """Whether the client wants the goal in force to end."""
        return self._handle is not None and self._handle.is_cancel_requested

    def end(self, status: int, result: Any = None) -> None:
        """End the goal in force, if there is one.

        Args:
            status: SUCCEEDED, ABORTED or CANCELED; CANCELED without a client's wish is ABORTED.
            result: For the client; None is an empty one.
        """
        handle, self._handle = self._handle, None
        if handle is None:
            return
        if handle.is_active:
            if status == CANCELED and handle.is_cancel_requested:
                handle.canceled()
            elif status == SUCCEEDED:
                handle.succeed()
            else:
                handle.abort()
        _, end = self._ends[_id_of(handle)]
        end.set_result(self.kind.Result() if result is None else result)

    def tell(self, feedback: Any) -> None:
        """Send feedback on the goal in force."""
        if self._handle is not None and self._handle.is_active:
            self._handle.publish_feedback(feedback)

    def close(self) -> None:
        """Serve no more; results of goals that have ended are sent before."""
        # rclpy sends them as the executor goes on, which it need not do on the way out, and has no
        # public way to send them now.
        waiting = getattr(self._server, "_result_futures", {})
        for name, (handle, end) in self._ends.items():
            if end.done() and name in waiting:
                response = self.kind.Impl.GetResultService.Response(
                    status=handle.status, result=end.result()
                )
                waiting[name]._set_executor(None)  # then who waits for it is served at once
                waiting[name].set_result(response)
        self._server.destroy()

    def _judge(self, _: Any) -> GoalResponse:
        return GoalResponse.ACCEPT if self._node.is_active else GoalResponse.REJECT

    def _accept(self, handle: ServerGoalHandle) -> None:
        # Where both happened at once, a goal that was to be cancelled counts as that.
        self.end(CANCELED if self.is_cancelled else ABORTED)
        self._handle, self._ends[_id_of(handle)] = handle, (handle, Future())
        handle.execute()
        self._begin(handle.request)

    def _take_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        if self._handle is None or _id_of(handle) != _id_of(self._handle):
            return CancelResponse.REJECT
        # A goal can end as cancelled only once this answer is given.
        executor = self._node.executor
        assert executor is not None  # it is calling
        executor.create_task(self._begin_to_cancel, handle)
        return CancelResponse.ACCEPT

    def _begin_to_cancel(self, handle: ServerGoalHandle) -> None:
        if self._handle is not None and _id_of(handle) == _id_of(self._handle):
            self._cancel()

    async def _wait_for_end(self, handle: ServerGoalHandle) -> Any:
        _, end = self._ends[_id_of(handle)]
        try:
            return await end
        finally:
            del self._ends[_id_of(handle)]


def _id_of(handle: ServerGoalHandle) -> bytes:
    return bytes(handle.goal_id.uuid)
