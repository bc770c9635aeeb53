"""Dead reckoning: where the wheels say that the robot is."""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.simulation.robot import roll
from mme_ilqr_ros.simulation.settings import OdometryDrift


class Odometry:
    """Adds up measured motion, with the errors of its settings."""

    def __init__(self, drift: OdometryDrift, rng: np.random.Generator) -> None:
        """Begin at the origin; `rng` is drawn from only where slip comes and goes."""
        self._drift = drift
        self._rng = rng
        self.reset(Pose(0.0, 0.0, 0.0))

    def reset(self, pose: Pose) -> None:
        """Know the pose, with nothing of what was before."""
        self._pose = pose

    def add(self, vx: float, wz: float, dt: float) -> None:
        """Take a short motion on an arc, at true speeds in m/s and rad/s."""
        if self._drift.is_none:
            return
        measured_vx, measured_wz = self._speeds(vx, wz)
        if self._drift.yaw_walk > 0.0 and vx != 0.0:
            spread = self._drift.yaw_walk * math.sqrt(abs(vx) * dt)
            measured_wz += float(self._rng.normal(scale=spread)) / dt
        self._pose = roll(self._pose, measured_vx, measured_wz, dt)

    def measure(self, true: RobotState) -> RobotState:
        """Return what odometry says while the robot is in the true state."""
        if self._drift.is_none:
            return true
        return RobotState(
            self._pose.x, self._pose.y, self._pose.yaw, *self._speeds(true.vx, true.wz)
        )

    def _speeds(self, vx: float, wz: float) -> tuple[float, float]:
        drift = self._drift
        return vx * (1.0 + drift.distance), wz * (1.0 + drift.turn) + drift.yaw_per_metre * vx
