"""The local controller: where the robot is and where it shall go in, one velocity command out.

`LocalController.compute_command` is one control cycle, from measurement to command. Whatever
happens, it returns a finite command inside the limits of speed and acceleration: the next point of
the chosen plan, or braking.
"""

from __future__ import annotations

import enum
import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.fallback import brake
from mme_ilqr_ros.control.goal_checker import GoalChecker
from mme_ilqr_ros.control.kernel import Kernel, StageData
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.objective import (
    algorithm_settings,
    multimodal,
    robot_limits,
    stage_data,
    standard_problem,
)
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.target import PathTarget
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState

Array = NDArray[np.float64]

REQUIRED_SHARE = 1.0 / 3.0  # share of the clearance margin that a predicted trajectory must keep
ESCAPE = 1e-3  # [m] a robot already too close may come this much closer while it leaves
REACTION_TIME = 1.0  # [s] beyond the time to stop for which the chosen mode must be free
TRUST = 0.3  # [s] measured and commanded speed may differ by what the limits allow in this time


class ControlStatus(enum.Enum):
    """What the controller is doing, in words."""

    DRIVING = "driving"
    GOAL_REACHED = "goal reached"
    BLOCKED = "every way is blocked, braking"
    NO_GOAL = "no goal"
    INVALID_INPUT = "input is not finite, braking"


@dataclass(frozen=True)
class ControlResult:
    """One control cycle.

    Attributes:
        status: What the controller is doing.
        message: The reason in a sentence.
        vx: Forward speed to command [m/s].
        wz: Turning rate to command [rad/s].
        plan: x, y, yaw of the chosen mode [T+1, 3]; the robot's pose alone [1, 3] without modes.
        modes: All modes, or None when nothing was optimised.
        target: Point headed for [2], or None.
        goal_distance: Distance to the goal [m]; inf without one.
        solve_time: Duration of the cycle [s].
    """

    status: ControlStatus
    message: str
    vx: float
    wz: float
    plan: Array
    modes: Modes | None
    target: Array | None
    goal_distance: float
    solve_time: float


