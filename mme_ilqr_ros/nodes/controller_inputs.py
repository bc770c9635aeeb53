"""The inputs of the controller: the newest message of each topic, in one frame.

What takes long to read (a map, a cost-to-go) is read on another thread and swapped in when it is
ready; until then what came before counts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray

from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry import circles as circle_math
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.geometry.stamps import Stamps
from mme_ilqr_ros.nodes.cdr import MapMessage, OdometryMessage, read_cloud, read_map
from mme_ilqr_ros.nodes.clouds import read_circles, read_cost_to_go
from mme_ilqr_ros.nodes.conversions import (
    grid_map,
    pose_value,
    seconds_of,
)
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.lidar_input import LidarInput
from mme_ilqr_ros.nodes.plan_message import PlanMessage
from mme_ilqr_ros.nodes.received import MOVES, Received
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.perception.map_walls import MapWalls

FORGOTTEN = 0.5  # s for which a robot that has forgotten obstacles stands: they may come again


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything one control cycle needs.

    Attributes:
        frame: Frame of the odometry, in which the situation is.
        situation: For the controller; without a goal where the robot must not drive.
        missing: Why the robot must not drive although it has a goal; empty when it may.
        unguided: Why there is no cost-to-go although it is wanted; empty when there is, or it is
            not.
    """

    frame: str
    situation: Situation
    missing: str
    unguided: str = ""


