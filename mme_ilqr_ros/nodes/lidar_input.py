"""What scanners see, in the controller's process: a field of walls need not cross a middleware."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from geometry_msgs.msg import Transform
from sensor_msgs.msg import LaserScan, PointCloud2

from mme_ilqr_ros.control.look import look_distance
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.footprint import parse_footprint
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.nodes.compiling import compiling
from mme_ilqr_ros.nodes.conversions import MessageError
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.node import NEWEST, RunnableNode
from mme_ilqr_ros.nodes.scan_message import Mount, cloud_value, scan_value
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.perception.agreement import Agreement
from mme_ilqr_ros.perception.map_walls import MapWalls, nearer
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.scan import PointScan, Scan
from mme_ilqr_ros.perception.seen import Seen
from mme_ilqr_ros.perception.spin import Spin

OWN = 0.9  # of the radius: what is nearer than that was run into, or belongs to the robot
APART = 1e-9  # [m]
SPARE = 1.0  # [m] that the robot drives at most until the walls of the map are laid anew


class LidarInput:
    """Hands scans and odometry to perception, and says what is wrong with them.

    Attributes:
        perception: What was seen.
        settings: How old scans may be.
        odom_frame: Frame of the odometry; empty before the first.
        catch_up: Reads the odometry that has come, before a scan is looked at.
    """

    def __init__(
        self,
        node: RunnableNode[ControllerNodeSettings],
        frames: Frames,
        warnings: ThrottledWarnings,
        settings: ControllerNodeSettings,
    ) -> None:
        """Listen to the scanners."""
        self.settings = settings
        self.perception = _perception(settings)
        with compiling(node, "perception"):
            self.perception.warm_up()
        self._frames, self._warnings, self._clock = frames, warnings, node.now
        self._lock = threading.Lock()  # scans come on one thread, the map is made on another
        self._history = PoseHistory()
        self.odom_frame = ""
        self.catch_up: Callable[[], None] = lambda: None
        self._state: RobotState | None = None  # the newest one
        self._walls_laid = False
        self._map_walls: DistanceField | None = None
        topics = settings.scan_topics + settings.cloud_topics
        self._points: dict[str, ScanPoints | None] = dict.fromkeys(topics)  # newest usable ones
        self._sensor_frames: dict[str, str] = {}
        self._transforms: dict[str, Transform] = {}
        self._agreement = Agreement()
        self._spin = {topic: Spin() for topic in settings.scan_topics}
        for topic, mount in itertools.zip_longest(settings.scan_topics, settings.mounts):
            take: Any = partial(self._take_scan, topic, mount)
            node.create_subscription(LaserScan, topic, take, NEWEST)
        for topic in settings.cloud_topics:
            take = partial(self._take_cloud, topic)
            node.create_subscription(PointCloud2, topic, take, NEWEST)

    def use(self, settings: ControllerNodeSettings) -> None:
        """Take over changed settings; other ones of perception begin anew."""
        old = self.settings
        if (settings.perception, settings.footprint) != (old.perception, old.footprint):
            with self._lock:
                self.perception = _perception(settings)
            self._points = dict.fromkeys(self._points)
        self.settings = settings

    def forget(self) -> None:
        """Forget what was seen; until the next scan of each scanner the robot brakes."""
        with self._lock:
            self.perception.forget()
        self._points = dict.fromkeys(self._points)
        self._map_walls, self._walls_laid = None, False

    @property
    def frame(self) -> str:
        """Frame of what was seen: that of the odometry, or the one that the matcher keeps."""
        return self.settings.match_frame if self.settings.perception.match else self.odom_frame

    @property
    def map_pose(self) -> Pose:
        """The frame in which perception keeps its map, in `frame`: off it where odometry jumped."""
        match = self.settings.perception.match
        return Pose(0.0, 0.0, 0.0) if match else self.perception.correction.inverse()

    def localised(self, state: RobotState) -> RobotState:
        """Return where the robot is in `frame`."""
        return self.perception.localised(state)

    def pose_in(self, target: str, source: str) -> Pose | None:
        """Return the pose of a frame in another, where the matcher knows it; else None."""
        if self.settings.perception.match and target == self.frame and source == self.odom_frame:
            return self.perception.correction
        return None

    def seen(self, now: float, state: RobotState, missing: list[str]) -> Seen | None:
        """Return what is seen at ROS time `now` [s] round the robot, None before the first scan.

        What keeps the robot from driving is added to `missing`.
        """
        fault = self._age_fault(now)
        if fault:
            missing.append(fault)
        if not any(self._points.values()):
            return None
        seen = self.perception.seen(now, state, look_distance(self.settings, state))
        if not self.settings.use_map:
            return seen
        if not self._walls_laid:
            missing.append("no map yet")
        walls = self._map_walls
        return seen if walls is None else replace(seen, walls=nearer(seen.walls, walls))

    def _age_fault(self, now: float) -> str:
        """Return which scanner has been silent for too long, or an empty text."""
        for topic, points in self._points.items():
            if points is None:
                return f"no usable scan on '{topic}' yet"
            if not now - points.stamp <= self.settings.scan_timeout:
                return f"the newest usable scan on '{topic}' is {now - points.stamp:.1f} s old"
        return "" if self._knows_where() else "odometry jumped, and no scan has come since"

    def grid(self) -> GridMap | None:
        """Return the map of what was seen; None before the first scan. For any thread."""
        with self._lock:
            return self.perception.grid() if self._knows_where() else None

    def _knows_where(self) -> bool:
        """Whether there was a scan, also since odometry jumped."""
        return self.perception.stamp > -math.inf

    def lay_map(self, walls: MapWalls, pose: Pose, seen: GridMap) -> None:
        """Let the walls of a map stand where nothing was seen. For any thread.

        Args:
            walls: Of the map.
            pose: Of the map's frame in `frame`.
            seen: What was seen.
        """
        if self._state is None:
            return
        settings = self.settings.perception
        centre = self.localised(self._state).position
        reach = settings.window + SPARE
        self._map_walls = walls.unseen(pose, seen, centre, reach, settings.field_reach)
        self._walls_laid = True

    def values(self, now: float) -> dict[str, object]:
        """Return figures for the diagnostics."""
        with self._lock:
            tracks = self.perception.tracks
            megabytes = 1e-6 * self.perception.evidence.tiles.bytes
            stages = self.perception.stages.milliseconds()
        return {
            **{f"age of {name} [s]": now - p.stamp for name, p in self._points.items() if p},
            **{
                f"{stage} median, p95 [ms]": f"{median:.2f}, {p95:.2f}"
                for stage, (median, p95) in stages.items()
            },
            "tracks": len(tracks),
            "moving tracks": sum(track.moving for track in tracks),
            "evidence [MB]": megabytes,
        }

    def take_odometry(self, stamp: float, state: RobotState, frame: str) -> None:
        """Keep where the robot was when."""
        self.odom_frame = frame
        if self._history.add(stamp, state):
            self._state = state

    def _take_scan(self, topic: str, told: Pose | None, message: LaserScan) -> None:
        try:
            self._check_frame(topic, message.header.frame_id)
            mount = Mount(told) if told else Mount.of(self._transform(topic))
            scan, note = scan_value(message, mount)
        except MessageError as error:
            self._warnings.warn(topic, f"{topic}: {error}; not used")
            return
        scan, slow = self._spin[topic].corrected(scan)
        self._take(topic, scan, note or slow)

    def _take_cloud(self, topic: str, message: PointCloud2) -> None:
        low, high = self.settings.min_obstacle_height, self.settings.max_obstacle_height
        try:
            self._check_frame(topic, message.header.frame_id)
            scan = cloud_value(message, self._transform(topic), low, high)
        except MessageError as error:
            self._warnings.warn(topic, f"{topic}: {error}; not used")
            return
        self._take(topic, scan, "")

    def _check_frame(self, topic: str, frame: str) -> None:
        """Refuse a scanner's message in another frame than before: where is it mounted now?

        Raises:
            MessageError: It is in another frame.
        """
        before = self._sensor_frames.setdefault(topic, frame)
        if frame != before:
            raise MessageError(f"its frame is '{frame}', and was '{before}' before")

    def _transform(self, topic: str) -> Transform:
        """Return how a sensor is mounted: as it was when it was first heard.

        Raises:
            MessageError: It is not known.
        """
        if topic not in self._transforms:
            frame, settings = self._sensor_frames[topic], self.settings
            base, tolerance = settings.robot_base_frame, settings.transform_tolerance
            transform = self._frames.transform_in(base, frame, tolerance)
            if transform is None:
                raise MessageError(f"no transform from '{frame}' to '{base}'")
            self._transforms[topic] = transform
        return self._transforms[topic]

    def _take(self, topic: str, scan: Scan | PointScan, note: str) -> None:
        self.catch_up()
        age = self._clock() - scan.end
        if age > self.settings.scan_timeout:  # where the robot was then may be as wrong as that
            self._warnings.warn(
                topic, f"{topic}: its stamp is {age:.1f} s old; not used. Use one clock"
            )
            return
        # Perception knows scanners by their places; two may stand one above the other.
        apart = APART * list(self._points).index(topic)
        scan = replace(scan, mount=replace(scan.mount, x=scan.mount.x + apart))
        with self._lock:
            note = self.perception.take(scan, self._history).removeprefix("scan: ") or note
        self._points[topic] = self.perception.newest.get(scan.mount)
        if note.startswith("odometry"):
            self._warnings.warn("jump", note)
        elif note:
            self._warnings.warn(topic, f"{topic}: {note}")
        else:
            self._warnings.clear(topic)
        self._look_for_own_parts(topic)
        if doubt := self._agreement.look_at(self._points):
            self._warnings.warn("agreement", doubt)

    def _look_for_own_parts(self, topic: str) -> None:
        """Say where a scanner sees the robot itself, and nothing tells it so."""
        points, settings = self._points[topic], self.settings
        if points is None or settings.footprint or settings.perception.body_radius > 0.0:
            return
        offsets = points.ends[points.hit] - (points.pose.x, points.pose.y)
        # What is nearer to the scanner than `lens` is looked at as dirt.
        beyond = points.ranges[points.hit] > settings.perception.lens
        own = np.hypot(*offsets[beyond].T) < OWN * settings.robot_radius
        inside = np.count_nonzero(own)
        if inside:
            self._warnings.warn(
                f"{topic} own",
                f"{topic}: {inside} rays end inside the robot: its own parts? Give its footprint,"
                " or perception.body_radius",
            )
        else:
            self._warnings.clear(f"{topic} own")


def _perception(settings: ControllerNodeSettings) -> Perception:
    """Return a perception that knows the robot's outline, where a footprint tells it."""
    footprint = parse_footprint(settings.footprint)
    return Perception(settings.perception, None if footprint is None else footprint.corners)
