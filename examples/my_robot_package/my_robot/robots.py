"""A differential drive that pulls a trailer."""

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np

from mme_ilqr_ros.control.robots import DifferentialDrive
from mme_ilqr_ros.models import RobotModel
from mme_ilqr_ros.settings import setting


@dataclass
class Trailer(DifferentialDrive):
    """Nothing measures the hitch: the trailer's heading follows from the odometry."""

    length: float = setting(
        0.5, "From the hitch to the trailer's axle.", unit="m", low=0.1, high=5.0, dynamic=False
    )

    def __post_init__(self):
        states = (*DifferentialDrive.model.state_names, "trailer")
        self.model = RobotModel("trailer", states, ("vx", "wz"), self.step, held_state=(3, 4))
        self._last = None  # position of the hitch, heading of the trailer

    def step(self, x, u, dt):
        """Drive as without a trailer, and turn the trailer towards the hitch."""
        turning = (x[3] + u[0]) / 2 * ca.sin(x[2] - x[5]) / self.length
        return ca.vertcat(DifferentialDrive.model.step(x, u, dt), x[5] + dt * turning)

    def initial_state(self, state, controls):
        """Return pose, velocities, and the heading of the trailer after it was pulled here."""
        x, y, heading = self._last or (state.x, state.y, state.yaw)
        axle = x - self.length * math.cos(heading), y - self.length * math.sin(heading)
        heading = math.atan2(state.y - axle[1], state.x - axle[0])
        heading = state.yaw + math.remainder(heading - state.yaw, 2.0 * math.pi)
        self._last = state.x, state.y, heading
        return np.array([state.x, state.y, state.yaw, *controls, heading])
