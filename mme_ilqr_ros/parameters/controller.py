"""The parameters of the controller node."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.parameters.shared import stamped_setting, tolerance_setting
from mme_ilqr_ros.settings import setting

GUIDANCE = ("path", "cost_to_go")


@dataclass(frozen=True)
class ControllerNodeSettings(ControllerSettings):
    """The controller's parameters and those of its node."""

    use_plan: bool = setting(
        True, "Follow `plan`; false heads for `goal_pose` itself, without a planner.", dynamic=False
    )
    guidance: str = setting(
        "path",
        "What of the planner draws the robot: path, a point ahead on `plan`; cost_to_go, the slope"
        " of `cost_to_go`, whichever way that leads. Without a fitting field the plan is followed.",
        choices=GUIDANCE,
        dynamic=False,
    )
    use_map: bool = setting(
        True, "Keep clear of what `map` shows, and wait for it; false sees `obstacles` only."
    )
    unknown_is_free: bool = setting(
        True, "Whether unknown cells of the map are no obstacles; for the next map that comes."
    )
    field_max_distance: float = setting(
        2.0,
        "Walls further away are not seen; for the next map that comes.",
        unit="m",
        low=0.1,
        high=50.0,
    )
    odom_timeout: float = setting(
        0.5, "Age of odometry from which the robot is stopped.", unit="s", low=0.05, high=60.0
    )
    obstacles_timeout: float = setting(
        1.0,
        "Age of obstacles, once there were any, from which the robot brakes.",
        unit="s",
        low=0.05,
        high=60.0,
    )
    transform_tolerance: float = tolerance_setting()
    enable_stamped_cmd_vel: bool = stamped_setting()
    robot_base_frame: str = setting(
        "base_link", "Frame of the robot, in the header of a TwistStamped.", dynamic=False
    )

    @property
    def is_guided(self) -> bool:
        """Whether a planner's cost to go draws the robot."""
        return self.use_plan and self.guidance == "cost_to_go"
