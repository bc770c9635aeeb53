"""The parameters of the safety node."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from mme_ilqr_ros.control.command_limits import TwistLimits
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.shared import ManagedSettings
from mme_ilqr_ros.settings import setting

OF_CONTROLLER = (
    *("vx_max", "vx_min", "vy_max", "wz_max", "ax_max", "ay_max", "az_max"),
    *("motion_model", "robot", "wheelbase", "steering_max", "steering_rate_max"),
    *("scan_topics", "cloud_topics", "enable_stamped_cmd_vel", "robot_base_frame"),
)
"""Parameters that mean the same for both nodes: what a file says of the controller's holds here."""


def _controller_s(name: str) -> Any:
    """Declare a parameter as the controller has it."""
    (row,) = (row for row in dataclasses.fields(ControllerNodeSettings) if row.name == name)
    return dataclasses.field(default=row.default, metadata=row.metadata)


@dataclass(frozen=True)
class SafetySettings(ManagedSettings):
    """What a command must keep, and what must be fresh for it to pass."""

    command_timeout: float = setting(
        0.25,
        "Age of the newest command from which the robot is stopped. Of a topic that usually comes"
        " more seldom, here and below, 2.25 of its periods.",
        unit="s",
        low=0.05,
        high=5.0,
    )
    odom_timeout: float = setting(
        0.25,
        "Age of odometry, by its stamp, from which the robot is stopped.",
        unit="s",
        low=0.05,
        high=5.0,
    )
    scan_timeout: float = setting(
        0.25,
        "Age of a scanner's newest ray, by its stamp, from which the robot is stopped.",
        unit="s",
        low=0.05,
        high=5.0,
    )
    require_odom: bool = setting(
        True, "Whether odometry must be fresh for a command to pass.", dynamic=False
    )
    vx_max: float = _controller_s("vx_max")
    vx_min: float = _controller_s("vx_min")
    vy_max: float = _controller_s("vy_max")
    wz_max: float = _controller_s("wz_max")
    ax_max: float = _controller_s("ax_max")
    ay_max: float = _controller_s("ay_max")
    az_max: float = _controller_s("az_max")
    motion_model: str = _controller_s("motion_model")
    robot: str = _controller_s("robot")
    wheelbase: float = _controller_s("wheelbase")
    steering_max: float = _controller_s("steering_max")
    steering_rate_max: float = _controller_s("steering_rate_max")
    scan_topics: tuple[str, ...] = _controller_s("scan_topics")
    cloud_topics: tuple[str, ...] = _controller_s("cloud_topics")
    enable_stamped_cmd_vel: bool = _controller_s("enable_stamped_cmd_vel")
    robot_base_frame: str = _controller_s("robot_base_frame")

    @property
    def limits(self) -> TwistLimits:
        """The limits of (vx, vy, wz).

        A robot class of one's own is not loaded here: it is taken to turn up to wz_max and to slide
        up to vy_max, whatever its class derives from.
        """
        sideways = self.vy_max if self.motion_model == "omni" or self.robot else 0.0
        wz, az, curvature = self.wz_max, self.az_max, math.inf
        if self.motion_model == "ackermann" and not self.robot:
            curvature = math.tan(self.steering_max) / self.wheelbase
            fastest = max(self.vx_max, -self.vx_min)
            wz = curvature * fastest
            # of v tan(steering) / wheelbase, with both at their fastest
            steepest = (1.0 + math.tan(self.steering_max) ** 2) / self.wheelbase
            az = curvature * self.ax_max + fastest * steepest * self.steering_rate_max
        return TwistLimits(
            lower=(self.vx_min, -sideways, -wz),
            upper=(self.vx_max, sideways, wz),
            rate=(self.ax_max, self.ay_max, az),
            curvature=curvature,
        )
