"""Does the robot come nearer to its goal? Distance made good over time, not distance driven."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

SHARE = 0.25  # of radius and time allowed: a step of progress; and too long a stand


class Progress:
    """Measures for how long the distance to go has not become less.

    The distance may be that along a plan, of a field, or a straight line. Where another measure
    takes over, only what is made good by it counts from there on.

    Attributes:
        stalled: Time without progress [s].
    """

    def __init__(self) -> None:
        self.stalled = self._standing = 0.0
        self._measure: object = None
        self._best = self._last = math.inf
        self._anchor: ArrayLike = (math.nan, math.nan)

    def update(
        self,
        elapsed: float,
        position: NDArray[np.float64],
        to_go: float,
        measure: object,
        radius: float,
    ) -> None:
        """Take note of a cycle.

        Args:
            elapsed: Time since the cycle before [s].
            position: The robot [2] in m.
            to_go: Distance to go [m].
            measure: What `to_go` is measured by; another object is another measure.
            radius: Distance that counts as progress, in steps of a quarter of it [m].
        """
        jumped = measure is not self._measure or abs(to_go - self._last) > radius
        if jumped and math.isfinite(self._best):  # a new measure, or localisation found itself
            self._best += to_go - self._last
        self.stalled, self._standing = self.stalled + elapsed, self._standing + elapsed
        self._last, self._measure = to_go, measure
        if to_go < self._best - SHARE * radius:
            self._best, self.stalled = to_go, 0.0
        if not np.hypot(*np.subtract(position, self._anchor)) < SHARE * radius:
            self._anchor, self._standing = position, 0.0

    def needs_a_way_out(self, allowance: float) -> bool:
        """Return True when the robot hardly moves, or moves for too long and comes no nearer.

        Args:
            allowance: Time without progress after which a robot is stuck [s].
        """
        stands = min(self._standing, self.stalled) >= SHARE * allowance
        return stands or self.stalled >= allowance
