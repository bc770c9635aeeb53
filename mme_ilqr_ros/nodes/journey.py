"""Where a robot is on the way to its goal, as who gave the goal wants to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geometry_msgs.msg import PoseStamped

if TYPE_CHECKING:  # it imports casadi, which the planner does not need
    from mme_ilqr_ros.control.result import ControlStatus


@dataclass(frozen=True)
class Journey:
    """A moment on the way.

    Attributes:
        pose: Of the robot.
        rest: Distance to go [m]; along the plan, where there is one.
        speed: Of the robot [m/s].
        n_ahead: Number of poses ahead, the goal among them.
    """

    pose: PoseStamped
    rest: float
    speed: float
    n_ahead: int


@dataclass(frozen=True)
class Doing:
    """What the controller is doing.

    Attributes:
        status: Of the last cycle; None where none could be run.
        text: For people.
        lacks_command: Whether it brakes because there is no command to give.
    """

    status: ControlStatus | None
    text: str
    lacks_command: bool


class UnknownFrameError(Exception):
    """The frame of a goal is not known, or where it is."""
