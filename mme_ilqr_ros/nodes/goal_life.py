"""A goal from its acceptance to its end, the same for every node that hears `goal_status`.

Whoever takes a goal accepts it: the planner, or the controller for a goal or a plan that came
without a planner. It is known by the time of its acceptance, which the last pose of its plans
carries as stamp. Its status only ever advances: accepted (a plan is looked for), executing (the
controller drives), and an end: succeeded, cancelled or aborted. An end is for good.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from action_msgs.msg import GoalStatus
from std_msgs.msg import String

from mme_ilqr_ros.nodes.conversions import nanoseconds
from mme_ilqr_ros.nodes.error_codes import NONE
from mme_ilqr_ros.nodes.goal_publisher import GoalPublisher, read_reason

ACCEPTED, EXECUTING = GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING
REACHED, CANCELLED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED
ABORTED = GoalStatus.STATUS_ABORTED
WORDS = {
    ACCEPTED: "planning",
    EXECUTING: "driving",
    REACHED: "reached",
    CANCELLED: "cancelled",
    ABORTED: "aborted",
}
EMPTY_GOAL = "an empty goal came"  # why it was cancelled
REMEMBERED = 100  # goals of before, whose late messages change nothing


class GoalLife:
    """The newest goal and its status; says every advance, its own and the first news of an end.

    Attributes:
        goal: Time of its acceptance in ns; None before the first one.
        status: Of the goal; 0 before the first one.
        reason: Why it ended, for people; of an abort also where another node said it.
        code: nav2's error code of an abort, see `error_codes`; else 0.
        is_own: Whether this node accepted it, for a plan or goal that came without a planner.
        listeners: Called after every change of goal, status or reason, whoever made it.
    """

    def __init__(self, publisher: GoalPublisher, when_over: Callable[[], None]) -> None:
        """Start without a goal.

        Args:
            publisher: Tells other nodes.
            when_over: Called when the goal has ended, whoever ended it, before the listeners.
        """
        self.goal: int | None = None
        self.status: int = GoalStatus.STATUS_UNKNOWN
        self.reason, self.code, self.is_own = "", NONE, False
        self.listeners: list[Callable[[], None]] = []
        self._publisher, self._when_over = publisher, when_over
        self._told: tuple[int, int, str] | None = None  # the newest reason: goal, code, text
        self._past: deque[int] = deque(maxlen=REMEMBERED)

    @property
    def is_active(self) -> bool:
        """Whether there is a goal that has not ended."""
        return self.status in (ACCEPTED, EXECUTING)

    @property
    def words(self) -> str:
        """The status for a person."""
        return WORDS.get(self.status, "none") + (f": {self.reason}" if self.reason else "")

    def is_past(self, goal: int) -> bool:
        """Whether a goal has ended or given way to another one."""
        return goal in self._past

    def accept(self, goal: int, *, is_own: bool = True) -> int:
        """Take a new goal; return its name, which is `goal` or, if that is taken, the next free.

        Args:
            goal: Time of its acceptance in ns.
            is_own: False for the goal of another node, whose news is still on its way.
        """
        goal = max(goal, 1)  # a simulation may begin at 0, which says nothing in a stamp
        while goal == self.goal or self.is_past(goal):
            goal += 1  # time that stands still
        self._begin(goal, is_own)
        self._advance(ACCEPTED)
        return goal

    def execute(self) -> None:
        """The controller drives to the goal."""
        self._advance(EXECUTING)

    def end(self, status: int, reason: str = "", code: int = NONE) -> bool:
        """End the goal, if there is one that has not ended; return whether there was.

        Args:
            status: REACHED, CANCELLED or ABORTED.
            reason: For people.
            code: nav2's error code of an abort.
        """
        was_active = self.is_active
        if was_active:
            self.reason, self.code = reason, code
            self._advance(status)
        return was_active

    def take(self, message: GoalStatus) -> None:
        """Take over what another node says, unless it is of the past; own echoes change nothing."""
        goal = nanoseconds(message.goal_info.stamp)
        if self.is_past(goal):
            return
        if goal != self.goal:
            if message.status not in (ACCEPTED, EXECUTING):
                self._past.append(goal)
                return
            self._begin(goal)
            self._change(message.status)
        elif message.status not in (ACCEPTED, EXECUTING):
            self._learn_why(goal, message.status)
            self._advance(message.status)  # also said: a node that starts later hears it from both
        elif message.status > self.status:
            self._change(message.status)

    def take_reason(self, message: String) -> None:
        """Take over why another node aborted the goal, before or after the news of it."""
        self._told = read_reason(message) or self._told
        if self.goal is not None and self.status == ABORTED and not self.reason:
            self._learn_why(self.goal, ABORTED)
            if self.reason:
                self._tell()

    def _learn_why(self, goal: int, status: int) -> None:
        if status == ABORTED and self._told is not None and self._told[0] == goal:
            _, self.code, self.reason = self._told

    def _begin(self, goal: int, is_own: bool = False) -> None:
        if self.is_active and self.goal is not None:
            self._past.append(self.goal)
        self.goal, self.status = goal, GoalStatus.STATUS_UNKNOWN
        self.reason, self.code, self.is_own = "", NONE, is_own

    def _advance(self, status: int) -> None:
        if self.goal is None or status <= self.status:
            return
        self.status = status
        self._publisher.publish(self.goal, status, self.code, self.reason)
        if not self.is_active:
            self._past.append(self.goal)
            self._when_over()
        self._tell()

    def _change(self, status: int) -> None:
        self.status = status
        self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()
