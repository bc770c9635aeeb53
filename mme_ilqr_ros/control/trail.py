"""Where a robot has come from: the way back that it knows to be free."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import RobotState

Array = NDArray[np.float64]

SPACING = 0.25  # [radii] between places that are remembered
LENGTH = 100  # places: 25 radii of way
JUMP = 3.0  # [radii] between two cycles: the frame has moved, and what is remembered is elsewhere


class Trail:
    """The last places of a robot, none nearer to the one before than the spacing.

    Args:
        radius: Of the robot [m].
    """

    def __init__(self, radius: float) -> None:
        self._radius = radius
        self._places: deque[Array] = deque(maxlen=LENGTH)
        self._last: Array | None = None

    def note(self, state: RobotState) -> None:
        """Remember where the robot is; back at a place, forget the loop that led there."""
        here = state.position
        if self._last is not None and math.dist(here, self._last) > JUMP * self._radius:
            self._places.clear()
        self._last = here
        for index in range(len(self._places) - 1):
            if math.dist(here, self._places[index]) < SPACING * self._radius:
                while len(self._places) > index + 1:
                    self._places.pop()
                return
        if not self._places or math.dist(here, self._places[-1]) >= SPACING * self._radius:
            self._places.append(here)

    def back_from(self, here: Array, distance: float) -> Array:
        """Return the way back [N, 2] in m, from `here`, as far as it is known and wanted [m]."""
        way, rest = [here], distance
        for place in reversed(self._places):
            step = math.dist(way[-1], place)
            if step < 1e-6:
                continue
            if step >= rest:
                way.append(way[-1] + (place - way[-1]) * rest / step)
                break
            way.append(place)
            rest -= step
        return np.array(way)
