"""The parameters of the recorder."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.parameters.shared import tolerance_setting
from mme_ilqr_ros.settings import Settings, setting

TOPICS = (
    *("odom", "tf", "tf_static", "map", "scan", "scan_rear", "obstacles", "cmd_vel"),
    *("cmd_vel_unchecked", "goal_pose", "goal_poses", "goal_status", "goal_reason"),
    *("plan", "plan_wanted", "local_plan"),
    *("evidence", "cost_to_go", "planner/cost_to_go", "controller/candidate_trajectories"),
    *("controller/tracks", "controller/solve_time", "planner/plan_time", "safety/state"),
    "diagnostics",
)
DRIVE_TOPICS = ("goal_pose", "goal_poses", "goal_status", "goal_reason")
"""What is recorded beside the robot's pose where drives are recorded."""


@dataclass(frozen=True)
class RecorderSettings(Settings):
    """What is recorded, where, and how much of it."""

    file: str = setting(
        "",
        "File to write; empty: mme_ilqr_<date>_<time>.mcap in the working directory, of drives"
        " drives/drive_<date>_<time>.mcap. A file that is there already is kept: the new one gets a"
        " number.",
        dynamic=False,
    )
    topics: tuple[str, ...] = setting(
        TOPICS, "Topics to record, of whatever type, as soon as somebody publishes.", dynamic=False
    )
    drives: bool = setting(
        False,
        "Record drives to learn from (`mme-ilqr train drives`) and no more: the robot's pose in"
        " global_frame as `robot_pose`, by whomever it is driven, goals, and what became of them.",
        dynamic=False,
    )
    drive_rate: float = setting(
        5.0,
        "Poses per second where drives are recorded; of a robot that stands one in two seconds.",
        unit="Hz",
        low=0.5,
        high=50.0,
        dynamic=False,
    )
    global_frame: str = setting("map", "Frame of the recorded poses.", dynamic=False)
    transform_tolerance: float = tolerance_setting()
    max_size: float = setting(
        2000.0,
        "Size of the file at which recording ends; 0: none.",
        unit="MB",
        low=0.0,
        high=1e6,
        dynamic=False,
    )
    max_duration: float = setting(
        0.0,
        "Time after which recording ends; 0: none.",
        unit="s",
        low=0.0,
        high=1e6,
        dynamic=False,
    )
