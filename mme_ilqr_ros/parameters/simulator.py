"""The parameters of the simulator node."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.parameters.shared import scenario_setting, stamped_setting, world_id_setting
from mme_ilqr_ros.settings import setting
from mme_ilqr_ros.simulation.settings import SimulatorSettings


@dataclass(frozen=True)
class SimulatorNodeSettings(SimulatorSettings):
    """The simulator's parameters and those of its node."""

    scenario: str = scenario_setting()
    world_id: str = world_id_setting()
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
    scan_publish_dur: float = setting(
        0.1, "Simulated time between laser scans.", unit="s", low=0.01, high=10.0
    )
    publish_obstacles: bool = setting(True, "Whether the true circles are published.")
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
