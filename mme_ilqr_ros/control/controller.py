"""The local controller: where the robot is and where it shall go in, one velocity command out.

`LocalController.compute_command` is one control cycle, from measurement to command. Whatever
happens, it returns a finite command inside the limits of speed and acceleration: the next point of
the chosen plan, or braking.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.commands import Commands
from mme_ilqr_ros.control.escape import Escape
from mme_ilqr_ros.control.goal_checker import ANY_HEADING, GoalChecker
from mme_ilqr_ros.control.kernel import CompiledKernel, StageData
from mme_ilqr_ros.control.last_gate import LastGate, shape_in
from mme_ilqr_ros.control.leeway import Leeway
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.objective import (
    algorithm_settings,
    stage_data,
    standard_problem,
)
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.result import ControlResult, ControlStatus
from mme_ilqr_ros.control.robots import Robot, robot_of
from mme_ilqr_ros.control.safe_twist import SafeTwist, Twist
from mme_ilqr_ros.control.safety import ESCAPE, STANDING, Safety, distance_here, grown, waits
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.speed_limit import limited
from mme_ilqr_ros.control.target import PathTarget
from mme_ilqr_ros.control.way_out import WayOut, find_way_out
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.passable import discs_in, least_distance
from mme_ilqr_ros.geometry.pose import Pose, RobotState

Array = NDArray[np.float64]

REJOIN = 2.0  # lookahead distances along the plan, to where a way out leads back to it
VIA_RADII = 2.5  # [radii] at which a via point counts as passed, where the goal's tolerance is less
WAY_OUT_SHARE = 0.9  # of the goal weights, on the field of a way out


class LocalController:
    """Drives one robot. Everything it is given shares one frame.

    Args:
        settings: Limits, tolerances, algorithm and cost.
        robot: The robot; by default the one that the settings name.
        realtime: False lets no clock end a cycle: `solve_time_share` does not apply, and the same
            inputs give the same commands on a busy machine too.

    Raises:
        KernelError: The compiled kernel cannot be built on this machine.
    """

    def __init__(
        self,
        settings: ControllerSettings,
        robot: Robot | None = None,
        *,
        realtime: bool = True,
    ) -> None:
        self._realtime = realtime
        self._robot = robot or robot_of(settings)
        kernel = CompiledKernel(standard_problem(self._robot, settings))
        self._kernel = kernel
        self._commands = Commands(self._robot)
        model = self._robot.model
        self._safety = Safety(kernel, model.kept_when_braking, model.turning)
        self._gate = LastGate(self._robot)
        self._safe_twist = SafeTwist(self._robot, self._commands, self._gate)
        algorithm = algorithm_settings(in_own_units(settings))
        self._solver = MmeIlqr(kernel, algorithm, [settings.seed])
        self._target = PathTarget()
        self._escape = Escape()
        self._goal_checker = GoalChecker()
        self._speed_share = 1.0
        self.update(settings)
        self.reset()

    @property
    def own_settings(self) -> ControllerSettings:
        """The settings as they are used, in SI, see `own_units`, with the speeds that hold now."""
        return self._slowed

    @property
    def period(self) -> float:
        """Time of a control cycle [s]."""
        return self._period

    def reset(self) -> None:
        """Forget everything, the last command too: limits hold from what is measured."""
        self.forget()
        self._commands.last = None

    def forget(self) -> None:
        """Forget warm start, plan and goal; the robot goes on from the last command."""
        self._solver.reset()
        self._target.reset()
        self._escape.reset()
        self._goal_checker.reset()
        self._leeway.reset()
        self._gate.reset()
        self._safe_twist.reset()
        self._last_cycle: float | None = None

    def begin_anew(self) -> None:
        """Forget what was in the way before: a new goal may lie where one was given up."""
        self._escape.reset()

    def stopped(self) -> None:
        """Take note that the robot was given zero, and not the last command from here."""
        self._commands.stopped()

    def update(self, settings: ControllerSettings) -> None:
        """Use other settings from the next cycle on; the command stays, and the warm start too."""
        self._settings = s = in_own_units(settings)
        self._period = 1.0 / s.controller_frequency
        self.limit_speed(self._speed_share)
        self._leeway = Leeway(ESCAPE, s.robot_radius)
        self._gate.update(s, shape_in(s))
        self._target.reach = max(2.0 * s.xy_goal_tolerance, VIA_RADII * s.robot_radius)
        self._solver.update(algorithm_settings(s))

    def limit_speed(self, share: float) -> None:
        """Drive at a share of all speeds, in (0, 1], until told otherwise; `reset` keeps it."""
        self._speed_share = share
        self._slowed = limited(self._settings, share)
        self._limits = self._robot.limits(self._slowed)
        self._commands.update(self._slowed)
        self._safe_twist.update(self._slowed)

    def warm_up(self) -> None:
        """Compile, or load the compiled kernel; seconds on a machine's first time."""
        here, goal = RobotState(0.0, 0.0, 0.0), Pose(2.0, 0.0, 0.0)
        walls = DistanceField(np.full((2, 2), 1.0), 1.0, Pose(50.0, 50.0, 0.0), 1.0)
        circles = np.array([[9.0, 9.0, 0.1, 0.0, 0.0]])
        seen = Situation(here, goal, 0.0, circles=circles, walls=walls, points=circles[:, :2])
        for now in (0.0, 0.1):
            self.compute_command(replace(seen, now=now))
        self._gate.warm_up()
        find_way_out(np.zeros(2), np.array([2.0, 0.0]), circles, walls, 0.2, 0.2)
        data = stage_data(self._kernel.problem, self._settings, np.zeros(2), circles, walls)
        self._kernel.distances(np.zeros((1, 1, 1, self._kernel.problem.model.nx)), [data])
        self.reset()

    def compute_command(self, situation: Situation) -> ControlResult:
        """Run one control cycle."""
        begin = time.perf_counter()
        elapsed = self._elapsed(situation.now)
        if fault := situation.fault(self._robot.fastest(self._limits)):
            refused = self._braking(ControlStatus.INVALID_INPUT, situation, begin)
            return replace(refused, message=f"{fault}, braking")
        situation = situation.within_bounds()
        if not self._gate.watches(situation):
            return self._decide(situation, elapsed, begin)
        held = self._commands.held(situation)
        return self._gated(self._decide(situation, elapsed, begin), held, situation, begin)

    def manoeuvre(self, wanted: Twist, situation: Situation, words: str) -> ControlResult:
        """Run one control cycle of a manoeuvre: a velocity, as far as it is safe.

        What was planned before it is forgotten.

        Args:
            wanted: Velocity; limits of speed and acceleration hold.
            situation: As for `compute_command`; its goal does not matter.
            words: What the robot does, for people.
        """
        begin = time.perf_counter()
        self._elapsed(situation.now)
        self._solver.reset()
        self._escape.reset()
        if fault := situation.fault(self._robot.fastest(self._limits)):
            refused = self._braking(ControlStatus.INVALID_INPUT, situation, begin)
            return replace(refused, message=f"{fault}, braking")
        situation = situation.within_bounds()
        wanted = wanted if all(map(math.isfinite, wanted)) else (0.0, 0.0, 0.0)
        passed = self._safe_twist.command(wanted, situation)
        status = ControlStatus.MANOEUVRE
        result = self._result(status, passed.controls, situation, begin, None, None)
        message = f"{words}; {passed.reason}" if passed.reason else words
        return replace(result, message=message, gate=passed.reason)

    def _decide(self, situation: Situation, elapsed: float, begin: float) -> ControlResult:
        """Return the command that the plans, or braking, call for."""
        s = self._settings
        if situation.goal is None:
            return self._braking(ControlStatus.NO_GOAL, situation, begin)
        tolerances = (s.xy_goal_tolerance, s.yaw_goal_tolerance)
        is_at_goal = self._goal_checker.reached(situation.state, situation.goal, *tolerances)
        if is_at_goal and not self._target.has_via_ahead(situation.path, situation.state.position):
            return self._braking(ControlStatus.GOAL_REACHED, situation, begin)
        return self._drive(situation, situation.goal, elapsed, begin)

    def _gated(
        self, result: ControlResult, held: Array, situation: Situation, begin: float
    ) -> ControlResult:
        """Return the result with the command that passes the last gate."""
        evades = result.status is ControlStatus.EVADING
        passed = self._gate.let_pass(np.array(result.controls), held, situation, evades)
        solve_time = time.perf_counter() - begin
        if not passed.reason:
            return replace(result, solve_time=solve_time)
        self._commands.last = passed.controls
        vx, vy, wz = self._robot.twist(passed.controls)
        status, message = result.status, f"{result.message}; {passed.reason}"
        if status is ControlStatus.DRIVING and math.hypot(vx, vy) < STANDING:
            status = ControlStatus.GATED
            message = f"{status.value}; {passed.reason}"
        changed = replace(result, vx=vx, vy=vy, wz=wz, controls=tuple(passed.controls.tolist()))
        said = replace(changed, status=status, message=message, gate=passed.reason)
        return replace(said, solve_time=solve_time)

    def _drive(
        self, situation: Situation, goal: Pose, elapsed: float, begin: float
    ) -> ControlResult:
        """Optimise all modes and drive the best, if one may drive."""
        s = self._settings
        situation = replace(situation, circles=grown(situation.circles, s.moving_margin_time))
        held = self._commands.held(situation)
        x0 = self._robot.initial_state(self._commands.predicted(situation.state), held)
        least = least_distance(s.robot_radius, s.clearance_margin)
        here = distance_here(discs_in(s).centres(*x0[:3]), situation)
        required = self._leeway.required(here, x0[:2], least)
        self._to_go, aim = self._ahead(situation, goal)
        slowed = self._slowed
        way = self._escape.update(situation, elapsed, self._to_go, aim, required, slowed)
        data, target = self._task(situation, goal, x0, way)
        deadline = begin + s.solve_time_share * self._period if self._realtime else None
        [modes] = self._solver.cycle(x0[None], [data], elapsed, required, deadline)
        if not _is_sound(modes, data):
            self._solver.reset()  # what is not finite would stay in the warm start
            return self._braking(ControlStatus.INVALID_INPUT, situation, begin)
        self._escape.judge(modes, target, slowed)
        if not self._safety.may_drive(modes, held, data, required):
            evasion = self._safety.evasion(modes, x0, held, data, s.robot_radius)
            if evasion is None:
                return self._braking(ControlStatus.BLOCKED, situation, begin, modes, target)
            command = self._commands.next(evasion, held, elapsed)
            return self._result(ControlStatus.EVADING, command, situation, begin, modes, target)
        command = self._commands.next(modes.controls[modes.chosen, 0], held, elapsed)
        if not self._safety.may_speed_up(modes, held, data, required):
            command = self._safety.slowed(command, held, self._limits)
        status = ControlStatus.WAITING if waits(modes, command) else ControlStatus.DRIVING
        return self._result(status, command, situation, begin, modes, target)

    def _ahead(self, situation: Situation, goal: Pose) -> tuple[float, Array]:
        """Return the distance to the goal [m] and where a way out leads [2].

        Where there is a plan: along it, and back to it, for it knows more of the world than a way
        out does: masks, unknown cells, learned costs.
        """
        here, target = situation.state.position, np.array([goal.x, goal.y])
        if situation.path is None:
            return math.dist(here, target), target
        rejoin = REJOIN * self._settings.lookahead_distance
        return self._target.rest(situation.path, here, rejoin, situation.walls)

    def _task(
        self, situation: Situation, goal: Pose, x0: Array, way: WayOut | None
    ) -> tuple[StageData, Array]:
        """Return what this cycle's modes share, and the target [2]; a way out leads to its end."""
        s = self._settings
        if way is not None:
            s = replace(s, costs=replace(s.costs, cost_to_go_share=WAY_OUT_SHARE))
            goal = replace(goal, x=float(way.target[0]), y=float(way.target[1]))
            situation = replace(situation, path=None, cost_to_go=way.field)
        target, reference = self._follow(situation, goal, x0[:2])
        data = stage_data(
            self._kernel.problem,
            s,
            target,
            situation.circles,
            situation.walls,
            cost_to_go=situation.cost_to_go,
            yaw=self._wanted_yaw(goal, target),
            reference=reference,
            limits=self._limits,
        )
        return data, target

    def _follow(self, situation: Situation, goal: Pose, here: Array) -> tuple[Array, Array | None]:
        """Return the target [2] and, where the plan is to be kept to, its points [T+1, 3]."""
        s, path, target = self._settings, situation.path, np.array([goal.x, goal.y])
        if path is None:
            return target, None
        lookahead = (s.min_lookahead_distance, s.lookahead_distance)
        radius, world = s.robot_radius + s.clearance_margin, (situation.circles, situation.walls)
        ahead = self._target.point(path, here, *world, radius, lookahead)
        if situation.cost_to_go is None:
            target = ahead
        if s.costs.contour_weight == s.costs.lag_weight == 0.0:
            return target, None
        spacing = self._slowed.path_speed * s.mme.model_dt
        return target, self._target.reference(path, here, spacing, s.mme.time_steps + 1)

    def _wanted_yaw(self, goal: Pose, target: Array) -> float | None:
        """Return the goal's heading if one is asked for and the goal itself is the target."""
        s = self._settings
        heads_there = math.dist(target, (goal.x, goal.y)) <= s.xy_goal_tolerance
        return goal.yaw if s.yaw_goal_tolerance < ANY_HEADING and heads_there else None

    def _elapsed(self, now: float) -> float:
        """Return the time since the last cycle [s]; a clock that jumps counts as one period."""
        last, self._last_cycle = self._last_cycle, now if math.isfinite(now) else None
        if last is None or self._last_cycle is None or not 0.0 <= now - last <= 1.0:
            return self._period
        return now - last

    def _braking(
        self,
        status: ControlStatus,
        situation: Situation,
        begin: float,
        modes: Modes | None = None,
        target: Array | None = None,
    ) -> ControlResult:
        held = self._commands.last  # all there is to go by without a measurement
        if status is not ControlStatus.INVALID_INPUT:
            held = self._commands.to_brake_from(situation.state)
        elif held is None:
            held = np.zeros(self._robot.model.nu)
        command = self._safety.brake(held, self._limits, self._period)
        return self._result(status, command, situation, begin, modes, target)

    def _result(
        self,
        status: ControlStatus,
        command: Array,
        situation: Situation,
        begin: float,
        modes: Modes | None,
        target: Array | None,
    ) -> ControlResult:
        self._commands.last = command
        state, goal, message = situation.state, situation.goal, status.value
        cause = None
        if modes is not None and self._escape.is_stuck:
            status, radius = ControlStatus.STUCK, self._settings.robot_radius
            cause = self._escape.cause(situation, modes, radius)
            message = f"{status.value}: {self._escape.reason(cause, radius)}"
        to_go = math.inf if modes is None else self._to_go
        plan = np.array([[state.x, state.y, state.yaw]])
        if modes is not None:
            plan = modes.states[modes.chosen, :, :3]
        distance = math.inf if goal is None else math.hypot(goal.x - state.x, goal.y - state.y)
        vx, vy, wz = self._robot.twist(command)
        controls = tuple(command.tolist())
        solve_time = time.perf_counter() - begin
        return ControlResult(
            *(status, message, vx, wz, plan, modes, target, distance, solve_time, vy, controls),
            cause=cause,
            to_go=to_go,
        )


@np.errstate(over="ignore", invalid="ignore")
def _is_sound(modes: Modes, data: StageData) -> bool:
    """Return False where inputs are so large, or weights such, that numbers were not finite."""
    chosen = modes.chosen
    plan = modes.states[chosen].sum() + modes.controls[chosen].sum() + modes.costs[chosen]
    return math.isfinite(plan + data.parameters.sum())
