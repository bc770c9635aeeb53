"""Who moved into whom."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

AGAIN = 1.0  # [s] without a touch after which the next one is a contact of its own


@dataclass
class Contacts:
    """Counts contacts by whose they are: of two that touch, whoever came nearer the faster.

    Attributes:
        own: Contacts of the robot's making; all with what stands.
        others: Those of the other one's.
    """

    own: int = 0
    others: int = 0
    _last: dict[int, float] = field(default_factory=dict)

    def add(
        self, now: float, other: int, way: ArrayLike, robot: ArrayLike, velocity: ArrayLike
    ) -> None:
        """Count a touch.

        Args:
            now: Time [s].
            other: Number of the other one.
            way: From the robot to the other one [2].
            robot: Velocity of the robot before they touched [2] [m/s].
            velocity: Of the other one [2]; zero for what stands.
        """
        if now - self._last.get(other, -math.inf) > AGAIN:
            own = float(np.dot(robot, way))
            theirs = -float(np.dot(velocity, way))
            is_theirs = theirs > max(own, 0.0)
            self.others += is_theirs
            self.own += not is_theirs
        self._last[other] = now
