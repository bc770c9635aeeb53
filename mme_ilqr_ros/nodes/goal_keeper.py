"""The controller's goal: what of plans, goals and news of their ends it drives by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped

from mme_ilqr_ros.control.goal_checker import RELEASE
from mme_ilqr_ros.nodes.controller_inputs import ControllerInputs
from mme_ilqr_ros.nodes.conversions import is_empty_goal, nanoseconds
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.error_codes import FollowCode
from mme_ilqr_ros.nodes.goal_life import ABORTED, CANCELLED, EMPTY_GOAL, REACHED, GoalLife
from mme_ilqr_ros.nodes.goal_publisher import GoalPublisher
from mme_ilqr_ros.nodes.plan_gate import PlanGate
from mme_ilqr_ros.nodes.plan_message import PlanMessage, read_plan


class GoalKeeper:
    """Keeps the inputs of the controller and the life of their goal in step.

    Attributes:
        life: Of the newest goal.
        ask: Called when the planner is to confirm its goal by a new plan.
    """

    def __init__(
        self,
        inputs: ControllerInputs,
        publisher: GoalPublisher,
        warnings: ThrottledWarnings,
        clock: Callable[[], float],
        say: Callable[[str], object],
    ) -> None:
        """Start without a goal.

        Args:
            inputs: What the controller drives by.
            publisher: Tells other nodes what becomes of a goal.
            warnings: For plans that are not used.
            clock: Returns ROS time [s].
            say: Logs an end.
        """
        self._inputs, self._warnings, self._clock, self._say = inputs, warnings, clock, say
        self.life = GoalLife(publisher, self._forget)
        self._gate = PlanGate(self.life, warnings, clock())
        self._driven: int | None = None  # name of the goal of the plan in force
        self.ask: Callable[[], object] = lambda: None
        self._suspended = ""  # why no goal is driven to; empty where goals are

    @property
    def lacks_plan(self) -> bool:
        """Whether a goal is pursued to which no plan is in force."""
        return self.life.is_active and not (
            self._driven == self.life.goal and self._inputs.has_goal
        )

    @property
    def words(self) -> str:
        """The status of the goal for a person."""
        return self.life.words

    def suspend(self, reason: str) -> None:
        """End the goal, and those that come from now on."""
        self._suspended = reason
        self.life.end(ABORTED, reason, FollowCode.UNKNOWN)
        self._inputs.drop_goal()

    def resume(self) -> None:
        """Drive to the goals that come from now on."""
        self._suspended = ""

    def doubt(self, reason: str) -> bool:
        """Drive on only if the goal still lives; return whether there was one to doubt.

        A planner is asked for a new plan to its goal. A goal that came without one is aborted.
        """
        if not self.life.is_active or self._inputs.settings.resume_goal:
            return False
        self._gate.expect_new()
        if self.life.is_own:
            self.abort(f"{reason}; send the goal again", FollowCode.UNKNOWN)
        else:
            self._inputs.drop_goal()
            self._driven = None
            self.ask()
        return True

    def take_goal(self, message: PoseStamped) -> None:
        """Accept a goal that comes without a plan; an empty one cancels."""
        if is_empty_goal(message):
            self.cancel(EMPTY_GOAL)
            return
        if self._suspended:
            self._warnings.warn("goal", f"goal_pose: not used; {self._suspended}")
            return
        self._inputs.take_goal(message)
        if self._inputs.has_goal:
            self._driven = self.life.accept(round(1e9 * self._clock()))

    def take_plan(self, data: bytes, info: Mapping[str, int]) -> None:
        """Follow the plan in the bytes of a nav_msgs/Path; stop for one that is empty or unusable.

        An empty one with the stamp of the goal's acceptance says that there is no way at present;
        any other cancels the goal.

        Args:
            data: The message.
            info: When it was sent and came, as the middleware says.
        """
        plan = self._warnings.read("plan", read_plan, data, "this message is not used")
        published = int(info.get("source_timestamp", 0))
        if plan is None:  # driving on along the plan before could be just as wrong
            self._inputs.drop_goal()
        elif plan.path is not None:
            self._follow(plan, published)
        elif self.life.is_past(plan.goal):
            return
        elif self._gate.cancels(plan, published):
            self.cancel("an empty plan came")
        elif plan.goal == self.life.goal:
            self._inputs.drop_goal()

    def follow(self, plan: PlanMessage, goal: int | None) -> int:
        """Drive along a path that was asked for; return the name of its goal.

        Args:
            plan: With a path; its stamps do not matter.
            goal: Name of the goal that it belongs to while that has not ended; else it has its own.
        """
        if goal is None or goal != self.life.goal or not self.life.is_active:
            goal = self.life.accept(round(1e9 * self._clock()))
        self._inputs.take_plan(self._opened(plan), is_guided=False)
        self._driven = goal
        return goal

    def _opened(self, plan: PlanMessage) -> PlanMessage:
        """Return a plan whose end is not taken for reached where it begins."""
        assert plan.path is not None  # who asks has a path
        near = RELEASE * self._inputs.settings.xy_goal_tolerance
        return replace(plan, path=plan.path.opened(near))

    def take_status(self, message: GoalStatus, info: Mapping[str, int]) -> None:
        """Take over what another node says of a goal; one from before this node is aborted."""
        before = self.life.goal
        self.life.take(message)
        is_old = self._gate.is_from_before(int(info.get("source_timestamp", 0)))
        is_old &= not self._inputs.settings.resume_goal
        if is_old and self.life.goal == nanoseconds(message.goal_info.stamp):
            why = "the controller was started after it"
            self.life.end(ABORTED, why, FollowCode.UNKNOWN)
        plan = self._gate.last
        if self.life.goal != before and plan is not None and plan.goal == self.life.goal:
            self._follow(plan)  # it overtook the news of its goal

    def note_time(self, now: float) -> None:
        """Take note of ROS time [s]."""
        self._gate.note_time(now)

    def drive(self) -> None:
        """Note that the goal is driven to."""
        if self._driven == self.life.goal:
            self.life.execute()

    def arrive(self, distance: float) -> None:
        """End the goal, `distance` m from it."""
        if self._driven == self.life.goal:
            self.life.end(REACHED, f"{distance:.2f} m from it")
        self._inputs.drop_goal()

    def cancel(self, reason: str = "") -> None:
        """End the goal, if there is one."""
        self.life.end(CANCELLED, reason)
        self._inputs.drop_goal()

    def abort(self, reason: str, code: int) -> None:
        """End the goal, if there is one, for a reason with nav2's error code."""
        self.life.end(ABORTED, reason, code)
        self._inputs.drop_goal()

    def _follow(self, plan: PlanMessage, published: int = 0) -> None:
        resumes = self._inputs.settings.resume_goal
        if not self._gate.admits(plan, published, self._clock(), resumes=resumes):
            return
        if self._suspended:  # known to the gate: what follows to the same end is no new goal
            self.life.end(ABORTED, self._suspended, FollowCode.UNKNOWN)
        else:
            self._inputs.take_plan(plan if plan.names_goal else self._opened(plan))
            self._driven = self.life.goal

    def _forget(self) -> None:
        """Drop a goal that has ended; what moves brakes."""
        self._inputs.drop_goal()
        self._say(f"goal {self.life.words}")
