"""The result of a control cycle."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.escape import StuckCause
from mme_ilqr_ros.control.modes import Modes

Array = NDArray[np.float64]


class ControlStatus(enum.Enum):
    """What the controller is doing, in words."""

    DRIVING = "driving"
    GOAL_REACHED = "goal reached"
    STUCK = "stuck"
    WAITING = "no plan makes progress, waiting"
    GATED = "driving on would end too close to something, held"
    EVADING = "every plan is blocked, getting out of the way"
    BLOCKED = "every plan is blocked, braking"
    MANOEUVRE = "manoeuvre"
    RECOVERING = "recovering"
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
        vy: Speed to the left to command [m/s]; zero but for robots that slide.
        controls: The command as controls of the robot's model [nu].
        gate: Why the last gate changed the command; empty where it did not, or had nothing to see.
        cause: Why it is stuck; None where it is not.
        to_go: Distance to the goal, along the plan where there is one [m]; inf where it is not
            driven to.
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
    vy: float = 0.0
    controls: tuple[float, ...] = ()
    gate: str = ""
    cause: StuckCause | None = None
    to_go: float = math.inf

    @property
    def gated(self) -> bool:
        """Whether the last gate changed the command."""
        return bool(self.gate)
