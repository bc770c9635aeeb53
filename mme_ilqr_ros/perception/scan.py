"""One turn of a planar laser scanner, as it was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose

CENTRED = Pose(0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Scan:
    """Ranges of one turn, in the scanner's own frame.

    Attributes:
        ranges: [B] distances in m in the order in which they were measured. Infinite, or
            `range_max` and more: nothing there; NaN or below `range_min`: says nothing.
        angle_min: Direction of the first ray in rad, counted from the scanner's x axis.
        angle_increment: Angle from one ray to the next in rad; negative where it turns clockwise.
        range_min: Nearest measurable distance in m.
        range_max: Furthest measurable distance in m.
        stamp: Time of the first ray in s.
        time_increment: Time from one ray to the next in s; 0: all at once.
        mount: The scanner in the robot's frame.
    """

    ranges: NDArray[np.float64]
    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float
    stamp: float
    time_increment: float = 0.0
    mount: Pose = CENTRED

    @property
    def times(self) -> NDArray[np.float64]:
        """When each ray was measured [B] in s."""
        return self.stamp + self.time_increment * np.arange(len(self.ranges), dtype=np.float64)

    @property
    def angles(self) -> NDArray[np.float64]:
        """Direction of each ray [B] in rad in the scanner's frame."""
        return self.angle_min + self.angle_increment * np.arange(len(self.ranges), dtype=np.float64)
