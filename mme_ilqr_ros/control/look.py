"""How far round itself a robot has to be told what its scanners see, for the last gate."""

from __future__ import annotations

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.passable import outer_radius
from mme_ilqr_ros.geometry.pose import RobotState

ROOM = 0.5  # [m] beyond the way to a stop
LONGEST = 30.0  # [m] that it is at most, whatever odometry says of the speed
REACTION = 0.3  # [s] in which the robot still drives as it does, before it brakes


def look_distance(settings: ControllerSettings, state: RobotState) -> float:
    """Return how far from the robot's centre points and unseen cells are of interest [m]."""
    speed = abs(state.vx) + abs(state.vy)
    to_stop = speed * REACTION + 0.5 * speed**2 / settings.ax_max
    return min(outer_radius(settings) + ROOM + to_stop, LONGEST)