class LocalController:
    """Drives one robot. Everything it is given shares one frame.

    Args:
        settings: Limits, tolerances, algorithm and cost.

    Raises:
        KernelError: The compiled kernel cannot be built on this machine.
    """

    def __init__(self, settings: ControllerSettings) -> None:
        self._kernel = Kernel(standard_problem(), settings.backend)
        self._settings = settings
        self._solver = MmeIlqr(
            self._kernel, algorithm_settings(settings), multimodal(settings), settings.seed
        )
        self._target = PathTarget()
        self._goal_checker = GoalChecker()
        self.reset()

    def reset(self) -> None:
        """Forget warm start, plan, goal and the last command."""
        self._solver.reset()
        self._target.reset()
        self._goal_checker.reset()
        self._command: tuple[float, ...] | None = None
        self._last_cycle: float | None = None

    def update(self, settings: ControllerSettings) -> None:
        """Use other settings from the next cycle on; the warm start and the command stay."""
        self._settings = settings
        self._solver.update(algorithm_settings(settings), multimodal(settings))

    def warm_up(self) -> None:
        """Compile, or load the compiled kernel; seconds on a machine's first time."""
        field = DistanceField(np.full((2, 2), 1.0), 1.0, Pose(50.0, 50.0, 0.0), 1.0)
        circles = np.array([[9.0, 9.0, 0.1, 0.0, 0.0]])
        for now in (0.0, 0.1):
            self.compute_command(
                RobotState(0.0, 0.0, 0.0), Pose(2.0, 0.0, 0.0), now, circles=circles, field=field
            )
        self.reset()

    def compute_command(
        self,
        state: RobotState,
        goal: Pose | None,
        now: float,
        *,
        path: Path | None = None,
        circles: Array | None = None,
        field: DistanceField | None = None,
    ) -> ControlResult:
        """Run one control cycle.

        Args:
            state: Measured pose and velocity.
            goal: Where to go; None stops the robot.
            now: Time of the measurement [s]; only differences matter.
            path: Plan to follow; None heads for the goal itself.
            circles: Obstacles as they are now: x, y, radius, vx, vy [M, 5].
            field: Distance field of the map.
        """
        begin = time.perf_counter()
        circles = no_circles() if circles is None else circles
        elapsed = self._elapsed(now)
        finite = state.is_finite() and math.isfinite(now) and bool(np.isfinite(circles).all())
        if goal is not None:
            finite = finite and math.isfinite(goal.x) and math.isfinite(goal.y)
        if not finite:
            return self._braking(ControlStatus.INVALID_INPUT, state, goal, begin)
        if goal is None:
            return self._braking(ControlStatus.NO_GOAL, state, goal, begin)
        if self._goal_checker.reached(state, goal, self._settings.xy_goal_tolerance):
            return self._braking(ControlStatus.GOAL_REACHED, state, goal, begin)
        return self._drive(state, goal, elapsed, path, circles, field, begin)

    def _drive(
        self,
        state: RobotState,
        goal: Pose,
        elapsed: float,
        path: Path | None,
        circles: Array,
        field: DistanceField | None,
        begin: float,
    ) -> ControlResult:
        s = self._settings
        x0 = self._initial_state(state)
        target = np.array([goal.x, goal.y])
        if path is not None:
            lookahead = (s.min_lookahead_distance, s.lookahead_distance)
            radius = s.robot_radius + s.clearance_margin
            target = self._target.point(path, x0[:2], circles, field, radius, lookahead)
        data = stage_data(self._kernel.problem, s, target, circles, field)
        deadline = begin + s.solve_time_share / s.controller_frequency
        required_gap = self._required_gap(x0, data)
        modes = self._solver.cycle(x0, data, elapsed, required_gap, deadline)
        if not self._safe_for_now(modes, x0, data, required_gap):
            return self._braking(ControlStatus.BLOCKED, state, goal, begin, modes, target)
        share = min(1.0, 1.0 / (s.controller_frequency * s.mme.model_dt))
        first = x0[3:] + share * (modes.controls[modes.chosen, 0] - x0[3:])
        return self._result(
            ControlStatus.DRIVING, tuple(float(v) for v in first), state, goal, begin, modes, target
        )

    def _initial_state(self, state: RobotState) -> Array:
        """Return the state at which this cycle's command will act [5].

        Its velocities are those last commanded, so that the commands themselves keep the
        acceleration limits; a measurement far from them (a push, a stuck wheel) takes over.
        """
        limits = robot_limits(self._settings)
        measured = (state.vx, state.wz)
        held = list(measured if self._command is None else self._command)
        for i, rate in enumerate(limits.rate):
            if abs(held[i] - measured[i]) > TRUST * rate:
                held[i] = measured[i]
        delay = self._settings.command_delay
        heading = state.yaw + 0.5 * delay * state.wz
        return np.array(
            [
                state.x + delay * state.vx * math.cos(heading),
                state.y + delay * state.vx * math.sin(heading),
                state.yaw + delay * state.wz,
                *held,
            ]
        )

    def _required_gap(self, x0: Array, data: StageData) -> float:
        """Return the distance of the robot's centre to obstacles that a mode must keep [m]."""
        s = self._settings
        here = float(self._kernel.smallest_gaps(x0[None, None], data)[0])
        return min(s.robot_radius + REQUIRED_SHARE * s.clearance_margin, here - ESCAPE)

    def _safe_for_now(self, modes: Modes, x0: Array, data: StageData, required_gap: float) -> bool:
        """Return True when the chosen mode touches nothing before the robot could have stopped.

        A mode that does so later may still drive: the next cycles have time to find another.
        """
        if modes.feasible[modes.chosen]:
            return True
        stop_time = max(abs(v) / rate for v, rate in zip(x0[3:], data.limits.rate, strict=True))
        stages = int(np.ceil((stop_time + REACTION_TIME) / data.dt))
        near = modes.states[modes.chosen, : stages + 1]
        return bool(self._kernel.smallest_gaps(near[None], data)[0] >= required_gap)

    def _elapsed(self, now: float) -> float:
        """Return the time since the last cycle [s]; a clock that jumps counts as one period."""
        period = 1.0 / self._settings.controller_frequency
        last, self._last_cycle = self._last_cycle, now if math.isfinite(now) else None
        if last is None or self._last_cycle is None or not 0.0 <= now - last <= 1.0:
            return period
        return now - last

    def _braking(
        self,
        status: ControlStatus,
        state: RobotState,
        goal: Pose | None,
        begin: float,
        modes: Modes | None = None,
        target: Array | None = None,
    ) -> ControlResult:
        held = (state.vx, state.wz) if self._command is None else self._command
        period = 1.0 / self._settings.controller_frequency
        command = brake(held, robot_limits(self._settings), period)
        return self._result(status, command, state, goal, begin, modes, target)

    def _result(
        self,
        status: ControlStatus,
        command: tuple[float, ...],
        state: RobotState,
        goal: Pose | None,
        begin: float,
        modes: Modes | None,
        target: Array | None,
    ) -> ControlResult:
        self._command = command
        plan = np.array([[state.x, state.y, state.yaw]])
        if modes is not None:
            plan = modes.states[modes.chosen, :, :3]
        distance = math.inf if goal is None else math.hypot(goal.x - state.x, goal.y - state.y)
        solve_time = time.perf_counter() - begin
        return ControlResult(
            status, status.value, *command, plan, modes, target, distance, solve_time
        )
