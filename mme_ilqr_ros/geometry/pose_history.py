"""Where the robot was at a time: stamped odometry, interpolated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose, RobotState, difference, wrap

KEPT = 5.0  # [s] of odometry
STEP, TURN = 0.1, 0.1  # [m], [rad] that two states may be off what their velocities say
ADRIFT = 1.0  # [m/s], [rad/s] and this, for odometry without velocities
SLACK = 0.5  # and this part of the velocity
ROOM = 256  # states at first


@dataclass(frozen=True)
class Jump:
    """A step of the odometry that no robot makes.

    Attributes:
        before: Time of the last state before it [s].
        stamp: Of the first state after it [s].
        expected: Where the velocity would have led until then.
        told: Where the odometry says the robot is.
    """

    before: float
    stamp: float
    expected: Pose
    told: Pose

    @property
    def distance(self) -> float:
        """How far it jumped [m]."""
        return math.hypot(self.told.x - self.expected.x, self.told.y - self.expected.y)


class PoseHistory:
    """The states of the last seconds; in between they are interpolated.

    Args:
        reach: How far beyond the newest state its velocity is trusted [s], or before the oldest.
    """

    def __init__(self, reach: float = 0.3) -> None:
        self._reach = reach
        # stamp, x, y, yaw that goes on beyond a turn, vx, vy, wz of every state
        self._table: NDArray[np.float64] = np.empty((7, ROOM))
        self._begin = self._end = 0  # of the columns in use
        self._jumps: list[Jump] = []

    def add(self, stamp: float, state: RobotState) -> bool:
        """Take a state measured at `stamp` [s]; False where it is not newer than the newest one.

        A clock that went back by more than the kept time starts a new history.
        """
        if stamp < self.newest - KEPT:
            self.clear()
        if stamp <= self.newest or not (math.isfinite(stamp) and state.is_finite()):
            return False
        if self._end == self._table.shape[1]:
            self._make_room()
        yaw = state.yaw
        if self._begin < self._end:
            last = self._table[:, self._end - 1]
            yaw = float(last[3] + difference(yaw, last[3]))
            self._note_jump(last, stamp, state)
        self._table[:, self._end] = stamp, state.x, state.y, yaw, state.vx, state.vy, state.wz
        self._end += 1
        while self._table[0, self._begin] < stamp - KEPT:
            self._begin += 1
        return True

    def _make_room(self) -> None:
        """Drop what is no longer kept, and take more memory where that is not much."""
        kept = self._table[:, self._begin : self._end]
        grown = np.empty((7, max(2 * kept.shape[1], ROOM)))
        grown[:, : kept.shape[1]] = kept
        self._table, self._begin, self._end = grown, 0, kept.shape[1]

    def _note_jump(self, last: NDArray[np.float64], stamp: float, state: RobotState) -> None:
        """Note a step that the velocities at both ends do not explain."""
        time = stamp - float(last[0])
        vx, vy, wz = (0.5 * (last[4:] + np.array([state.vx, state.vy, state.wz]))).tolist()
        x, y, yaw = last[1:4].tolist()
        led = RobotState(x, y, yaw, vx, wz, vy).after(time)
        away = math.hypot(state.x - led.x, state.y - led.y)
        turned = abs(difference(state.yaw, led.yaw))
        moved = STEP + time * (ADRIFT + SLACK * math.hypot(vx, vy))
        if away > moved or turned > TURN + time * (ADRIFT + SLACK * abs(wz)):
            expected = Pose(led.x, led.y, float(wrap(led.yaw)))
            recent = [jump for jump in self._jumps if jump.stamp >= stamp - KEPT]
            self._jumps = [*recent, Jump(float(last[0]), stamp, expected, state.pose)]

    def clear(self) -> None:
        """Forget all states."""
        self._begin = self._end = 0
        self._jumps = []

    @property
    def newest(self) -> float:
        """Stamp of the newest state [s]; -inf without one."""
        return float(self._table[0, self._end - 1]) if self._begin < self._end else -math.inf

    def covers(self, stamp: float) -> bool:
        """Return True where the pose at a time [s] is known, or follows from a velocity."""
        if self._begin == self._end:
            return False
        first = float(self._table[0, self._begin])
        return first - self._reach <= stamp <= self.newest + self._reach

    def jumps_since(self, stamp: float) -> list[Jump]:
        """Return the jumps of the odometry after a time [s], as far as they are remembered."""
        return [jump for jump in self._jumps if jump.stamp > stamp]

    def at(self, stamp: float) -> Pose:
        """Return the pose at a time [s]; there must be a state."""
        x, y, yaw = self.at_all(np.array([stamp]))[0]
        return Pose(float(x), float(y), float(wrap(yaw)))

    def at_all(self, stamps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return x, y, yaw [N, 3] in m and rad at times [N] in s; there must be a state.

        Beyond the ends the velocity there carries on, for as long as it is trusted.
        """
        known, *columns = self._table[:4, self._begin : self._end]
        poses = np.empty((len(stamps), 3))
        for number, column in enumerate(columns):
            poses[:, number] = np.interp(stamps, known, column)
        for end, outside in ((0, stamps < known[0]), (-1, stamps > known[-1])):
            if not outside.any():
                continue
            time = np.clip(stamps[outside] - known[end], -self._reach, self._reach)
            vx, vy, wz = self._table[4:, self._begin : self._end][:, end]
            heading = poses[outside, 2] + 0.5 * time * wz
            poses[outside, 0] += time * (np.cos(heading) * vx - np.sin(heading) * vy)
            poses[outside, 1] += time * (np.sin(heading) * vx + np.cos(heading) * vy)
            poses[outside, 2] += time * wz
        return poses
