"""Where the robot and the circles were in the last moments: for what takes time to measure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moment:
    """A short step of the simulation, in which speeds were constant.

    Attributes:
        begin: Its begin in s.
        pose: The robot's then.
        vx: Its forward speed from then on in m/s.
        wz: Its turning rate in rad/s.
        circles: [M, 5] then.
    """

    begin: float
    pose: Pose
    vx: float
    wz: float
    circles: FloatArray

    def poses(self, ages: FloatArray) -> FloatArray:
        """Return the robot's x, y, yaw [B, 3] at times [B] in s after the begin: on an arc."""
        turn = self.wz * ages
        chord = self.vx * ages * np.sinc(0.5 * turn / np.pi)
        heading = self.pose.yaw + 0.5 * turn
        x = self.pose.x + chord * np.cos(heading)
        y = self.pose.y + chord * np.sin(heading)
        return np.stack([x, y, self.pose.yaw + turn], axis=-1)


class RecentMoments:
    """The steps of the last moments, oldest first."""

    def __init__(self, kept: float) -> None:
        """Keep what began up to `kept` seconds ago, and the step before."""
        self.kept = kept
        self._moments: deque[Moment] = deque()

    def add(self, moment: Moment) -> None:
        """Take the step that was just made, and let go of what is too old."""
        self._moments.append(moment)
        while len(self._moments) > 1 and self._moments[1].begin < moment.begin - self.kept:
            self._moments.popleft()

    def clear(self) -> None:
        """Forget everything."""
        self._moments.clear()

    def at(self, times: FloatArray, now: Moment) -> Iterator[tuple[slice, Moment]]:
        """Yield which of the rising times [B] in s fall into which step.

        Args:
            times: At or before now; before the first step everything stood as it was at its begin.
            now: What is; it serves where no step is kept.
        """
        moments = [*self._moments, now]
        begins = np.array([moment.begin for moment in moments])
        index = np.maximum(np.searchsorted(begins, times, side="right") - 1, 0)
        edges = np.flatnonzero(np.diff(index)) + 1
        for first, last in zip([0, *edges], [*edges, len(times)], strict=True):
            yield slice(first, last), moments[index[first]]
