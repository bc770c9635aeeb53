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
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry import circles as circle_math
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.cdr import MapMessage, read_map
from mme_ilqr_ros.nodes.clouds import read_circles, read_cost_to_go
from mme_ilqr_ros.nodes.conversions import (
    grid_map,
    pose_value,
    robot_state,
    seconds_of,
)
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.lidar_input import LidarInput
from mme_ilqr_ros.nodes.plan_message import PlanMessage
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.perception.map_walls import MapWalls


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


@dataclass(frozen=True, eq=False)
class _Received:
    """A value, the frame it is in, and when it came, on the steady clock and by its own stamp."""

    value: Any
    frame: str
    arrival: float
    stamp: float


# Values seen from a frame in which their own frame has this pose.
_MOVES: Mapping[str, Callable[[Any, Pose], Any]] = {
    "map": DistanceField.transformed,
    "cost_to_go": CostToGo.transformed,
    "plan": Path.transformed,
    "goal": lambda goal, pose: pose.compose(goal),
}


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
    ) -> None:
        """Start with every mailbox empty.

        Args:
            frames: Tells where the frames of messages lie.
            warnings: For the log.
            settings: See there.
            lidar: What scanners see, where the robot drives by them.
        """
        self.settings = settings
        self._lidar = lidar
        self._frames = frames
        self._warnings = warnings
        self._boxes: dict[str, _Received] = {}
        self._background = Background()
        self._is_guided = True  # whether the plan is of a planner that sends its cost-to-go
        # Fields are large: they are moved only when the value or its place changes.
        self._moves = {name: lru_cache(maxsize=1)(move) for name, move in _MOVES.items()}

    def close(self) -> None:
        """Read no more heavy messages."""
        self._background.close()

    def take_odometry(self, message: Odometry) -> None:
        """Keep where the robot is."""
        self._keep("odom", message, robot_state)
        if self._lidar is not None and (odom := self._boxes.get("odom")) is not None:
            self._lidar.take_odometry(odom.stamp, odom.value, odom.frame)

    def take_obstacles(self, message: PointCloud2) -> None:
        """Keep the circles."""
        self._keep("obstacles", message, read_circles)

    def take_map(self, data: bytes) -> None:
        """Keep the distance field of a nav_msgs/OccupancyGrid, as soon as it is built."""
        message = self._warnings.read("map bytes", read_map, data, "this message is not used")
        if message is not None:
            convert = self._distance_field if self._lidar is None else self._map_walls
            self._keep_later("map", message, convert)

    def take_cost_to_go(self, message: PointCloud2) -> None:
        """Keep the planner's cost-to-go, as soon as it is smooth."""
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
        """Keep the goal, without a plan."""
        self._boxes.pop("plan", None)
        self._keep("goal", message, lambda m: pose_value(m.pose, "goal_pose"))

    def drop_goal(self) -> None:
        """Forget goal and plan."""
        self._boxes.pop("goal", None)
        self._boxes.pop("plan", None)

    def forget(self) -> None:
        """Forget obstacles and what scanners saw; what is there comes again."""
        self._boxes.pop("obstacles", None)
        if self._lidar is not None:
            self._lidar.forget()

    def _keep(
        self, name: str, message: Any, convert: Callable[[Any], Any], arrival: float | None = None
    ) -> None:
        arrival = time.monotonic() if arrival is None else arrival
        value = self._warnings.read(name, convert, message, "this message is not used")
        if value is not None:
            head = message.header
            stamp = seconds_of(head.stamp)
            self._boxes[name] = _Received(value, head.frame_id, arrival, stamp)

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
        """Time in s since odometry came; inf before the first."""
        odom = self._boxes.get("odom")
        return math.inf if odom is None else time.monotonic() - odom.arrival

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
        age = time.monotonic() - odom.arrival
        if age > self.settings.odom_timeout:
            return f"odometry stopped {age:.1f} s ago"
        frame, state = odom.frame, odom.value
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
        circles = self._circles(frame, now, missing)
        goal = self._moved("goal", frame, missing)
        path = None if goal is None else self._moved("plan", frame, missing)
        guide = None
        if goal is not None and (path is None or not len(path.vias)):  # which no field knows of
            guide = self._cost_to_go(frame, goal, unguided)
        goal = None if missing else goal
        situation = Situation(state, goal, now, path, circles, walls, guide)
        if seen is not None:
            circles = circle_math.told_first(circles, seen.circles)
            points, unseen = seen.points, seen.unseen
            situation = replace(situation, circles=circles, points=points, unseen=unseen)
        return Snapshot(frame, situation, "".join(missing[:1]), "".join(unguided))

    def _pose_of(self, box: _Received, frame: str, missing: list[str]) -> Pose | None:
        """Return the pose of a message's frame in `frame`, or add to `missing` that it lacks."""
        if self._lidar is not None and (pose := self._lidar.pose_in(frame, box.frame)) is not None:
            return pose
        pose = self._frames.pose_in(frame, box.frame, self.settings.transform_tolerance)
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

    def _circles(self, frame: str, now: float, missing: list[str]) -> NDArray[np.float64]:
        """Return the circles where they are now by their velocities."""
        box = self._boxes.get("obstacles")
        if box is None:
            return circle_math.no_circles()
        age = time.monotonic() - box.arrival
        if age > self.settings.obstacles_timeout:
            missing.append(f"obstacles stopped {age:.1f} s ago")
            return circle_math.no_circles()
        pose = self._pose_of(box, frame, missing)
        if pose is None:
            return circle_math.no_circles()
        measured = now - box.stamp
        if 0.0 <= measured <= self.settings.obstacles_timeout:  # else its clock is not ours
            age = measured
        return circle_math.transformed(circle_math.predict(box.value, age), pose)

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
