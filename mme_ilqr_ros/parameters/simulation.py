"""The parameters of the simulator and of the run monitor, which load the same scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.parameters.shared import stamped_setting
from mme_ilqr_ros.settings import SettingError, Settings, setting
from mme_ilqr_ros.simulation.scenario import Scenario, load_scenario
from mme_ilqr_ros.simulation.settings import SimulatorSettings


@dataclass(frozen=True)
class ScenarioSettings(Settings):
    """Which scenario; simulator and run monitor must be given the same."""

    scenario: str = setting(
        "trap", "Name of a shipped scenario, or path of a scenario file.", dynamic=False
    )
    world_id: str = setting(
        "", "Which world, where the scenario file holds several.", dynamic=False
    )
    robot: str = setting(
        "",
        "Shipped robot, or parameter file of one, in place of the scenario's.",
        dynamic=False,
    )

    def load_scenario(self) -> Scenario:
        """Return the scenario, with `robot` where one is given.

        Raises:
            ScenarioError: There is no such scenario or robot, or it is malformed.
        """
        return load_scenario(self.scenario, self.world_id or None, self.robot)


@dataclass(frozen=True)
class SimulatorNodeSettings(ScenarioSettings, SimulatorSettings):
    """The simulator's parameters and those of its node."""

    update_duration: float = setting(
        0.01, "Time between steps.", unit="s", low=0.001, high=0.1, dynamic=False
    )
    speed_factor: float = setting(
        1.0,
        "Simulated seconds per real second; if not 1, set publish_clock too.",
        low=0.01,
        high=20.0,
    )
    odom_publish_dur: float = setting(
        0.02, "Simulated time between odometry messages.", unit="s", low=0.001, high=1.0
    )
    obstacles_publish_dur: float = setting(
        0.05, "Simulated time between obstacles messages.", unit="s", low=0.01, high=1.0
    )
    publish_obstacles: bool = setting(
        True, "Whether the true circles are published on `obstacles`.", dynamic=False
    )
    publish_map: bool = setting(True, "Whether the map is published.", dynamic=False)
    publish_scan: bool = setting(True, "Whether laser scans are published, if subscribed.")
    publish_clock: bool = setting(
        False,
        "Publish simulated time on /clock and use it in stamps; the other nodes then need"
        " use_sim_time.",
        dynamic=False,
    )
    publish_map_odom_tf: bool = setting(
        True,
        "Whether to publish the transform from map to odom, where tf2 is installed.",
        dynamic=False,
    )
    enable_stamped_cmd_vel: bool = stamped_setting()
    map_frame_id: str = setting("map", "Frame of the map.", dynamic=False)
    odom_frame_id: str = setting("odom", "Frame of odometry and obstacles.", dynamic=False)
    base_frame_id: str = setting("base_link", "Frame of the robot.", dynamic=False)
    scan_frame_id: str = setting("base_scan", "Frame of the laser.", dynamic=False)


@dataclass(frozen=True)
class RunMonitorSettings(ScenarioSettings):
    """The parameters of the run monitor."""

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
        "Time limit for the other nodes to be ready; they may have to compile.",
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
            SettingError: The goal is malformed, outside the map or in an obstacle.
        """
        scenario = super().load_scenario()
        return with_goal(scenario, self.goal) if self.goal else scenario


def with_goal(scenario: Scenario, text: str) -> Scenario:
    """Return the scenario with the goal `x y` or `x y yaw`; without yaw: the direction from start.

    Raises:
        SettingError: The text is malformed, or the goal outside the map or in an obstacle.
    """
    try:
        x, y, *rest = (float(word) for word in text.replace(",", " ").split())
    except ValueError:
        x, y, rest = math.nan, math.nan, []
    if len(rest) > 1 or not all(map(math.isfinite, (x, y, *rest))):
        raise SettingError(f"goal = '{text}': must be 'x y' or 'x y yaw' in m and rad")
    start = scenario.start
    yaw = rest[0] if rest else math.atan2(y - start.y, x - start.x)
    changed = replace(scenario, goal=Pose(x, y, yaw))
    if fault := changed.goal_fault():
        raise SettingError(f"goal = '{text}': {fault}")
    return changed
