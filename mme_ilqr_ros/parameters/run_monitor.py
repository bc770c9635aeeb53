"""The parameters of the run monitor."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.parameters.shared import scenario_setting, stamped_setting, world_id_setting
from mme_ilqr_ros.settings import setting


@dataclass(frozen=True)
class RunMonitorSettings:
    """The parameters of the run monitor."""

    scenario: str = scenario_setting()
    world_id: str = world_id_setting()
    use_plan: bool = setting(True, "Whether to wait for a planner too.", dynamic=False)
    enable_stamped_cmd_vel: bool = stamped_setting()
    map_frame_id: str = setting("map", "Frame of the goal.", dynamic=False)
    out_dir: str = setting(
        "", "Folder for result.json, run.png and run.gif; empty writes nothing.", dynamic=False
    )
    setup: str = setting("", "Who drives, for the picture's title.", dynamic=False)
    seed: int = setting(0, "Seed of the run, for the result.", low=0, high=2**31 - 1, dynamic=False)
    stuck_time: float = setting(
        20.0,
        "Time without coming to a new place after which the robot is stuck.",
        unit="s",
        low=1.0,
        high=3600.0,
        dynamic=False,
    )
    startup_patience: float = setting(
        180.0,
        "Time the other nodes have to get ready; the first start on a machine compiles.",
        unit="s",
        low=1.0,
        high=3600.0,
        dynamic=False,
    )
    progress_period: float = setting(
        5.0, "Time between progress lines.", unit="s", low=0.1, high=3600.0, dynamic=False
    )
