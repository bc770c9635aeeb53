"""A baseline: drive an arc to a lookahead point on the path, and stop in front of obstacles."""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.controller import ControlResult, ControlStatus
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry import circles as circle_math
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path, PathProgress
from mme_ilqr_ros.geometry.pose import Pose, RobotState

Array = NDArray[np.float64]

LOOKAHEAD = 0.6  # [m] from the nearest point of the path to the carrot
TURN_FIRST = math.pi / 3.0  # [rad] beyond this angle to the carrot it turns on the spot
TURN_GAIN = 2.0  # [1/s]
ARC_STEP = 0.05  # [s] between the points of the arc that are looked at
MARGIN = 0.02  # [m] kept clear besides the radius


class PurePursuit:
    """Follows a path and nothing else: it never leaves it to go round anything.

    It looks along its own arc as far as it needs to stop, and slows down or stops for what it
    would touch there, moving circles predicted. Without a path it takes the straight line.

    Source: Coulter, Implementation of the Pure Pursuit Path Tracking Algorithm, CMU 1992.

    Args:
        settings: Limits, radius, goal tolerance and rate; the rest is not used.
    """

    def __init__(self, settings: ControllerSettings) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget the path and the last command."""
        self._progress: PathProgress | None = None
        self._command = (0.0, 0.0)

    def warm_up(self) -> None:
        """Nothing is compiled."""

    def compute_command(self, situation: Situation) -> ControlResult:
        """Run one control cycle; see `LocalController.compute_command`."""
        state, goal, path = situation.state, situation.goal, situation.path
        circles, field = situation.circles, situation.walls
        assert goal is not None
        begin = time.perf_counter()
        distance = math.hypot(goal.x - state.x, goal.y - state.y)
        target = self._carrot(state, path or self._straight(state, goal))
        if distance <= self._settings.xy_goal_tolerance:
            status, wanted = ControlStatus.GOAL_REACHED, (0.0, 0.0)
        else:
            status, wanted = self._pursue(state, target, circles, field)
        self._command = self._within_limits(wanted)
        return ControlResult(
            status,
            status.value,
            *self._command,
            np.array([[state.x, state.y, state.yaw]]),
            None,
            target,
            distance,
            time.perf_counter() - begin,
        )

    def _straight(self, state: RobotState, goal: Pose) -> Path:
        if self._progress is not None:  # the line from where the robot first stood
            return self._progress.path
        return Path(np.array([[state.x, state.y], [goal.x, goal.y]]))

    def _carrot(self, state: RobotState, path: Path) -> Array:
        known = self._progress
        if known is None or not np.array_equal(known.path.points, path.points):
            known = self._progress = PathProgress(path)
        return path.point_at(known.advance(state.position) + LOOKAHEAD)

    def _pursue(
        self, state: RobotState, target: Array, circles: Array, field: DistanceField | None
    ) -> tuple[ControlStatus, tuple[float, float]]:
        s = self._settings
        ahead, beside = state.pose.inverse().transform(target)
        angle = math.atan2(beside, ahead)
        if abs(angle) > TURN_FIRST:
            turn = min(max(TURN_GAIN * angle, -s.wz_max), s.wz_max)
            return ControlStatus.DRIVING, (0.0, turn)
        curvature = 2.0 * beside / max(ahead**2 + beside**2, 1e-6)
        fastest = min(s.vx_max, s.wz_max / max(abs(curvature), 1e-6))
        for speed in fastest * np.linspace(1.0, 0.2, 5):
            if self._is_free(state, float(speed), curvature, circles, field):
                return ControlStatus.DRIVING, (float(speed), float(speed * curvature))
        return ControlStatus.BLOCKED, (0.0, 0.0)

    def _is_free(
        self,
        state: RobotState,
        speed: float,
        curvature: float,
        circles: Array,
        field: DistanceField | None,
    ) -> bool:
        """Return whether the robot can drive this arc for a moment and still stop on it."""
        s = self._settings
        duration = speed / s.ax_max + 3.0 / s.controller_frequency + 0.2
        t = np.arange(ARC_STEP, duration + ARC_STEP, ARC_STEP)
        turned = curvature * speed * t
        chord = speed * t * np.sinc(0.5 * turned / np.pi)
        heading = state.yaw + 0.5 * turned
        points = state.position + chord[:, None] * np.stack(
            [np.cos(heading), np.sin(heading)], axis=-1
        )
        room = np.full(len(t), np.inf)
        if len(circles):
            moved = circle_math.predict(circles, t)
            offsets = points[:, None] - moved[..., :2]
            room = (np.hypot(offsets[..., 0], offsets[..., 1]) - moved[..., 2]).min(axis=1)
        if field is not None:
            room = np.minimum(room, field.value_and_gradient(points)[0])
        return bool(room.min() > s.robot_radius + MARGIN)

    def _within_limits(self, wanted: tuple[float, float]) -> tuple[float, float]:
        """Return the command nearest to the wanted one that the accelerations allow."""
        s = self._settings
        steps = (s.ax_max / s.controller_frequency, s.az_max / s.controller_frequency)
        vx, wz = (
            old + min(max(new - old, -step), step)
            for old, new, step in zip(self._command, wanted, steps, strict=True)
        )
        return vx, wz
