"""Omnidirectional: x = (px, py, yaw, vx, vy, wz), u = (vx, vy, wz) at the end of the stage.

The velocities are those of the robot's own frame (x forward, y to the left, REP 103) and change
linearly over a stage, as in `differential_drive.py` and for the same reasons.
"""

from __future__ import annotations

import casadi as ca

from mme_ilqr_ros.models.robot_model import RobotModel


def _step(x: ca.SX, u: ca.SX, dt: ca.SX) -> ca.SX:
    vx, vy, w = (x[3] + u[0]) / 2, (x[4] + u[1]) / 2, (x[5] + u[2]) / 2
    heading = x[2] + w * dt / 2
    cos, sin = ca.cos(heading), ca.sin(heading)
    return ca.vertcat(
        x[0] + dt * (cos * vx - sin * vy), x[1] + dt * (sin * vx + cos * vy), x[2] + w * dt, u
    )


def omnidirectional() -> RobotModel:
    """Return the model of a robot that drives in every direction while it turns."""
    return RobotModel(
        name="omnidirectional",
        state_names=("px", "py", "yaw", "vx", "vy", "wz"),
        control_names=("vx", "vy", "wz"),
        step=_step,
        held_state=(3, 4, 5),
    )
