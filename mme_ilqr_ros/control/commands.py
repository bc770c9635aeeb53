"""The commands of one robot: which one holds, where it leads to, and which may follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.robots import Robot
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import RobotState

Array = NDArray[np.float64]

TRUST = 0.3  # [s] measured and commanded speed may differ by what the limits allow in this time
OLD = 0.1  # [s] from this age a measured speed is none to go on from


class Commands:
    """Knows the last command.

    Attributes:
        last: Controls last commanded [nu]; None where the robot was given another command since.
    """

    def __init__(self, robot: Robot) -> None:
        self.last: Array | None = None
        self._robot = robot
        self._ramps = np.array(robot.model.held_state) >= 0  # controls that change linearly

    def update(self, settings: ControllerSettings) -> None:
        """Use other settings, in SI; see `own_units`."""
        self._limits = self._robot.limits(settings)
        self._delay, self._stage = settings.command_delay, settings.mme.model_dt
        self._period = 1.0 / settings.controller_frequency

    def held(self, situation: Situation) -> Array:
        """Return the controls [nu] that hold when this cycle's command will act.

        They are those last commanded, so that the commands themselves keep the acceleration limits;
        a measurement far from them (a push, a stuck wheel) takes over, as far as the limits of the
        controls reach: no measurement makes a command leave them, and no old one speeds it up.
        """
        held = self._held(situation.state)
        return self._no_faster(held) if situation.age > OLD else held

    def _held(self, state: RobotState) -> Array:
        limits = self._limits
        measured: Array = np.array(self._robot.measured(state, self.last), float)
        inside = np.clip(measured, limits.lower, limits.upper)
        if self.last is None:
            return inside
        trusted = np.abs(self.last - measured) <= TRUST * np.array(limits.rate)
        return np.where(trusted, self.last, inside)

    def stopped(self) -> None:
        """Take note that the robot was commanded to stand."""
        zero, kept = np.zeros(self._robot.model.nu), list(self._robot.model.kept_when_braking)
        if self.last is not None:
            zero[kept] = self.last[kept]
        self.last = zero

    def to_brake_from(self, state: RobotState) -> Array:
        """Return the controls [nu] from which a robot brakes that must not be told to speed up."""
        return self._no_faster(self._held(state))

    def _no_faster(self, held: Array) -> Array:
        """Return controls that hold [nu], but none faster than last commanded."""
        if self.last is None:
            return held
        slower = np.abs(self.last) < np.abs(held)
        slower[list(self._robot.model.kept_when_braking)] = False
        return np.where(slower, self.last, held)

    def predicted(self, state: RobotState) -> RobotState:
        """Return where the robot will be when this cycle's command acts."""
        return state.after(self._delay) if self._delay else state

    def next(self, first: Array, held: Array, elapsed: float) -> Array:
        """Return the controls [nu] to go on with on the way to those of the end of a stage.

        They keep the acceleration limits over the time since the last command, `elapsed` [s]; it
        counts from half a period to a whole one.
        """
        period = min(max(elapsed, 0.5 * self._period), self._period)
        fraction = min(1.0, period / self._stage)
        wanted = np.where(self._ramps, held + fraction * (first - held), first)
        return self._limits.clip(wanted, held, period)
