"""Differential drive by accelerations: x = (px, py, yaw, v, w), u = (a, alpha), held in a stage.

The same motions as `differential_drive.py`, in other variables: there, u_t is the velocity that
this u_t leads to, v_t + a_t dt. That form is what the controller drives by. Its box and rate limits
bound velocity and acceleration exactly, and a plan in velocities stays feasible when it is shifted
in time or clipped. Here the box bounds the accelerations exactly, but a bound on the velocity is
one on the state, for which there is only a cost (`control.costs.RangeTerm`): a plan may exceed it
by the little that is worth its price.
"""

from __future__ import annotations

import casadi as ca

from mme_ilqr_ros.models.robot_model import RobotModel


def _step(x: ca.SX, u: ca.SX, dt: ca.SX) -> ca.SX:
    v, w = x[3] + u[0] * dt / 2, x[4] + u[1] * dt / 2
    heading = x[2] + w * dt / 2
    return ca.vertcat(
        x[0] + v * dt * ca.cos(heading),
        x[1] + v * dt * ca.sin(heading),
        x[2] + w * dt,
        x[3] + u[0] * dt,
        x[4] + u[1] * dt,
    )


def differential_drive_acceleration() -> RobotModel:
    """Return the model of a robot that drives forward and turns, controlled by accelerations."""
    return RobotModel(
        name="differential_drive_acceleration",
        state_names=("px", "py", "yaw", "v", "w"),
        control_names=("a", "alpha"),
        step=_step,
        held_state=(-1, -1),
    )
