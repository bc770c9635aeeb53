"""The parameters of the controller node."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.control.recovery_settings import RecoverySettings
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.parameters.lidar import LidarSettings
from mme_ilqr_ros.parameters.shared import (
    ManagedSettings,
    navigation_setting,
    stamped_setting,
    tolerance_setting,
)
from mme_ilqr_ros.settings import group, setting

GUIDANCE = ("path", "cost_to_go")


@dataclass(frozen=True)
class ControllerNodeSettings(ManagedSettings, LidarSettings, ControllerSettings):
    """The controller's parameters and those of its node."""

    use_plan: bool = setting(
        True,
        "Follow `plan`; false drives to `goal_pose` directly, without a planner.",
        dynamic=False,
    )
    guidance: str = setting(
        "path",
        "What the controller tracks: path, a lookahead point on `plan`; cost_to_go, the gradient of"
        " the planner's cost-to-go field. Without a matching field it follows the plan.",
        choices=GUIDANCE,
        dynamic=False,
    )
    use_map: bool = setting(
        True, "Avoid what `map` shows, and wait for a map; false avoids `obstacles` only."
    )
    unknown_is_free: bool = setting(
        True, "Treat unknown cells of the map as free; applies to the next map received."
    )
    field_max_distance: float = setting(
        2.0,
        "Walls further away than this cost nothing; applies to the next map received.",
        unit="m",
        low=0.1,
        high=50.0,
    )
    odom_timeout: float = setting(
        0.5, "Age of odometry from which the robot is stopped.", unit="s", low=0.05, high=60.0
    )
    obstacles_timeout: float = setting(
        1.0,
        "Age of the last obstacles message from which the robot brakes.",
        unit="s",
        low=0.05,
        high=60.0,
    )
    plan_timeout: float = setting(
        30.0,
        "Time without a usable plan to an accepted goal after which the goal is aborted; meanwhile"
        " the planner is asked for one again.",
        unit="s",
        low=1.0,
        high=3600.0,
    )
    resume_goal: bool = setting(
        False,
        "Whether a controller that was started anew goes on to the goal that was pursued before;"
        " otherwise it aborts it.",
        dynamic=False,
    )
    serve_behaviors: bool = setting(
        True,
        "Whether the controller serves nav2's actions spin, backup, drive_on_heading and wait where"
        " nav2_msgs is installed; false beside nav2's behavior server.",
        dynamic=False,
    )
    recovery: RecoverySettings = group(RecoverySettings)
    transform_tolerance: float = tolerance_setting()
    serve_navigation: bool = navigation_setting()
    failure_tolerance: float = setting(
        5.0,
        "For how long follow_path goes on while no command can be given (an input is missing,"
        " every plan is blocked) before it is aborted; -1: for ever. nav2's name.",
        unit="s",
        low=-1.0,
        high=600.0,
    )
    speed_limit_topic: str = setting(
        "speed_limit",
        "Topic of nav2_msgs/SpeedLimit, where that is installed; `~/speed_limit` in m/s is always"
        " there.",
        dynamic=False,
    )
    enable_stamped_cmd_vel: bool = stamped_setting()
    robot_base_frame: str = setting(
        "base_link", "Frame of the robot, in the header of a TwistStamped.", dynamic=False
    )

    @property
    def is_guided(self) -> bool:
        """Whether the controller tracks the planner's cost-to-go field."""
        return self.serve_navigation and self.use_plan and self.guidance == "cost_to_go"