class ControllerInputs:
    """Mailboxes that keep the newest usable message; what cannot be used is refused in one line.

    Attributes:
        settings: How old and how complete inputs have to be.
    """

    def __init__(
        self,
        frames: Frames,
        warnings: ThrottledWarnings,
        settings: ControllerNodeSettings,
        lidar: LidarInput | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start with every mailbox empty.

        Args:
            frames: Tells where the frames of messages lie.
            warnings: For the log.
            settings: See there.
            lidar: What scanners see, where the robot drives by them.
            clock: Returns ROS time [s].
        """
        self.settings = settings
        self._lidar = lidar
        self._frames = frames
        self._warnings = warnings
        self._clock, self._obstacle_stamps = clock, Stamps()
        self._boxes: dict[str, Received] = {}
        self._background = Background()
        self._is_guided = True  # whether the plan is of a planner that sends its cost-to-go
        self._forgot = -math.inf  # when there were obstacles to forget, on the steady clock [s]
        # Fields are large: they are moved only when the value or its place changes.
        self._moves = {name: lru_cache(maxsize=1)(move) for name, move in MOVES.items()}

    def close(self) -> None:
        """Read no more heavy messages."""
        self._background.close()

    def take_odometry(self, message: OdometryMessage, lag: float) -> None:
        """Keep where the robot is, or was `lag` s ago."""
        state, head = message.state, message.header
        stamp = seconds_of(head.stamp)
        self._boxes["odom"] = Received(state, head.frame_id, time.monotonic(), stamp, lag)
        if self._lidar is not None:
            self._lidar.take_odometry(stamp, state, head.frame_id)

    def take_obstacles(self, data: bytes, _: Mapping[str, int] | None = None) -> None:
        """Keep the circles of a sensor_msgs/PointCloud2, unless their stamp is of no use."""
        otherwise = "this message is not used"
        message = self._warnings.read("obstacles bytes", read_cloud, data, otherwise)
        if message is None:
            return
        stamp, timeout = seconds_of(message.header.stamp), self.settings.obstacles_timeout
        judged = self._obstacle_stamps.judge(stamp, self._clock(), timeout)
        if judged.fault:
            self._warnings.warn_each(f"obstacles: {judged.fault}; {otherwise}")
            return
        self._keep("obstacles", message, read_circles, lag=judged.lag)

    def take_map(self, data: bytes) -> None:
        """Keep the distance field of a nav_msgs/OccupancyGrid, as soon as it is built."""
        message = self._warnings.read("map bytes", read_map, data, "this message is not used")
        if message is not None:
            convert = self._distance_field if self._lidar is None else self._map_walls
            self._keep_later("map", message, convert)

    def take_cost_to_go(self, data: bytes) -> None:
        """Keep the cost-to-go of a sensor_msgs/PointCloud2, as soon as it is smooth."""
        message = self._warnings.read("cost_to_go bytes", read_cloud, data, "it is not used")
        if message is not None:
            self._keep_later("cost_to_go", message, lambda m: read_cost_to_go(m).for_tracking())

    def take_plan(self, plan: PlanMessage, *, is_guided: bool = True) -> None:
        """Keep the path of a plan that is not empty, and the pose at its end.

        Args:
            plan: What came.
            is_guided: Whether a cost-to-go may be expected for it.
        """
        self._is_guided = is_guided
        self._keep("plan", plan, lambda p: p.path)
        self._keep("goal", plan, lambda p: p.end)

    def take_goal(self, message: PoseStamped) -> None:
        """Keep the goal, without a plan; one in a frame of the robot stays where that was."""
        self._boxes.pop("plan", None)
        self._keep("goal", message, lambda m: pose_value(m.pose, "goal_pose"))
        odom, goal, base = (
            self._boxes.get("odom"),
            self._boxes.get("goal"),
            self.settings.robot_base_frame,
        )
        if goal is None or odom is None or not self._frames.is_mounted(goal.frame, base):
            return
        pose = self._pose_of(goal, odom.frame, [], goal.stamp)
        self._boxes.pop("goal")
        if pose is not None:
            self._boxes["goal"] = replace(goal, value=pose.compose(goal.value), frame=odom.frame)

    def drop_goal(self) -> None:
        """Forget goal and plan."""
        self._boxes.pop("goal", None)
        self._boxes.pop("plan", None)

    def forget(self) -> None:
        """Forget obstacles and what scanners saw; what is there comes again."""
        if self._boxes.pop("obstacles", None) is not None:
            self._forgot = time.monotonic()
        self.forget_seen()

    def forget_seen(self) -> None:
        """Forget what scanners saw; until the next scan the robot brakes."""
        if self._lidar is not None:
            self._lidar.forget()

    def _keep(
        self,
        name: str,
        message: Any,
        convert: Callable[[Any], Any],
        arrival: float | None = None,
        lag: float = 0.0,
    ) -> None:
        arrival = time.monotonic() if arrival is None else arrival
        value = self._warnings.read(name, convert, message, "this message is not used")
        if value is not None:
            head = message.header
            stamp = seconds_of(head.stamp)
            self._boxes[name] = Received(value, head.frame_id, arrival, stamp, lag)

    def _keep_later(self, name: str, message: Any, convert: Callable[[Any], Any]) -> None:
        arrival = time.monotonic()
        self._background.do(name, lambda: self._keep(name, message, convert, arrival))

    def _distance_field(self, message: MapMessage) -> DistanceField:
        grid = grid_map(message)
        blocked = grid.blocked(self.settings.unknown_is_free)
        furthest = self.settings.field_max_distance
        field = build_distance_field(blocked, grid.resolution, grid.origin, furthest)
        field.is_sound  # noqa: B018  looks at every cell once, here and not beside the commands
        return field

    def _map_walls(self, message: MapMessage) -> MapWalls:
        return MapWalls(grid_map(message), self.settings.unknown_is_free)

    def map_walls(self) -> tuple[MapWalls, Pose] | None:
        """Return the walls of the map and the pose of its frame where the robot's scans lie."""
        box = self._boxes.get("map")
        if box is None or self._lidar is None or not self.settings.use_map:
            return None
        pose = self._pose_of(box, self._lidar.frame, [])
        return None if pose is None else (box.value, pose)

    @property
    def has_goal(self) -> bool:
        """True when there is somewhere to go."""
        return "goal" in self._boxes

    @property
    def odometry_age(self) -> float:
        """Time in s since the newest odometry was measured; inf before the first."""
        odom = self._boxes.get("odom")
        return math.inf if odom is None else odom.age

    def ages(self) -> dict[str, float]:
        """Return the time in s since each input came."""
        now = time.monotonic()
        # A list at once: another thread may add to it meanwhile.
        return {name: now - box.arrival for name, box in list(self._boxes.items())}

    def snapshot(self, now: float) -> Snapshot | str:
        """Return the inputs of a cycle at ROS time `now` in s, or why the state is not known."""
        odom = self._boxes.get("odom")
        if odom is None:
            return "no odometry yet"
        age = odom.age
        if age > self.settings.odom_timeout:
            return f"odometry stopped {age:.1f} s ago"
        frame, state = odom.frame, odom.value.after(age)
        missing: list[str] = []
        unguided: list[str] = []
        if self.settings.use_map and "map" not in self._boxes:
            missing.append("no map yet")
        seen = None
        if self._lidar is not None:
            frame, state = self._lidar.frame, self._lidar.localised(state)
            seen = self._lidar.seen(now, state, missing)
        walls = None
        if seen is not None:
            walls = seen.walls
        elif self.settings.use_map:
            walls = self._moved("map", frame, missing)
        circles = self._circles(frame, missing)
        goal = self._moved("goal", frame, missing)
        path = None if goal is None else self._moved("plan", frame, missing)
        guide = None
        if goal is not None and (path is None or not len(path.vias)):  # which no field knows of
            guide = self._cost_to_go(frame, goal, unguided)
        goal = None if missing else goal
        situation = Situation(state, goal, now, path, circles, walls, guide, age=age)
        if seen is not None:
            circles = circle_math.told_first(circles, seen.circles)
            points, unseen = seen.points, seen.unseen
            situation = replace(situation, circles=circles, points=points, unseen=unseen)
        return Snapshot(frame, situation, "".join(missing[:1]), "".join(unguided))

    def _pose_of(
        self, box: Received, frame: str, missing: list[str], stamp: float = 0.0
    ) -> Pose | None:
        """Return the pose of a message's frame in `frame`, or add to `missing` that it lacks.

        At a time [s]; 0 is the latest that is known.
        """
        if self._lidar is not None and (pose := self._lidar.pose_in(frame, box.frame)) is not None:
            return pose
        pose = self._frames.pose_in(frame, box.frame, self.settings.transform_tolerance, stamp)
        if pose is None:
            missing.append(f"no transform from '{box.frame}' to '{frame}'")
        return pose

    def _moved(self, name: str, frame: str, missing: list[str]) -> Any:
        """Return what came on a topic, seen from `frame`, or None."""
        box = self._boxes.get(name)
        pose = None if box is None else self._pose_of(box, frame, missing)
        try:
            return None if box is None or pose is None else self._moves[name](box.value, pose)
        except InputError as error:  # a transform that is not finite, or that leads nowhere
            missing.append(f"{name} from '{box.frame if box else ''}' to '{frame}': {error}")
            return None

    def _circles(self, frame: str, missing: list[str]) -> NDArray[np.float64]:
        """Return the circles where they are now by their velocities."""
        box = self._boxes.get("obstacles")
        if box is None:
            if time.monotonic() - self._forgot < FORGOTTEN:
                missing.append("obstacles were forgotten just now")
            return circle_math.no_circles()
        if box.age > self.settings.obstacles_timeout:
            missing.append(f"obstacles stopped {box.age:.1f} s ago")
            return circle_math.no_circles()
        # Where their frame, maybe the robot's, was when they were seen.
        pose = self._pose_of(box, frame, missing, box.stamp)
        if pose is None:
            return circle_math.no_circles()
        return circle_math.transformed(circle_math.predict(box.value, box.age), pose)

    def _cost_to_go(self, frame: str, goal: Pose, unguided: list[str]) -> CostToGo | None:
        """Return the cost-to-go if it is that to this goal on the newest map."""
        if not (self.settings.is_guided and self._is_guided):
            return None
        box, walls = self._boxes.get("cost_to_go"), self._boxes.get("map")
        if box is None:
            unguided.append("no cost to go yet")
        elif walls is not None and box.stamp < walls.stamp:
            unguided.append("the cost to go is older than the map")
        elif (field := self._moved("cost_to_go", frame, unguided)) is not None:
            away = np.hypot(*(field.goal - (goal.x, goal.y)))
            if away <= field.resolution:
                return field
            unguided.append(f"the cost to go leads to another goal, {away:.2f} m away")
        return None
