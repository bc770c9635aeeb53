"""The parameters of the viewer."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.settings import Settings, setting


@dataclass(frozen=True)
class ViewerSettings(Settings):
    """What the page of running nodes shows, and where it is."""

    port: int = setting(
        0, "Port of the page, on this machine only; 0: any.", low=0, high=65535, dynamic=False
    )
    frequency: float = setting(
        15.0, "Pictures per second.", unit="Hz", low=1.0, high=50.0, dynamic=False
    )
    robot_radius: float = setting(
        0.2, "Radius of the circle that is drawn as the robot.", unit="m", low=0.01, high=5.0
    )
    footprint: str = setting(
        "", "Outline that is drawn instead, as in the controller, e.g. [[0.3, 0.2], ...]."
    )
    scan_topics: tuple[str, ...] = setting(
        ("scan",), "Topics of the laser scans that are drawn.", dynamic=False
    )
    planner_name: str = setting("planner", "Name of the planner's node.", dynamic=False)
    controller_name: str = setting("controller", "Name of the controller's node.", dynamic=False)
    open_browser: bool = setting(False, "Whether to open the page in a browser.", dynamic=False)
    transform_tolerance: float = setting(
        5.0, "Age from which a transform is too old to draw by.", unit="s", low=0.0, high=60.0
    )
