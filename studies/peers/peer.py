"""The common part of all peers: the same inputs, limits and braking for every solver."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.controller import ControlResult, ControlStatus
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.safety import brake, stop_time
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.target import PathTarget
from mme_ilqr_ros.geometry import circles as circle_math
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.models import ControlLimits
from studies.peers.walls import wall_circles

Array = NDArray[np.float64]

REACTION_TIME = 1.0  # [s] beyond the time to stop for which a plan must be free; as in our own
REQUIRED_SHARE = 1.0 / 3.0  # of the clearance margin that a plan must keep; as in our own
ESCAPE = 1e-3  # [m] a robot already too close may come this much closer while it leaves


@dataclass(frozen=True)
class Task:
    """What a peer is given in one control cycle.

    Attributes:
        x0: x, y, yaw, speed, turning rate [5]; the speeds are those last commanded.
        target: Point to head for [2]: the goal, or the carrot on a planner's path.
        circles: Every obstacle: x, y, radius, vx, vy [M, 5].
        elapsed: Time since the cycle before [s].
    """

    x0: Array
    target: Array
    circles: Array
    elapsed: float


@dataclass(frozen=True)
class Plan:
    """What a peer answers.

    Attributes:
        states: x, y, yaw at the stages [T+1, 3], the first one here and now.
        dt: Time between them [s].
        command: Forward speed and turning rate one control period from now [2].
    """

    states: Array
    dt: float
    command: Array


class Peer(ABC):
    """A local controller with the interface of `LocalController`.

    Args:
        settings: Limits, radius, goal tolerance, rate, and the cost that peers share with us; as
            in a parameter file, `own_units` derives the rest.
    """

    tuning: Any  # a frozen dataclass with the peer's own settings

    def __init__(self, settings: ControllerSettings) -> None:
        self._settings = settings = in_own_units(settings)
        self._limits = ControlLimits(
            (settings.vx_min, -settings.wz_max),
            (settings.vx_max, settings.wz_max),
            (settings.ax_max, settings.az_max),
        )
        self._period = 1.0 / settings.controller_frequency
        self._path_target = PathTarget()
        self.reset()

    def reset(self) -> None:
        """Forget the plan and the last command."""
        self._command: Array | None = None
        self._last_cycle: float | None = None
        self._path_target.reset()
        self.forget()

    def warm_up(self) -> None:  # noqa: B027 (most have nothing to do)
        """Do what takes long before the first cycle."""

    @abstractmethod
    def forget(self) -> None:
        """Forget the warm start."""

    def prepare(self, n_circles: int) -> None:  # noqa: B027
        """Build what depends on the number of circles; not counted as solve time."""

    @abstractmethod
    def plan(self, task: Task) -> Plan | None:
        """Solve one cycle; None where the solver found nothing to drive by."""

    def compute_command(self, situation: Situation) -> ControlResult:
        """Run one control cycle; see `LocalController.compute_command`."""
        state, goal, now = situation.state, situation.goal, situation.now
        path, circles, field = situation.path, situation.circles, situation.walls
        assert goal is not None
        obstacles = np.vstack([circles, wall_circles(field, state.position)])
        self.prepare(len(obstacles))
        begin = time.perf_counter()
        elapsed = self._period if self._last_cycle is None else now - self._last_cycle
        self._last_cycle = now
        if self._command is None:
            self._command = np.array([state.vx, state.wz])
        x0 = np.array([state.x, state.y, state.yaw, *self._command])
        distance = math.hypot(goal.x - state.x, goal.y - state.y)
        if distance <= self._settings.xy_goal_tolerance:
            return self._stop(ControlStatus.GOAL_REACHED, x0, None, distance, begin)
        target = self._target(goal, path, x0[:2], circles, field)
        plan = self.plan(Task(x0, target, obstacles, elapsed))
        if plan is None or self._touches_soon(plan, obstacles):
            return self._stop(ControlStatus.BLOCKED, x0, plan, distance, begin)
        command = self._limits.clip(plan.command, self._command, self._period)
        return self._result(ControlStatus.DRIVING, command, x0, plan, distance, begin)

    def _target(
        self,
        goal: Pose,
        path: Path | None,
        here: Array,
        circles: Array,
        field: DistanceField | None,
    ) -> Array:
        """Return the goal, or the same carrot on the path that the package's controller takes."""
        if path is None:
            return np.array([goal.x, goal.y])
        s = self._settings
        lookahead = (s.min_lookahead_distance, s.lookahead_distance)
        radius = s.robot_radius + s.clearance_margin
        return self._path_target.point(path, here, circles, field, radius, lookahead)

    def _touches_soon(self, plan: Plan, circles: Array) -> bool:
        """Return True when the plan touches something before the robot could have stopped."""
        s = self._settings
        stages = math.ceil((stop_time(self._command, self._limits) + REACTION_TIME) / plan.dt)
        points = plan.states[: stages + 1, :2]
        gaps = gaps_along(points, plan.dt, circles)
        required = s.robot_radius + REQUIRED_SHARE * s.clearance_margin
        return bool(gaps.min() < min(required, gaps[0] - ESCAPE))

    def _stop(
        self, status: ControlStatus, x0: Array, plan: Plan | None, distance: float, begin: float
    ) -> ControlResult:
        command = brake(x0[3:], self._limits, self._period)
        return self._result(status, command, x0, plan, distance, begin)

    def _result(
        self,
        status: ControlStatus,
        command: Array,
        x0: Array,
        plan: Plan | None,
        distance: float,
        begin: float,
    ) -> ControlResult:
        self._command = command
        states = x0[None, :3] if plan is None else plan.states
        modes = None if plan is None else _one_mode(states)
        vx, wz = command.tolist()
        seconds = time.perf_counter() - begin
        return ControlResult(status, status.value, vx, wz, states, modes, None, distance, seconds)


def gaps_along(points: Array, dt: float, circles: Array) -> Array:
    """Return the distance from points [..., T, 2] to the nearest edge, circles moving, [..., T]."""
    if not len(circles):
        return np.full(points.shape[:-1], np.inf)
    moved = circle_math.predict(circles, dt * np.arange(points.shape[-2]))
    offsets = points[..., None, :] - moved[..., :2]
    return (np.hypot(offsets[..., 0], offsets[..., 1]) - moved[..., 2]).min(axis=-1)


def within_reach(task: Task, speed: float, seconds: float, room: float) -> Array:
    """Return the circles [M, 5] that could come nearer than `room` within some seconds.

    Args:
        task: The robot and all circles.
        speed: Top speed of the robot [m/s].
        seconds: How far ahead.
        room: Distance from the robot's centre to a circle's edge beyond which it is ignored [m].
    """
    circles = task.circles
    distance = np.hypot(*(circles[:, :2] - task.x0[:2]).T) - circles[:, 2]
    meeting = seconds * (speed + np.hypot(circles[:, 3], circles[:, 4]))
    return circles[distance <= meeting + room]


def _one_mode(states: Array) -> Modes:
    """Return a single plan in the form in which pictures are drawn of plans."""
    return Modes(
        states=states[None],
        controls=np.zeros((1, len(states) - 1, 2)),
        costs=np.zeros(1),
        weights=np.ones(1),
        distances=np.zeros(1),
        feasible=np.ones(1, dtype=bool),
        chosen=0,
        switched=False,
        iterations=0,
    )
