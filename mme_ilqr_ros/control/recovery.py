"""What a robot does that is stuck, until it is free or its goal is given up.

Ways out are looked for first, see `escape`; who is stuck has none. For what moves the robot waits.
Else it goes in rounds: it forgets what it remembers of obstacles, goes back along what it drove,
turns to look, and waits; then it drives again. Progress toward the goal begins anew; after the last
round the robot brakes, and the goal has failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.escape import StuckCause
from mme_ilqr_ros.control.manoeuvres import Manoeuvre, Retreat, Turn, Wait
from mme_ilqr_ros.control.recovery_settings import RecoverySettings
from mme_ilqr_ros.control.result import ControlResult, ControlStatus
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.trail import Trail
from mme_ilqr_ros.geometry.pose import Pose

BACK = 5.0  # [radii] a robot goes back in the first round, more by as much in each after it
TURNING = 0.5  # share of the fastest turn
FOR_MOVERS = 4.0  # times `wait` that a robot waits longer for what moves
STANDING_CAUSES = (StuckCause.MOVING, StuckCause.GOAL_OCCUPIED)  # driving about does not help


class Recovery:
    """Drives one robot by its controller, and frees it where that is stuck.

    Attributes:
        rounds: Tries since the last progress.
        total: Tries since the goal came.
        failure: Why the goal is given up; empty while it is not. The robot brakes then.
    """

    def __init__(
        self,
        controller: LocalController,
        settings: RecoverySettings,
        forget: Callable[[], object] = lambda: None,
    ) -> None:
        """Begin without a goal.

        Args:
            controller: Drives the robot.
            settings: Of what it does when it is stuck.
            forget: Forgets what is remembered of obstacles.
        """
        self.settings = settings
        self._controller, self._forget = controller, forget
        self._trail = Trail(controller.own_settings.robot_radius)
        self.reset()

    def reset(self) -> None:
        """Begin anew, for a new goal."""
        self.rounds = self.total = 0
        self.failure = ""
        self._steps: list[Callable[[Situation], Manoeuvre]] = []
        self._manoeuvre: Manoeuvre | None = None
        self._stuck_for = 0.0
        self._last: float | None = None
        self._goal: Pose | None = None
        self._made_good = _MadeGood()

    def compute_command(self, situation: Situation) -> ControlResult:
        """Run one control cycle."""
        elapsed = 0.0 if self._last is None else situation.now - self._last
        elapsed, self._last = min(max(elapsed, 0.0), 1.0), situation.now
        if situation.state.is_finite():
            self._trail.note(situation.state)
        if situation.goal is None:
            return self._controller.compute_command(situation)
        if self._is_another(situation.goal):
            self.reset()
            self._last = situation.now
        self._goal = situation.goal
        if self.failure:
            braking = self._controller.compute_command(replace(situation, goal=None))
            return replace(braking, status=ControlStatus.STUCK, message=self.failure)
        if self._manoeuvre is not None or self._steps:
            return self._recover(situation)
        result = self._controller.compute_command(situation)
        if self._made_good.note(result.to_go, self._required):
            self.rounds = 0
        self._judge(result, elapsed)
        return result

    @property
    def _required(self) -> float:
        return self._controller.own_settings.required_movement_radius

    def _is_another(self, goal: Pose) -> bool:
        if self._goal is None:
            return False
        away = math.hypot(goal.x - self._goal.x, goal.y - self._goal.y)
        return away > self._controller.own_settings.xy_goal_tolerance

    def _judge(self, result: ControlResult, elapsed: float) -> None:
        """Begin a round, or give up, where the robot has been stuck for long enough."""
        if result.status is not ControlStatus.STUCK:
            self._stuck_for = 0.0
            return
        self._stuck_for += elapsed
        settings, patience = self.settings, self.settings.patience
        if result.cause is StuckCause.MOVING:
            patience += FOR_MOVERS * settings.wait
        if self._stuck_for < patience:
            return
        self._stuck_for = 0.0
        if self.rounds >= settings.rounds:
            tries = f"; tries to get free: {self.rounds}" if self.rounds else ""
            self.failure = f"{result.message}{tries}"
            return
        self.rounds, self.total = self.rounds + 1, self.total + 1
        self._made_good.mark()
        self._forget()
        if result.cause not in STANDING_CAUSES:
            self._steps = [self._retreat, self._turn, lambda _: Wait(self.settings.wait)]

    def _recover(self, situation: Situation) -> ControlResult:
        """Run one cycle of a round."""
        if self._manoeuvre is None:
            self._manoeuvre = self._steps.pop(0)(situation)
        result = self._manoeuvre.step(self._controller, situation)
        message = f"recovering ({self.rounds} of {self.settings.rounds}): {result.message}"
        if self._manoeuvre.is_over:
            self._manoeuvre = None
        return replace(result, status=ControlStatus.RECOVERING, message=message)

    def _retreat(self, situation: Situation) -> Manoeuvre:
        settings = self._controller.own_settings
        distance = self.settings.backup or BACK * settings.robot_radius * self.rounds
        return Retreat(self._trail.back_from(situation.state.position, distance), settings)

    def _turn(self, _: Situation) -> Manoeuvre:
        settings = self._controller.own_settings
        side = 1.0 if self.rounds % 2 else -1.0
        speed = TURNING * settings.wz_max
        return Turn(side * self.settings.turn, speed)


class _MadeGood:
    """How much nearer to its goal the robot has come, whatever plan that is measured by."""

    def __init__(self) -> None:
        self._sum = self._best = 0.0
        self._mark = math.inf
        self._last: float | None = None

    def mark(self) -> None:
        """Count progress from here on, beyond the best so far."""
        self._mark = self._best

    def note(self, to_go: float, required: float) -> bool:
        """Take note of a cycle; return whether enough [m] was made good since the mark."""
        if not math.isfinite(to_go):
            return False
        if self._last is not None and self._last - to_go <= required:  # else it is another plan
            self._sum += self._last - to_go
        self._last = to_go
        self._best = max(self._best, self._sum)
        return self._best > self._mark + required
