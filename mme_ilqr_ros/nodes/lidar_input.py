"""What scanners see, in the controller's process: a field of walls need not cross a middleware."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from geometry_msgs.msg import Transform
from rclpy.node import Node
from sensor_msgs.msg import LaserScan, PointCloud2

from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.passable import outer_radius
from mme_ilqr_ros.geometry.pose import Pose, RobotState, difference
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.nodes.conversions import MessageError
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.node import SENSOR
from mme_ilqr_ros.nodes.scan_message import Mount, cloud_value, scan_value
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.perception.map_walls import MapWalls, nearer
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.scan import PointScan, Scan
from mme_ilqr_ros.perception.seen import Seen

M = TypeVar("M")
T = TypeVar("T")
JUMP, YAW_JUMP = 0.3, 0.3  # [m], [rad] by which odometry may be beyond twice what the robot can
SPARE = 1.0  # [m] seen beyond what the robot needs to stop


class LidarInput:
    """Hands scans and odometry to perception, and says what is wrong with them.

    Attributes:
        perception: What was seen.
        settings: How old scans may be.
    """

    def __init__(
        self,
        node: Node,
        frames: Frames,
        warnings: ThrottledWarnings,
        settings: ControllerNodeSettings,
    ) -> None:
        """Listen to the scanners."""
        self.settings = settings
        self.perception = Perception(settings.perception)
        self.perception.warm_up()
        self._frames, self._warnings = frames, warnings
        self._lock = threading.Lock()  # scans come on one thread, the map is made on another
        self._history = PoseHistory()
        self._odom_frame = ""
        self._last: tuple[float, RobotState] | None = None
        self._walls_laid = False
        self._map_walls: DistanceField | None = None
        topics = settings.scan_topics + settings.cloud_topics
        self._newest = dict.fromkeys(topics, -math.inf)  # [s] when the last ray was measured
        for topic, mount in itertools.zip_longest(settings.scan_topics, settings.mounts):
            take: Any = partial(self._take_scan, topic, mount)
            node.create_subscription(LaserScan, topic, take, SENSOR)
        for topic in settings.cloud_topics:
            take = partial(self._take_cloud, topic)
            node.create_subscription(PointCloud2, topic, take, SENSOR)

    @property
    def frame(self) -> str:
        """Frame of what was seen: that of the odometry, or the one that the matcher keeps."""
        return self.settings.match_frame if self.settings.perception.match else self._odom_frame

    def localised(self, state: RobotState) -> RobotState:
        """Return where the robot is in `frame`."""
        return self.perception.localised(state)

    def pose_in(self, target: str, source: str) -> Pose | None:
        """Return the pose of a frame in another, where the matcher knows it; else None."""
        if self.settings.perception.match and target == self.frame and source == self._odom_frame:
            return self.perception.correction
        return None

    def seen(self, now: float, state: RobotState, missing: list[str]) -> Seen | None:
        """Return what is seen at ROS time `now` [s] round the robot, None before the first scan.

        What keeps the robot from driving is added to `missing`.
        """
        fault = self._age_fault(now)
        if fault:
            missing.append(fault)
        if all(stamp == -math.inf for stamp in self._newest.values()):
            return None
        seen = self.perception.seen(now, state, self._reach())
        if not self.settings.use_map:
            return seen
        if not self._walls_laid:
            missing.append("no map yet")
        walls = self._map_walls
        return seen if walls is None else replace(seen, walls=nearer(seen.walls, walls))

    def _age_fault(self, now: float) -> str:
        """Return which scanner has been silent for too long, or an empty text."""
        for topic, stamp in self._newest.items():
            if stamp == -math.inf:
                return f"no scan on '{topic}' yet"
            if not now - stamp <= self.settings.scan_timeout:
                return f"the newest usable scan on '{topic}' is {now - stamp:.1f} s old"
        return ""

    def _reach(self) -> float:
        """Return how far [m] from the robot the last gate looks."""
        settings = self.settings
        fastest = max(settings.vx_max, -settings.vx_min)
        to_stop = fastest / settings.controller_frequency + 0.5 * fastest**2 / settings.ax_max
        return 2.0 * outer_radius(settings) + to_stop + SPARE

    def grid(self) -> GridMap | None:
        """Return the map of what was seen; None before the first scan. For any thread."""
        with self._lock:
            return None if self._last is None else self.perception.grid()

    def lay_map(self, walls: MapWalls, pose: Pose, seen: GridMap) -> None:
        """Let the walls of a map stand where nothing was seen. For any thread.

        Args:
            walls: Of the map.
            pose: Of the map's frame in `frame`.
            seen: What was seen.
        """
        if self._last is None:
            return
        settings = self.settings.perception
        centre = self.localised(self._last[1]).position
        reach = settings.window + SPARE
        self._map_walls = walls.unseen(pose, seen, centre, reach, settings.field_reach)
        self._walls_laid = True

    def values(self, now: float) -> dict[str, object]:
        """Return figures for the diagnostics."""
        ages = {f"age of {name} [s]": now - t for name, t in self._newest.items()}
        return {**ages, "tracks": len(self.perception.tracks)}

    def take_odometry(self, stamp: float, state: RobotState, frame: str) -> None:
        """Keep where the robot was when; what was seen before it jumped is forgotten."""
        self._odom_frame = frame
        if self._last is not None and (jump := self._jump(*self._last, stamp, state)):
            self._warnings.warn("jump", f"odometry jumped {jump}; what was seen is forgotten")
            self.forget()
        if self._history.add(stamp, state):
            self._last = stamp, state

    def _jump(self, before: float, old: RobotState, stamp: float, new: RobotState) -> str:
        """Return how far the robot went further than it can, or an empty text."""
        seconds, settings = max(stamp - before, 0.0), self.settings
        fastest = 2.0 * max(settings.vx_max, -settings.vx_min, settings.vy_max)
        moved = math.hypot(new.x - old.x, new.y - old.y)
        turned = abs(float(difference(new.yaw, old.yaw)))
        if moved > JUMP + fastest * seconds:
            return f"by {moved:.2f} m in {seconds:.2f} s"
        if turned > YAW_JUMP + 2.0 * settings.wz_max * seconds:
            return f"by {turned:.2f} rad in {seconds:.2f} s"
        return ""

    def forget(self) -> None:
        """Forget what was seen and where the robot was."""
        with self._lock:
            self.perception.reset()
        self._history.clear()
        self._last, self._map_walls, self._walls_laid = None, None, False
        self._newest = dict.fromkeys(self._newest, -math.inf)

    def _take_scan(self, topic: str, told: Pose | None, message: LaserScan) -> None:
        def convert(message: LaserScan) -> tuple[Scan, str]:
            mount = Mount(told) if told else Mount.of(self._transform(message.header.frame_id))
            return scan_value(message, mount)

        read = self._read(topic, convert, message)
        if read is not None:
            scan, note = read
            if note:
                self._warnings.warn(f"{topic} angles", f"{topic}: {note}")
            self._take(topic, scan, float(scan.times[-1]) if len(scan.ranges) else scan.stamp)

    def _take_cloud(self, topic: str, message: PointCloud2) -> None:
        low, high = self.settings.min_obstacle_height, self.settings.max_obstacle_height

        def convert(message: PointCloud2) -> PointScan:
            return cloud_value(message, self._transform(message.header.frame_id), low, high)

        scan = self._read(topic, convert, message)
        if scan is not None:
            self._take(topic, scan, scan.stamp)

    def _read(self, topic: str, convert: Callable[[M], T], message: M) -> T | None:
        """Return what a message says, or warn and return None."""
        return self._warnings.read(topic, convert, message, f"this message of {topic} is not used")

    def _transform(self, frame: str) -> Transform:
        """Return how a sensor is mounted.

        Raises:
            MessageError: It is not known.
        """
        settings = self.settings
        base, tolerance = settings.robot_base_frame, settings.transform_tolerance
        transform = self._frames.transform_in(base, frame, tolerance)
        if transform is None:
            raise MessageError(f"no transform from '{frame}' to '{base}'")
        return transform

    def _take(self, topic: str, scan: Scan | PointScan, end: float) -> None:
        with self._lock:
            fault = self.perception.take(scan, self._history)
        if fault:
            self._warnings.warn(topic, f"{topic}: {fault}")
        else:
            self._warnings.clear(topic)
            self._newest[topic] = max(self._newest[topic], end)
