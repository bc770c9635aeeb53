"""Where the robot was at a time: stamped odometry, interpolated."""

from __future__ import annotations

import bisect
import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose, RobotState, wrap

KEPT = 5.0  # [s] of odometry


class PoseHistory:
    """The states of the last seconds; in between they are interpolated.

    Args:
        reach: How far beyond the newest state its velocity is trusted [s], or before the oldest.
    """

    def __init__(self, reach: float = 0.3) -> None:
        self._reach = reach
        self._stamps: list[float] = []
        self._states: list[RobotState] = []

    def add(self, stamp: float, state: RobotState) -> bool:
        """Take a state measured at `stamp` [s]; False where it is older than the newest one.

        A clock that went back by more than the kept time starts a new history.
        """
        if self._stamps and stamp < self._stamps[-1] - KEPT:
            self.clear()
        if self._stamps and stamp <= self._stamps[-1]:
            return False
        self._stamps.append(stamp)
        self._states.append(state)
        first = bisect.bisect_left(self._stamps, stamp - KEPT)
        del self._stamps[:first], self._states[:first]
        return True

    def clear(self) -> None:
        """Forget all states."""
        self._stamps.clear()
        self._states.clear()

    @property
    def newest(self) -> float:
        """Stamp of the newest state [s]; -inf without one."""
        return self._stamps[-1] if self._stamps else -math.inf

    def covers(self, stamp: float) -> bool:
        """Return True where the pose at a time [s] is known, or follows from a velocity."""
        if not self._stamps:
            return False
        return self._stamps[0] - self._reach <= stamp <= self._stamps[-1] + self._reach

    def at(self, stamp: float) -> Pose:
        """Return the pose at a time [s]; there must be a state."""
        x, y, yaw = self.at_all(np.array([stamp]))[0]
        return Pose(float(x), float(y), float(wrap(yaw)))

    def at_all(self, stamps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return x, y, yaw [N, 3] in m and rad at times [N] in s; there must be a state.

        Beyond the ends the velocity there carries on, for as long as it is trusted.
        """
        table = np.array([(s.x, s.y, s.yaw, s.vx, s.vy, s.wz) for s in self._states])
        known = np.array(self._stamps)
        yaw = np.unwrap(table[:, 2])
        columns = (table[:, 0], table[:, 1], yaw)
        poses = np.stack([np.interp(stamps, known, column) for column in columns], axis=-1)
        for end, beyond in ((0, stamps - known[0]), (-1, stamps - known[-1])):
            outside = beyond < 0.0 if end == 0 else beyond > 0.0
            if not outside.any():
                continue
            time = np.clip(beyond[outside], -self._reach, self._reach)
            vx, vy, wz = table[end, 3:]
            heading = yaw[end] + 0.5 * time * wz
            poses[outside, 0] += time * (np.cos(heading) * vx - np.sin(heading) * vy)
            poses[outside, 1] += time * (np.sin(heading) * vx + np.cos(heading) * vy)
            poses[outside, 2] += time * wz
        return poses
