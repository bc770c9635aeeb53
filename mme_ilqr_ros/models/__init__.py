"""Robot models: one symbolic step, names and limits."""

from mme_ilqr_ros.models.ackermann import ackermann
from mme_ilqr_ros.models.differential_drive import differential_drive
from mme_ilqr_ros.models.omnidirectional import omnidirectional
from mme_ilqr_ros.models.robot_model import ControlLimits, RobotModel

__all__ = [
    "ControlLimits",
    "RobotModel",
    "ackermann",
    "differential_drive",
    "omnidirectional",
]
