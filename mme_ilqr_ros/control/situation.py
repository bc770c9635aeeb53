"""The inputs of one control cycle, and whether they can be believed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.circles import circle_fault, circle_rows, nearest, no_circles
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import FARTHEST, Pose, RobotState

TIMES = 10.0  # the limit: nothing pushes a robot faster than that
ALWAYS_CREDIBLE = (10.0, 10.0, 20.0)  # [m/s], [m/s], [rad/s] however slow the robot is
MOST_TURNED = 1e5  # [rad] a heading counted on over thousands of turns
OFF_THE_MAP = 1e3  # [m] from the map's edge: such a robot is on another map
MOST_CIRCLES = 1000  # that a cycle looks at: about 10 ms
MOST_GIVEN = 100_000  # circles among which the nearest are looked for
MOST_WHOLE = 10**300
APPROACH = 2.0  # [s] in which a circle counts as coming straight at the robot


def no_points() -> NDArray[np.float64]:
    """Return an empty array of points [0, 2]."""
    return np.zeros((0, 2))


@dataclass(frozen=True, eq=False)
class Situation:
    """Where the robot is, where it shall go, and what stands in the way, in one frame.

    What is not of the right type or shape is a mistake of the program and raises; numbers that
    cannot be true are a `fault` of a measurement, with which a robot brakes.

    Attributes:
        state: Measured pose and velocity.
        goal: Where to go; None stops the robot.
        now: Time of the measurement [s]; only differences matter.
        path: Plan to follow; None heads for the goal itself.
        circles: Obstacles as they are now: x, y, radius, vx, vy [M, 5].
        walls: Distance field of the map, or None.
        cost_to_go: The planner's field to the same goal, ready to track. With it the robot follows
            the field's gradient, and not a point of the path.
        points: [N, 2] hit points that a scanner saw near the robot, for the last gate.
        unseen: [K, 2] centres of cells near the robot that no scanner saw free lately; it does not
            reverse or turn into them.
        age: How long ago the velocity of `state` was measured [s]; its pose is that of now.

    Raises:
        InputError: A part has the wrong type or shape; the message names it.
    """

    state: RobotState
    goal: Pose | None
    now: float
    path: Path | None = None
    circles: NDArray[np.float64] = field(default_factory=no_circles)
    walls: DistanceField | None = None
    cost_to_go: CostToGo | None = None
    points: NDArray[np.float64] = field(default_factory=no_points)
    unseen: NDArray[np.float64] = field(default_factory=no_points)
    age: float = 0.0

    def __post_init__(self) -> None:
        _check_type("state", self.state, RobotState)
        for name, kind in _OPTIONAL.items():
            if (value := getattr(self, name)) is not None:
                _check_type(name, value, kind)
        for name, value in self._numbers():
            # A whole number may have more digits than a float.
            if not isinstance(value, Real) or (type(value) is int and abs(value) > MOST_WHOLE):
                raise InputError(f"situation: {name} = {value!r:.40}: must be a number")
        object.__setattr__(self, "circles", circle_rows(self.circles))
        for name in ("points", "unseen"):
            object.__setattr__(self, name, _point_rows(name, getattr(self, name)))

    def _numbers(self) -> Iterator[tuple[str, Any]]:
        yield "now", self.now
        yield "age", self.age
        for place, pose in (("state", self.state), ("goal", self.goal)):
            for name, value in vars(pose).items() if pose is not None else ():
                yield f"{place}.{name}", value

    def fault(self, fastest: tuple[float, float, float]) -> str:
        """Return why these inputs cannot be true; empty when they can.

        Args:
            fastest: Largest `|vx|`, `|vy|` [m/s] and `|wz|` [rad/s] of the robot.
        """
        return (
            _pose_fault("pose", self.state)
            or self._speed_fault(fastest)
            or ("" if self.goal is None else _pose_fault("goal", self.goal))
            or ("" if math.isfinite(self.now) else f"now = {self.now} s is not finite")
            or self._circles_fault()
            or self._points_fault()
            or self._map_fault()
        )

    def within_bounds(self) -> Situation:
        """Return the situation with the MOST_CIRCLES circles that could touch the robot soonest."""
        if len(self.circles) <= MOST_CIRCLES:
            return self
        near = nearest(self.circles, self.state.position, MOST_CIRCLES, APPROACH)
        return replace(self, circles=near)

    def _speed_fault(self, fastest: tuple[float, float, float]) -> str:
        state = self.state
        measured = ("vx", state.vx, "m/s"), ("vy", state.vy, "m/s"), ("wz", state.wz, "rad/s")
        for (name, value, unit), limit, always in zip(
            measured, fastest, ALWAYS_CREDIBLE, strict=True
        ):
            if not abs(value) <= max(TIMES * limit, always):  # NaN neither
                beyond = f"{TIMES:g} x the limit of {limit:.3g} {unit}"
                return f"measured {name} = {value:.3g} {unit} is beyond {beyond}"
        return ""

    def _circles_fault(self) -> str:
        if len(self.circles) > MOST_GIVEN:
            return f"{len(self.circles)} circles: must be at most {MOST_GIVEN}"
        fault = circle_fault(self.circles)
        return f"circles: {fault}" if fault else ""

    def _points_fault(self) -> str:
        for name in ("points", "unseen"):
            points = getattr(self, name)
            if points.size and not np.abs(points).max() <= FARTHEST:  # NaN neither
                return f"{name} hold one that does not lie within {FARTHEST:g} m"
        return ""

    def _map_fault(self) -> str:
        if self.walls is not None:
            away = _distance_to(self.walls, self.state)
            if away > OFF_THE_MAP:
                return f"pose is {away:.3g} m from the map: at most {OFF_THE_MAP:g} m"
            if not self.walls.is_sound:
                return "walls hold a value that is not a distance"
        if self.cost_to_go is not None and not self.cost_to_go.can_be_tracked:
            return "cost to go is not finite everywhere: give CostToGo.for_tracking()"
        return ""


_OPTIONAL: dict[str, type] = {
    "goal": Pose,
    "path": Path,
    "walls": DistanceField,
    "cost_to_go": CostToGo,
}


def _point_rows(name: str, values: Any) -> NDArray[np.float64]:
    points = np.asarray(values)
    if points.dtype.kind not in "iuf" or points.ndim != 2 or points.shape[1] != 2:
        found = f"{points.dtype} of shape {points.shape}"
        raise InputError(f"situation: {name} are {found}: must be numbers [N, 2]")
    return points.astype(np.float64, copy=False)


def _check_type(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        found = type(value).__name__
        raise InputError(f"situation: {name} is a {found}: must be a {kind.__name__}")


def _pose_fault(name: str, pose: Pose | RobotState) -> str:
    if not (abs(pose.x) <= FARTHEST and abs(pose.y) <= FARTHEST):  # NaN neither
        return f"{name} is at ({pose.x:.3g}, {pose.y:.3g}) m: must lie within {FARTHEST:g} m"
    if not abs(pose.yaw) <= MOST_TURNED:
        return f"{name} has a yaw of {pose.yaw:.3g} rad: must lie within {MOST_TURNED:g} rad"
    return ""


def _distance_to(walls: DistanceField, state: RobotState) -> float:
    """Return how far a robot is from the edge of a map [m]; zero on the map."""
    rows, columns = walls.values.shape
    cos, sin = math.cos(walls.origin.yaw), math.sin(walls.origin.yaw)
    right, up = state.x - walls.origin.x, state.y - walls.origin.y
    x, y = cos * right + sin * up, cos * up - sin * right  # without arrays: in every cycle
    width, height = columns * walls.resolution, rows * walls.resolution
    return math.hypot(max(-x, x - width, 0.0), max(-y, y - height, 0.0))
