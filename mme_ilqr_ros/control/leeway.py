"""The distance that a robot must keep, also where it already is too close.

A robot in a place that is too narrow must get out of it, and on its way may come a little closer
to one side. That leeway must not be granted anew in every cycle, or the robot creeps on into the
place, a leeway a cycle.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SUDDENLY = 0.01  # [m] closer than allowed: something was seen anew, or the robot was pushed
ROUNDING = 1e-6  # [m]


class Leeway:
    """Grants a robot that is too close to come a little closer: once for every piece of its way.

    Args:
        amount: How much closer [m].
        renewed_after: Distance [m] from the place of the grant at which there is another.
    """

    def __init__(self, amount: float, renewed_after: float) -> None:
        self.amount = amount
        self.renewed_after = renewed_after
        self.reset()

    def reset(self) -> None:
        """Forget what was granted."""
        self._floor = math.inf
        self._place = np.zeros(2)

    def required(self, here: float, position: NDArray[np.float64], least: float) -> float:
        """Return the distance that must be kept from now on [m].

        Args:
            here: Distance now [m].
            position: The robot's centre [2] in m.
            least: Distance that must be kept where there is room [m].
        """
        gone = math.dist(position, self._place) > self.renewed_after
        if here >= least or gone or here < self._floor - SUDDENLY:
            self._floor, self._place = here - self.amount, position
        return min(least, self._floor, here - ROUNDING)
