"""The parameters of the planner node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.shared import (
    ManagedSettings,
    navigation_setting,
    tolerance_setting,
)
from mme_ilqr_ros.planning.settings import PlannerSettings, ReplanSettings
from mme_ilqr_ros.planning.weights import SHIPPED, SHORTEST, find_weights
from mme_ilqr_ros.settings import setting

WEIGHTS_HELP = f"the planner's learned cost: {', '.join(SHIPPED)}, or a .safetensors file"


@dataclass(frozen=True)
class PlannerNodeSettings(ManagedSettings, ReplanSettings, PlannerSettings):
    """The planner's parameters, those of replanning and those of the node."""

    use_filter_mask: bool = setting(
        False,
        "Whether the OccupancyGrid on `filter_mask`, such as the mask of nav2's speed filter,"
        " raises the cost of cells; see filter_mask_weight.",
        dynamic=False,
    )
    lanes_file: str = setting(
        "",
        "YAML file of one-way lanes and of corridors with two sides: what a direction costs where"
        " (docs/own_drives.md). Empty: none.",
        dynamic=False,
    )
    use_evidence: bool = setting(
        False,
        "Whether to plan on `evidence`, what a controller with scan_topics has seen: it wins over"
        " the map, and no map is waited for.",
        dynamic=False,
    )
    global_frame: str = setting("map", "Frame of the plan where the map names none.", dynamic=False)
    transform_tolerance: float = tolerance_setting()
    map_patience: float = setting(
        5.0,
        "Time without a map after which the node warns.",
        unit="s",
        low=0.1,
        high=3600.0,
        dynamic=False,
    )
    serve_navigation: bool = navigation_setting()
    via_radius: float = setting(
        0.7,
        "Distance at which a pose on the way (goal_poses, navigate_through_poses) counts as"
        " passed; not less than twice the controller's xy_goal_tolerance and 2.5 radii.",
        unit="m",
        low=0.05,
        high=20.0,
    )
    plan_patience: float = setting(
        10.0,
        "Time without any plan to a goal after which the goal is aborted.",
        unit="s",
        low=0.1,
        high=3600.0,
    )


def weights_file(text: str) -> Path:
    """Return the weight file that `--weights` means: a shipped one by its name, or a file.

    Args:
        text: As given; empty for the shortest paths.

    Raises:
        InputError: There is no such file.
    """
    file = find_weights(text or SHORTEST)
    if not file.is_file():
        raise InputError(f"--weights {text}: is no file and none of {', '.join(SHIPPED)}")
    return file.resolve()


def chosen_weights(text: str, planner: str) -> str:
    """Return the path of the file that `--weights` means; empty where nothing was given.

    Args:
        text: As given.
        planner: The planner that was chosen; empty for the parameter file's.

    Raises:
        InputError: There is no such file, or the planner has no weights.
    """
    if text and planner not in ("", PlannerNodeSettings.kind):
        raise InputError(f"--weights: --planner {planner} has none; use {PlannerNodeSettings.kind}")
    return str(weights_file(text)) if text else ""
