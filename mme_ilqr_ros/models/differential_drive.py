"""Differential drive: x = (px, py, yaw, v, w), u = (v, w) at the end of the stage.

The velocities change linearly over a stage, from those of the state to those of the control. So
a plan is a piecewise linear velocity profile: its slopes are the accelerations, it can be shifted
in time without error, and limits on velocity and acceleration are limits on u alone.
"""

from __future__ import annotations

import casadi as ca

from mme_ilqr_ros.models.robot_model import RobotModel


def _step(x: ca.SX, u: ca.SX, dt: ca.SX) -> ca.SX:
    v, w = (x[3] + u[0]) / 2, (x[4] + u[1]) / 2
    heading = x[2] + w * dt / 2
    return ca.vertcat(
        x[0] + v * dt * ca.cos(heading), x[1] + v * dt * ca.sin(heading), x[2] + w * dt, u[0], u[1]
    )


def differential_drive() -> RobotModel:
    """Return the model of a robot that drives forward and turns (frame: the controller's)."""
    return RobotModel(
        name="differential_drive",
        state_names=("px", "py", "yaw", "v", "w"),
        control_names=("vx", "wz"),
        step=_step,
        held_state=(3, 4),
    )
