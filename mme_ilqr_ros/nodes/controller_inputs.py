"""The inputs of the controller: the newest message of each topic, in one frame."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry import circles as circle_math
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes import cost_to_go_cloud, obstacle_cloud
from mme_ilqr_ros.nodes.conversions import (
    MessageError,
    grid_map,
    path_value,
    pose_value,
    robot_state,
    seconds_of,
)
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.throttled_warnings import ThrottledWarnings


@dataclass(frozen=True)
class InputLimits:
    """How old and how complete inputs have to be.

    Attributes:
        odom_timeout: Age in s from which odometry is too old to drive by.
        obstacles_timeout: Age in s from which obstacles are too old, once there were any.
        transform_tolerance: Age in s from which a transform is too old.
        use_map: True when there is no driving without a map.
        unknown_is_free: True when unknown cells of the map are no obstacles.
        max_distance: Distance in m beyond which walls are not seen.
        use_cost_to_go: True when the controller tracks the planner's cost-to-go.
    """

    odom_timeout: float
    obstacles_timeout: float
    transform_tolerance: float
    use_map: bool
    unknown_is_free: bool
    max_distance: float
    use_cost_to_go: bool = False


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

    value: object
    frame: str
    arrival: float
    stamp: float


class ControllerInputs:
    """Mailboxes that keep the newest usable message; what cannot be used is refused in one line."""

    def __init__(self, frames: Frames, warnings: ThrottledWarnings, limits: InputLimits) -> None:
        """Start with every mailbox empty."""
        self.limits = limits
        self._frames = frames
        self._warnings = warnings
        self._boxes: dict[str, _Received] = {}
        # The field is moved only when its map or the map's place changes.
        self._field_in_frame = lru_cache(maxsize=1)(_moved_field)
        self._cost_to_go_in_frame = lru_cache(maxsize=1)(CostToGo.transformed)
        self._path_in_frame = lru_cache(maxsize=1)(_moved_path)

    def take_odometry(self, message: Odometry) -> None:
        """Keep where the robot is."""
        self._keep("odom", message, robot_state)

    def take_obstacles(self, message: PointCloud2) -> None:
        """Keep the circles."""
        self._keep("obstacles", message, lambda m: obstacle_cloud.decode(m).circles)

    def take_map(self, message: OccupancyGrid) -> None:
        """Keep the distance field of the map."""
        self._keep("map", message, self._distance_field)

    def take_cost_to_go(self, message: PointCloud2) -> None:
        """Keep the planner's cost to go."""
        self._keep("cost_to_go", message, lambda m: cost_to_go_cloud.decode(m).for_tracking())

    def take_plan(self, message: PathMessage) -> None:
        """Keep the path and the pose at its end, or drop the goal when the path is empty."""
        if not message.poses:
            self.drop_goal()
        elif self._keep("plan", message, path_value):
            end = message.poses[-1]
            self._keep("goal", message, lambda _: pose_value(end.pose, "plan: last pose"))
        else:
            self.drop_goal()  # driving on along the plan before could be just as wrong

    def take_goal(self, message: PoseStamped) -> None:
        """Keep the goal, without a plan."""
        self._boxes.pop("plan", None)
        self._keep("goal", message, lambda m: pose_value(m.pose, "goal_pose"))

    def drop_goal(self) -> None:
        """Forget goal and plan."""
        self._boxes.pop("goal", None)
        self._boxes.pop("plan", None)

    def _keep(self, name: str, message, convert) -> bool:
        try:
            value = convert(message)
        except MessageError as error:
            self._warnings.warn(name, f"{error}; this message is not used")
            return False
        self._warnings.clear(name)
        stamp = seconds_of(message.header.stamp)
        self._boxes[name] = _Received(value, message.header.frame_id, time.monotonic(), stamp)
        return True

    def _distance_field(self, message: OccupancyGrid) -> DistanceField:
        grid = grid_map(message)
        blocked = grid.blocked(self.limits.unknown_is_free)
        return build_distance_field(blocked, grid.resolution, grid.origin, self.limits.max_distance)

    @property
    def has_goal(self) -> bool:
        """True when there is somewhere to go."""
        return "goal" in self._boxes

    def ages(self) -> dict[str, float]:
        """Return the time in s since each input came."""
        now = time.monotonic()
        return {name: now - box.arrival for name, box in self._boxes.items()}

    def snapshot(self, now: float) -> Snapshot | str:
        """Return the inputs of a cycle at ROS time `now` in s, or why the state is not known."""
        odom = self._boxes.get("odom")
        if odom is None:
            return "no odometry yet"
        age = time.monotonic() - odom.arrival
        if age > self.limits.odom_timeout:
            return f"odometry stopped {age:.1f} s ago"
        frame = odom.frame
        missing = "no map yet" if self.limits.use_map and "map" not in self._boxes else ""
        field, field_missing = self._field(frame)
        circles, circles_missing = self._circles(frame, now)
        goal, path, goal_missing = self._goal(frame)
        missing = missing or field_missing or circles_missing or goal_missing
        guide, unguided = self._cost_to_go(frame, goal)
        goal = None if missing else goal
        situation = Situation(odom.value, goal, now, path, circles, field, guide)
        return Snapshot(frame, situation, missing, unguided)

    def _pose_of(self, box: _Received, frame: str) -> Pose | None:
        return self._frames.pose_in(frame, box.frame, self.limits.transform_tolerance)

    def _field(self, frame: str) -> tuple[DistanceField | None, str]:
        box = self._boxes.get("map")
        if box is None or not self.limits.use_map:
            return None, ""
        pose = self._pose_of(box, frame)
        if pose is None:
            return None, f"no transform from '{box.frame}' to '{frame}'"
        return self._field_in_frame(box.value, pose), ""

    def _circles(self, frame: str, now: float) -> tuple[NDArray[np.float64], str]:
        box = self._boxes.get("obstacles")
        if box is None:
            return circle_math.no_circles(), ""
        age = time.monotonic() - box.arrival
        if age > self.limits.obstacles_timeout:
            return circle_math.no_circles(), f"obstacles stopped {age:.1f} s ago"
        pose = self._pose_of(box, frame)
        if pose is None:
            return circle_math.no_circles(), f"no transform from '{box.frame}' to '{frame}'"
        measured = now - box.stamp
        if 0.0 <= measured <= self.limits.obstacles_timeout:  # else its clock is not ours
            age = measured
        return circle_math.transformed(circle_math.predict(box.value, age), pose), ""

    def _goal(self, frame: str) -> tuple[Pose | None, Path | None, str]:
        box, plan = self._boxes.get("goal"), self._boxes.get("plan")
        if box is None:
            return None, None, ""
        pose = self._pose_of(box, frame)
        if pose is None:
            return None, None, f"no transform from '{box.frame}' to '{frame}'"
        path = None if plan is None else self._path_in_frame(plan.value, pose)
        return pose.compose(box.value), path, ""

    def _cost_to_go(self, frame: str, goal: Pose | None) -> tuple[CostToGo | None, str]:
        """Return the cost to go if it is that to this goal on the newest map, or why not."""
        if goal is None or not self.limits.use_cost_to_go:
            return None, ""
        box, walls = self._boxes.get("cost_to_go"), self._boxes.get("map")
        if box is None:
            return None, "no cost to go yet"
        if walls is not None and box.stamp < walls.stamp:
            return None, "the cost to go is older than the map"
        pose = self._pose_of(box, frame)
        if pose is None:
            return None, f"no transform from '{box.frame}' to '{frame}'"
        field = self._cost_to_go_in_frame(box.value, pose)
        away = np.hypot(*(field.goal - (goal.x, goal.y)))
        if away > field.resolution:
            return None, f"the cost to go leads to another goal, {away:.2f} m away"
        return field, ""


def _moved_field(field: DistanceField, pose: Pose) -> DistanceField:
    return replace(field, origin=pose.compose(field.origin))


def _moved_path(path: Path, pose: Pose) -> Path:
    return path.transformed(pose)
