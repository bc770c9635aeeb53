"""Car-like: x = (px, py, yaw, v, steer), u = (v, steer) at the end of the stage.

The kinematic bicycle: px, py lie in the middle of the rear axle, steer is the angle of a front
wheel in the middle of its axle, and the robot turns at v tan(steer) / wheelbase. Speed and steering
angle change linearly over a stage, so the limits on acceleration and steering rate are rate limits
of u.
"""

from __future__ import annotations

import casadi as ca

from mme_ilqr_ros.models.robot_model import RobotModel


def ackermann(wheelbase: float) -> RobotModel:
    """Return the model of a car.

    Args:
        wheelbase: Distance between the axles [m].

    Raises:
        ValueError: The wheelbase is not positive.
    """
    if not wheelbase > 0.0:
        raise ValueError(f"ackermann: wheelbase = {wheelbase} m: must be positive")

    def step(x: ca.SX, u: ca.SX, dt: ca.SX) -> ca.SX:
        v, steer = (x[3] + u[0]) / 2, (x[4] + u[1]) / 2
        w = v * ca.tan(steer) / wheelbase
        heading = x[2] + w * dt / 2
        return ca.vertcat(
            x[0] + v * dt * ca.cos(heading), x[1] + v * dt * ca.sin(heading), x[2] + w * dt, u
        )

    return RobotModel(
        name="ackermann",
        state_names=("px", "py", "yaw", "v", "steer"),
        control_names=("vx", "steering"),
        step=step,
        held_state=(3, 4),
        kept_when_braking=(1,),  # it stays on its arc while it stops
    )
