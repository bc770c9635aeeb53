"""What perception hands on to the controller in a cycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.distance_field import DistanceField


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen, in the frame of the poses that perception was given.

    Attributes:
        walls: Distance to what stands, in a window round the robot.
        circles: [M, 5] what moves, where it is now by its velocity.
        points: [N, 2] hit points near the robot: of the newest scans, and remembered ones of what
            stands; none is of a moving circle. For the last gate.
        unseen: [K, 2] centres of cells near the robot that were not seen free in the last seconds,
            and are not known to be occupied either.
        stamp: When the newest scan was measured [s].
    """

    walls: DistanceField
    circles: NDArray[np.float64]
    points: NDArray[np.float64]
    unseen: NDArray[np.float64]
    stamp: float
