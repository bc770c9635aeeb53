"""The parameters of the run monitor."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.parameters.shared import scenario_setting, stamped_setting, world_id_setting
from mme_ilqr_ros.settings import SettingError, setting
from mme_ilqr_ros.simulation.scenario import Scenario, load_scenario


@dataclass(frozen=True)
class RunMonitorSettings:
    """The parameters of the run monitor."""

    scenario: str = scenario_setting()
    world_id: str = world_id_setting()
    goal: str = setting(
        "", "Goal `x y` or `x y yaw` in m and rad; empty: the scenario's.", dynamic=False
    )
    use_plan: bool = setting(True, "Whether there is a planner to wait for.", dynamic=False)
    enable_stamped_cmd_vel: bool = stamped_setting()
    map_frame_id: str = setting("map", "Frame of the goal.", dynamic=False)
    out_dir: str = setting(
        "", "Folder for result.json, run.png and run.gif; empty writes nothing.", dynamic=False
    )
    setup: str = setting("", "Controller and planner, for the title of the picture.", dynamic=False)
    seed: int = setting(0, "Seed of the run, for the result.", low=0, high=2**31 - 1, dynamic=False)
    stuck_time: float = setting(
        20.0,
        "The run is stuck when the robot has not moved 0.1 m for this long.",
        unit="s",
        low=1.0,
        high=3600.0,
        dynamic=False,
    )
    startup_patience: float = setting(
        180.0,
        "Time limit for the other nodes to be ready; the first start on a machine compiles.",
        unit="s",
        low=1.0,
        high=3600.0,
        dynamic=False,
    )
    progress_period: float = setting(
        5.0, "Time between progress lines.", unit="s", low=0.1, high=3600.0, dynamic=False
    )

    def load_scenario(self) -> Scenario:
        """Return the scenario, with `goal` in place of its own goal where one is given.

        Raises:
            ScenarioError: There is no such scenario, or it is malformed.
            SettingError: The goal is malformed or outside the map.
        """
        scenario = load_scenario(self.scenario, self.world_id or None)
        return with_goal(scenario, self.goal) if self.goal else scenario


def with_goal(scenario: Scenario, text: str) -> Scenario:
    """Return the scenario with the goal `x y` or `x y yaw`; without yaw: the direction from start.

    Raises:
        SettingError: The text is malformed, or the goal outside the map.
    """
    try:
        x, y, *rest = (float(word) for word in text.replace(",", " ").split())
    except ValueError:
        x, y, rest = math.nan, math.nan, []
    if len(rest) > 1 or not all(map(math.isfinite, (x, y, *rest))):
        raise SettingError(f"goal = '{text}': must be 'x y' or 'x y yaw' in m and rad")
    grid, start = scenario.grid, scenario.start
    if not grid.contains(grid.cell_at((x, y))):
        raise SettingError(f"goal = '{text}': lies outside the map of {scenario.name}")
    yaw = rest[0] if rest else math.atan2(y - start.y, x - start.x)
    return replace(scenario, goal=Pose(x, y, yaw))
