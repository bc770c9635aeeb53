"""The local controller: where the robot is and where it shall go in, one velocity command out.

`LocalController.compute_command` is one control cycle, from measurement to command. Whatever
happens, it returns a finite command inside the limits of speed and acceleration: the next point of
the chosen plan, or braking.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.costs import CostTerm
from mme_ilqr_ros.control.distinct import ways_round
from mme_ilqr_ros.control.fallback import brake
from mme_ilqr_ros.control.goal_checker import ANY_HEADING, GoalChecker
from mme_ilqr_ros.control.kernel import Kernel, StageData
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.objective import (
    algorithm_settings,
    stage_data,
    standard_problem,
)
from mme_ilqr_ros.control.result import ControlResult, ControlStatus
from mme_ilqr_ros.control.robots import Robot, robot_of
from mme_ilqr_ros.control.safety import Safety, grown, waits
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.target import PathTarget
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]

TRUST = 0.3  # [s] measured and commanded speed may differ by what the limits allow in this time


class LocalController:
    """Drives one robot. Everything it is given shares one frame.

    Args:
        settings: Limits, tolerances, algorithm and cost.
        robot: A robot of your own; by default the one that the settings name.
        terms: Cost terms of your own, in addition to the package's.
        values: Numbers for the parameters that these terms name; read in every cycle.

    Raises:
        KernelError: The compiled kernel cannot be built on this machine.
    """

    def __init__(
        self,
        settings: ControllerSettings,
        robot: Robot | None = None,
        terms: Sequence[CostTerm] = (),
        values: Mapping[str, float] | None = None,
    ) -> None:
        self._robot = robot or robot_of(settings)
        self._values = values
        self._kernel = Kernel(standard_problem(self._robot, settings, terms))
        self._safety = Safety(self._kernel, self._robot.kept_when_braking)
        self._settings = settings
        self._solver = MmeIlqr(self._kernel, algorithm_settings(settings), settings.seed)
        self._target = PathTarget()
        self._goal_checker = GoalChecker()
        self.reset()

    def reset(self) -> None:
        """Forget warm start, plan, goal and the last command: limits hold from what is measured."""
        self._solver.reset()
        self._target.reset()
        self._goal_checker.reset()
        self.stopped()
        self._last_cycle: float | None = None

    def stopped(self) -> None:
        """Take note that the robot was given another command than the last one from here."""
        self._command: Array | None = None

    def update(self, settings: ControllerSettings) -> None:
        """Use other settings from the next cycle on; the command stays, and the warm start too."""
        self._settings = settings
        self._solver.update(algorithm_settings(settings))

    def warm_up(self) -> None:
        """Compile, or load the compiled kernel; seconds on a machine's first time."""
        field = DistanceField(np.full((2, 2), 1.0), 1.0, Pose(50.0, 50.0, 0.0), 1.0)
        circles = np.array([[9.0, 9.0, 0.1, 0.0, 0.0]])
        for now in (0.0, 0.1):
            self.compute_command(
                RobotState(0.0, 0.0, 0.0), Pose(2.0, 0.0, 0.0), now, circles=circles, field=field
            )
        ways_round(np.zeros((2, 2, 3)), np.zeros(2), 1.0, circles, field)
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
        cost_to_go: CostToGo | None = None,
    ) -> ControlResult:
        """Run one control cycle.

        Args:
            state: Measured pose and velocity.
            goal: Where to go; None stops the robot.
            now: Time of the measurement [s]; only differences matter.
            path: Plan to follow; None heads for the goal itself.
            circles: Obstacles as they are now: x, y, radius, vx, vy [M, 5].
            field: Distance field of the map.
            cost_to_go: Of the planner, to the same goal. With it the robot is not drawn to a point
                of the plan, but down the field, whichever way it takes.
        """
        begin = time.perf_counter()
        circles = no_circles() if circles is None else circles
        elapsed = self._elapsed(now)
        finite = state.is_finite() and math.isfinite(now) and bool(np.isfinite(circles).all())
        if goal is not None:
            finite = finite and all(map(math.isfinite, (goal.x, goal.y, goal.yaw)))
        if not finite:
            return self._braking(ControlStatus.INVALID_INPUT, state, goal, begin)
        if goal is None:
            return self._braking(ControlStatus.NO_GOAL, state, goal, begin)
        tolerances = (self._settings.xy_goal_tolerance, self._settings.yaw_goal_tolerance)
        if self._goal_checker.reached(state, goal, *tolerances):
            return self._braking(ControlStatus.GOAL_REACHED, state, goal, begin)
        return self._drive(state, goal, elapsed, path, circles, field, cost_to_go, begin)

    def _drive(
        self,
        state: RobotState,
        goal: Pose,
        elapsed: float,
        path: Path | None,
        circles: Array,
        field: DistanceField | None,
        cost_to_go: CostToGo | None,
        begin: float,
    ) -> ControlResult:
        s = self._settings
        limits = self._robot.limits(s)
        held = self._held(state, limits)
        x0 = self._robot.initial_state(self._predicted(state), held)
        target, reference = self._follow(goal, path, x0[:2], circles, field)
        if cost_to_go is not None:
            target = np.array([goal.x, goal.y])
        data = stage_data(
            self._kernel.problem,
            s,
            target,
            grown(circles, s.moving_margin_time),
            field,
            cost_to_go=cost_to_go,
            yaw=self._wanted_yaw(goal, target),
            reference=reference,
            limits=limits,
            values=self._values,
        )
        deadline = begin + s.solve_time_share / s.controller_frequency
        required_gap = self._safety.required_gap(x0, data, s.robot_radius, s.clearance_margin)
        modes = self._solver.cycle(x0, data, elapsed, required_gap, deadline)
        if not _is_sound(modes, data):
            self._solver.reset()  # what is not finite would stay in the warm start
            return self._braking(ControlStatus.INVALID_INPUT, state, goal, begin)
        if not self._safety.may_drive(modes, held, data, required_gap):
            evasion = self._safety.evasion(modes, x0, held, data, s.robot_radius)
            if evasion is None:
                return self._braking(ControlStatus.BLOCKED, state, goal, begin, modes, target)
            modes = replace(modes, chosen=evasion)
        command = self._first_command(modes, held, limits)
        status = ControlStatus.WAITING if waits(modes, command) else ControlStatus.DRIVING
        return self._result(status, command, state, goal, begin, modes, target)

    def _held(self, state: RobotState, limits: ControlLimits) -> Array:
        """Return the controls [nu] that hold when this cycle's command will act.

        They are those last commanded, so that the commands themselves keep the acceleration limits;
        a measurement far from them (a push, a stuck wheel) takes over, as far as the limits of the
        controls reach: no measurement makes a command leave them.
        """
        measured = np.array(self._robot.measured(state, self._command))
        inside = np.clip(measured, limits.lower, limits.upper)
        if self._command is None:
            return inside
        trusted = np.abs(self._command - measured) <= TRUST * np.array(limits.rate)
        return np.where(trusted, self._command, inside)

    def _predicted(self, state: RobotState) -> RobotState:
        """Return where the robot will be when this cycle's command acts."""
        delay = self._settings.command_delay
        if delay == 0.0:
            return state
        heading = Pose(0.0, 0.0, state.yaw + 0.5 * delay * state.wz)
        x, y = state.position + delay * heading.rotate([state.vx, state.vy])
        return replace(state, x=x, y=y, yaw=state.yaw + delay * state.wz)

    def _follow(
        self,
        goal: Pose,
        path: Path | None,
        here: Array,
        circles: Array,
        field: DistanceField | None,
    ) -> tuple[Array, Array | None]:
        """Return the target [2] and, where the plan is to be kept to, its points [T+1, 3]."""
        s = self._settings
        if path is None:
            return np.array([goal.x, goal.y]), None
        lookahead = (s.min_lookahead_distance, s.lookahead_distance)
        radius = s.robot_radius + s.clearance_margin
        target = self._target.point(path, here, circles, field, radius, lookahead)
        if s.costs.contour_weight == 0.0:
            return target, None
        spacing = s.path_speed * s.mme.model_dt
        return target, self._target.reference(path, here, spacing, s.mme.time_steps + 1)

    def _wanted_yaw(self, goal: Pose, target: Array) -> float | None:
        """Return the goal's heading if one is asked for and the goal itself is the target."""
        s = self._settings
        heads_there = math.dist(target, (goal.x, goal.y)) <= s.xy_goal_tolerance
        return goal.yaw if s.yaw_goal_tolerance < ANY_HEADING and heads_there else None

    def _first_command(self, modes: Modes, held: Array, limits: ControlLimits) -> Array:
        """Return the controls [nu] one period ahead on the chosen plan, exactly within limits."""
        period = 1.0 / self._settings.controller_frequency
        share = min(1.0, period / self._settings.mme.model_dt)
        first = modes.controls[modes.chosen, 0]
        ramps = np.array(self._kernel.problem.model.held_state) >= 0
        wanted = np.where(ramps, held + share * (first - held), first)
        return limits.clip(wanted, held, period)

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
        limits = self._robot.limits(self._settings)
        held = self._command  # all there is to go by without a measurement
        if held is None or state.is_finite():
            held = self._held(state, limits)
        period = 1.0 / self._settings.controller_frequency
        command = brake(held, limits, period, self._robot.kept_when_braking)
        return self._result(status, command, state, goal, begin, modes, target)

    def _result(
        self,
        status: ControlStatus,
        command: Array,
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
        vx, vy, wz = self._robot.twist(command)
        controls = tuple(command.tolist())
        solve_time = time.perf_counter() - begin
        return ControlResult(
            status, status.value, vx, wz, plan, modes, target, distance, solve_time, vy, controls
        )


def _is_sound(modes: Modes, data: StageData) -> bool:
    """Return False where inputs are so large, or `values` such, that numbers were not finite."""
    chosen = modes.chosen
    plan = (modes.states[chosen], modes.controls[chosen], modes.costs[chosen])
    return all(bool(np.isfinite(part).all()) for part in (data.parameters, *plan))
