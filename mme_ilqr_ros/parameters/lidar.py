"""The parameters of a controller that drives by what its scanners see."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.settings import SettingError, Settings, group, setting


@dataclass(frozen=True)
class LidarSettings(Settings):
    """Where scans come from, how old they may be, and what is made of them."""

    scan_topics: tuple[str, ...] = setting(
        (),
        "Topics of LaserScan to drive by, such as [scan, scan_rear]; none: by `map` and `obstacles`"
        " alone. See docs/lidar.md.",
        dynamic=False,
    )
    cloud_topics: tuple[str, ...] = setting(
        (),
        "Topics of PointCloud2 of 3D scanners or depth cameras to drive by, cut to the heights from"
        " min_obstacle_height to max_obstacle_height.",
        dynamic=False,
    )
    scanner_poses: tuple[str, ...] = setting(
        (),
        'Pose "x y yaw" in m and rad on the robot of the scanner of each of scan_topics, in their'
        " order; none: from tf.",
        dynamic=False,
    )
    scan_timeout: float = setting(
        0.5,
        "Age of a scanner's newest ray, by its stamp, from which the robot brakes.",
        unit="s",
        low=0.05,
        high=10.0,
    )
    min_obstacle_height: float = setting(
        0.05, "Points of a cloud below it are floor.", unit="m", low=-10.0, high=10.0
    )
    max_obstacle_height: float = setting(
        2.0, "Points of a cloud above it pass over the robot.", unit="m", low=-10.0, high=10.0
    )
    evidence_frequency: float = setting(
        2.0,
        "Messages on `evidence` per second: what was seen, for a planner.",
        unit="Hz",
        low=0.1,
        high=20.0,
        dynamic=False,
    )
    match_frame: str = setting(
        "map",
        "With perception.match: name of the frame in which the matcher keeps what was seen.",
        dynamic=False,
    )
    publish_match_tf: bool = setting(
        False,
        "With perception.match: whether to publish the transform from match_frame to the frame of"
        " the odometry. Never beside another localisation.",
        dynamic=False,
    )
    perception: PerceptionSettings = group(PerceptionSettings)

    def __post_init__(self) -> None:
        """Check each setting, and that the poses of the scanners can be read."""
        super().__post_init__()
        self.mounts  # noqa: B018  raises

    @property
    def drives_by_scan(self) -> bool:
        """Whether any scanner is listened to."""
        return bool(self.scan_topics or self.cloud_topics)

    @property
    def mounts(self) -> tuple[Pose, ...]:
        """The poses of the scanners that parameters tell; none where they come from tf.

        Raises:
            SettingError: A text is no pose, or there is not one for each topic.
        """
        if self.scanner_poses and len(self.scanner_poses) != len(self.scan_topics):
            raise SettingError(
                f"scanner_poses: {len(self.scanner_poses)} poses for {len(self.scan_topics)}"
                " scan_topics: must be one each"
            )
        return tuple(_pose(text) for text in self.scanner_poses)


def _pose(text: str) -> Pose:
    try:
        x, y, yaw = map(float, text.replace(",", " ").split())
    except ValueError:
        x = y = yaw = math.nan
    if not math.isfinite(x + y + yaw):
        raise SettingError(f'scanner_poses: "{text}": must be "x y yaw" in m and rad')
    return Pose(x, y, yaw)
