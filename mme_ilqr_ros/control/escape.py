"""When the robot makes no progress: look for a way out, follow it, and say why it is stuck."""

from __future__ import annotations

import enum
import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.progress import SHARE, Progress
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.way_out import AT_REST, WayOut, find_way_out
from mme_ilqr_ros.geometry.circles import clearance

Array = NDArray[np.float64]

IN_A_ROW = 3  # cycles whose plan waits for nothing
RESTS = 0.05  # share of the top speed
AWAY = 0.1  # [m] beyond goal_width from the target, at which a plan that rests leads nowhere
REFRESH = 1.0  # [s] between looks at what stands
ARRIVED = 5.0  # [radii] from the end of a field that did not lead to the goal
NEAR = 10.0  # [radii] within which something that moves may be waited for


class StuckCause(enum.Enum):
    """Why a robot is stuck."""

    GOAL_OCCUPIED = "the goal is occupied"
    NO_WAY = "no way that is wide enough leads on"
    MOVING = "waiting for what moves"
    BLOCKED = "every plan is blocked"
    NO_PROGRESS = "no plan makes progress"


class Escape:
    """Watches one robot on its way to one goal after the other.

    Attributes:
        way: The way out that is followed, or None.
        is_stuck: Whether the time allowed without progress is over.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget progress and way out."""
        self.way: WayOut | None = None
        self.is_stuck = False
        self._nowhere = 0
        self._goal = (math.inf, math.inf)
        self._progress = Progress()
        self._looked = -math.inf

    def update(
        self,
        situation: Situation,
        elapsed: float,
        to_go: float,
        aim: Array,
        required: float,
        settings: ControllerSettings,
    ) -> WayOut | None:
        """Take note of a cycle; return the way out to follow, or None where none is needed.

        Args:
            situation: With a goal.
            elapsed: Time since the cycle before [s].
            to_go: Distance to the goal, along the plan where there is one [m].
            aim: Where a way out has to lead [2]: the goal, or a point of the plan.
            required: Distance to obstacles that the robot's centre must keep [m].
            settings: In SI, see `own_units`.
        """
        goal, here = situation.goal, situation.state.position
        assert goal is not None  # who drives has one
        if math.dist(self._goal, (goal.x, goal.y)) > settings.xy_goal_tolerance:
            self.reset()
        self._goal = goal.x, goal.y
        way = self._leading()
        if way is not None:
            to_go = way.cost_at(here)
        radius, allowance = settings.required_movement_radius, settings.movement_time_allowance
        measure = situation.path if way is None else way.field
        self._progress.update(elapsed, here, to_go, measure, radius)
        self._leave(here, settings.robot_radius)
        needed = self._progress.needs_a_way_out(allowance) or self._nowhere >= IN_A_ROW
        allowed = settings.ways_out and settings.variant != "ilqr"
        if allowed and (self.way is not None or needed):
            near_goal = math.dist(aim, self._goal) <= ARRIVED * settings.robot_radius
            aim = np.array(self._goal) if near_goal else aim
            self._look(situation, aim, required, settings.robot_radius)
        # Where the field shows that nothing leads there, that is not waited for that long; and a
        # robot that creeps up to a wall makes no progress.
        no_way = self.way is not None and self._leading() is None
        hopeless = no_way or self._lack(settings.robot_radius) > 0.0
        patience = SHARE * allowance if hopeless else allowance
        stalled = self._progress.stalled >= patience
        self.is_stuck = stalled or (self.is_stuck and hopeless)
        return self._leading()

    def _leading(self) -> WayOut | None:
        """Return the way out, or None where there is none or it leads nowhere."""
        return self.way if self.way is not None and math.isfinite(self.way.length) else None

    def judge(self, modes: Modes, target: Array, settings: ControllerSettings) -> None:
        """Note whether the plan that drives ends at rest before its target [2]: it waits there.

        A detour that is longer than the horizon would be looked for when the robot has driven
        in, and stood; but its plan tells seconds before.
        """
        states, end = modes.states[modes.chosen], modes.states.shape[1] * 3 // 4
        moves = float(np.hypot(*np.diff(states[end:, :2], axis=0).T).sum())
        full = settings.vx_max * settings.mme.model_dt * (len(states) - 1 - end)
        short = math.dist(states[-1, :2], target) > settings.costs.goal_width + AWAY
        self._nowhere = self._nowhere + 1 if short and moves < RESTS * full else 0

    def _leads_to_goal(self, radius: float) -> bool:
        return self.way is not None and math.dist(self.way.aim, self._goal) <= radius

    def _lack(self, radius: float) -> float:
        """Return the room that lacks at the goal [m]; a place on the plan may be occupied."""
        return self.way.lack if self.way is not None and self._leads_to_goal(radius) else 0.0

    def _leave(self, here: Array, radius: float) -> None:
        """Forget a way out that led back to the plan or toward a far goal, at its end."""
        if self.way is None or self._leads_to_goal(radius):
            return
        if math.dist(self.way.target, here) <= ARRIVED * radius:
            self.way = None

    def _look(self, situation: Situation, aim: Array, required: float, radius: float) -> None:
        """Find the way out, or find it again where what stands may have changed."""
        if 0.0 <= situation.now - self._looked < REFRESH:
            return
        self._looked = situation.now
        world = situation.circles, situation.walls
        target = aim if self.way is None else self.way.aim
        self.way = find_way_out(situation.state.position, target, *world, radius, required)

    def cause(self, situation: Situation, modes: Modes, radius: float) -> StuckCause:
        """Return why the robot is stuck."""
        moving = situation.circles[np.hypot(*situation.circles[:, 3:].T) > AT_REST]
        if self._lack(radius):
            return StuckCause.GOAL_OCCUPIED
        if self.way is not None and not math.isfinite(self.way.length):
            return StuckCause.NO_WAY
        if clearance(situation.state.position, moving) < NEAR * radius:
            return StuckCause.MOVING
        return StuckCause.NO_PROGRESS if modes.feasible.any() else StuckCause.BLOCKED

    def reason(self, cause: StuckCause, radius: float) -> str:
        """Return why the robot is stuck, for people."""
        if cause is StuckCause.GOAL_OCCUPIED:
            return f"the goal is occupied; {self._lack(radius):.2f} m of room are missing there"
        return cause.value
