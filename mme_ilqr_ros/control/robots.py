"""Kinds of robots: between measurements, velocity commands and the symbols of a model.

The controller itself knows no kind of robot. Each one is a small class here: its model, its limits,
and how to read a measurement and write a command. A robot of your own derives from `Robot` or from
one of the others; `docs/extending.md` shows how to use it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.loading import group_name, load
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.models import (
    ControlLimits,
    RobotModel,
    ackermann,
    differential_drive,
    omnidirectional,
)
from mme_ilqr_ros.settings import SettingError

Array = NDArray[np.float64]
STEERING_SPEED = 0.2  # [m/s] below it the turning rate says little about the steering angle


class Robot(ABC):
    """A kind of robot.

    Attributes:
        model: How it moves.
    """

    model: RobotModel

    @abstractmethod
    def limits(self, settings: ControllerSettings) -> ControlLimits:
        """Return the limits of the controls."""

    @abstractmethod
    def measured(
        self, state: RobotState, held: Sequence[float] | Array | None
    ) -> tuple[float, ...]:
        """Return the controls [nu] that a measurement shows.

        Args:
            state: The measurement.
            held: The last command's controls [nu], for what cannot be seen; None without one.
        """

    @abstractmethod
    def twist(self, controls: Array) -> tuple[float, float, float]:
        """Return (vx [m/s], vy [m/s], wz [rad/s]) in the robot's frame, to command."""

    def fastest(self, limits: ControlLimits) -> tuple[float, float, float]:
        """Return the largest `|vx|`, `|vy|` [m/s] and `|wz|` [rad/s] at the ends of the limits."""
        ends = [self.twist(np.array(end, float)) for end in (limits.lower, limits.upper)]
        vx, vy, wz = (max(map(abs, speeds)) for speeds in zip(*ends, strict=True))
        return vx, vy, wz

    def initial_state(self, state: RobotState, controls: Array) -> Array:
        """Return the model's state [nx]: the pose, the controls that hold, zero for all else."""
        x = np.zeros(self.model.nx)
        x[:3] = state.x, state.y, state.yaw
        for i, held in enumerate(self.model.held_state):
            if held >= 0:
                x[held] = controls[i]
        return x


class DifferentialDrive(Robot):
    """Drives forward and turns; controls (vx, wz)."""

    model = differential_drive()

    def limits(self, settings: ControllerSettings) -> ControlLimits:
        """Return the limits of (vx, wz)."""
        s = settings
        return ControlLimits((s.vx_min, -s.wz_max), (s.vx_max, s.wz_max), (s.ax_max, s.az_max))

    def measured(
        self, state: RobotState, held: Sequence[float] | Array | None
    ) -> tuple[float, ...]:
        """Return (vx, wz)."""
        return state.vx, state.wz

    def twist(self, controls: Array) -> tuple[float, float, float]:
        """Return the controls; it cannot drive sideways."""
        return float(controls[0]), 0.0, float(controls[1])


class Omnidirectional(Robot):
    """Drives in every direction while it turns; controls (vx, vy, wz)."""

    model = omnidirectional()

    def limits(self, settings: ControllerSettings) -> ControlLimits:
        """Return the limits of (vx, vy, wz)."""
        s = settings
        return ControlLimits(
            lower=(s.vx_min, -s.vy_max, -s.wz_max),
            upper=(s.vx_max, s.vy_max, s.wz_max),
            rate=(s.ax_max, s.ay_max, s.az_max),
        )

    def measured(
        self, state: RobotState, held: Sequence[float] | Array | None
    ) -> tuple[float, ...]:
        """Return (vx, vy, wz)."""
        return state.vx, state.vy, state.wz

    def twist(self, controls: Array) -> tuple[float, float, float]:
        """Return the controls."""
        return float(controls[0]), float(controls[1]), float(controls[2])


class Ackermann(Robot):
    """A car; controls (v, steering angle). It turns only while it drives.

    Args:
        wheelbase: Distance between the axles [m].
    """

    def __init__(self, wheelbase: float) -> None:
        self.model = ackermann(wheelbase)
        self._wheelbase = wheelbase

    def limits(self, settings: ControllerSettings) -> ControlLimits:
        """Return the limits of (v, steering angle)."""
        s = settings
        return ControlLimits(
            lower=(s.vx_min, -s.steering_max),
            upper=(s.vx_max, s.steering_max),
            rate=(s.ax_max, s.steering_rate_max),
        )

    def measured(
        self, state: RobotState, held: Sequence[float] | Array | None
    ) -> tuple[float, ...]:
        """Return (v, steering angle); at low speed the angle is the one last commanded."""
        if abs(state.vx) >= STEERING_SPEED:
            return state.vx, math.atan(self._wheelbase * state.wz / state.vx)
        return state.vx, 0.0 if held is None else held[1]

    def twist(self, controls: Array) -> tuple[float, float, float]:
        """Return the speed, and the turning rate v tan(steering angle) / wheelbase."""
        v, steer = float(controls[0]), float(controls[1])
        return v, 0.0, v * math.tan(steer) / self._wheelbase


def robot_of(settings: ControllerSettings) -> Robot:
    """Return the robot that the settings name: `robot`, else `motion_model`.

    Raises:
        SettingError: The robot's class cannot be loaded or made.
    """
    if settings.robot:
        kind = load("robot", settings.robot, Robot)  # type: ignore[type-abstract]
        made = getattr(settings, group_name(kind), None)
        if made is not None:  # see `extensions.extended`
            return made
        try:
            return kind()
        except TypeError as error:
            raise SettingError(f"robot = '{settings.robot}': {error}") from error
    if settings.motion_model == "omni":
        return Omnidirectional()
    if settings.motion_model == "ackermann":
        return Ackermann(settings.wheelbase)
    return DifferentialDrive()
