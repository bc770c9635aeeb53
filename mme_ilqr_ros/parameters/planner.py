"""The parameters of the planner node."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.planning.planner import PlannerSettings
from mme_ilqr_ros.settings import setting


@dataclass(frozen=True)
class PlannerNodeSettings(PlannerSettings):
    """The planner's parameters and those of its node."""

    expected_planner_frequency: float = setting(
        1.0,
        "Plans per second while a goal is pursued; 0 plans only for a new goal or map.",
        unit="Hz",
        low=0.0,
        high=20.0,
        dynamic=False,
    )
    replan_distance: float = setting(
        0.5,
        "Nearer to the goal than this the last plan stands, and an arrived robot is left alone.",
        unit="m",
        low=0.0,
        high=100.0,
    )
    plan_switch_margin: float = setting(
        0.1,
        "Share by which a periodic plan must be shorter than what is left of the plan in force, to"
        " replace it. Raise it if the robot goes back and forth between two ways.",
        low=0.0,
        high=0.9,
    )
    plan_switch_distance: float = setting(
        1.0,
        "Distance from the plan in force at which a periodic plan replaces it in any case.",
        unit="m",
        low=0.05,
        high=100.0,
    )
    use_filter_mask: bool = setting(
        False,
        "Whether cells are dearer by what the OccupancyGrid on `filter_mask` says, such as the mask"
        " of nav2's speed filter; see filter_mask_weight.",
        dynamic=False,
    )
    global_frame: str = setting("map", "Frame of the plan where the map names none.", dynamic=False)
    transform_tolerance: float = setting(
        0.5, "Age from which a transform is too old to use.", unit="s", low=0.0, high=60.0
    )
    map_patience: float = setting(
        5.0,
        "Time without a map after which the node says so.",
        unit="s",
        low=0.1,
        high=3600.0,
        dynamic=False,
    )
