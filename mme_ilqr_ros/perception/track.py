"""One thing that is followed: where it is, how large and how fast, and whether it moves."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.circle_fit import inverse

FloatArray = NDArray[np.float64]
_ROUND = 0.6  # share of scans
_SMALLEST = 0.02  # [m] radius
_LATELY = 0.2  # weight of the newest scan
_DEPTH = 0.1  # [m] inside the outline, where no ray can pass a thing that is there
PLACE = np.array([0, 1, 4])  # x, y, radius in the state


@dataclass(eq=False)
class Track:
    """A thing and what is known of it.

    Attributes:
        number: Its identity; no other track of a tracker ever has it.
        born: When it was first seen [s].
        stamp: When its state holds [s].
        last: When it was last seen [s].
        mean: [5] x, y, vx, vy, radius in m and m/s.
        covariance: [5, 5] of the mean.
        start: [2] where it was first seen.
        turning: [5, 5] covariance in place of the other if it turns sharply now.
        seen: In how many scans.
        roundness: How often its hits lie on a circle, lately: between 0 and 1.
        moving: Whether it moves.
        stands: Whether it is where it was a moment ago; then it is followed no more.
        past: Stamps and hits [N, 2] of its last scans, oldest first.
        free: Scans that saw through its place since it was last seen.
    """

    number: int
    born: float
    stamp: float
    last: float
    mean: FloatArray
    covariance: FloatArray
    start: FloatArray
    turning: FloatArray = field(default_factory=lambda: np.zeros((5, 5)))
    seen: int = 1
    roundness: float = 1.0
    moving: bool = False
    stands: bool = False
    past: deque[tuple[float, FloatArray]] = field(default_factory=deque)
    free: int = 0

    @property
    def circle(self) -> FloatArray:
        """Its circle [5]: x, y, radius, vx, vy in m and m/s."""
        return self.mean[[0, 1, 4, 2, 3]]

    @property
    def is_round(self) -> bool:
        """Whether it is fitted by a circle; else a circle is put round its hits."""
        return self.roundness > _ROUND

    @property
    def speed(self) -> float:
        """How fast it is [m/s]."""
        return math.hypot(self.mean[2], self.mean[3])

    @property
    def is_sound(self) -> bool:
        """Whether rounding has left a state and deviations; not after scans from far apart."""
        return bool(np.isfinite(self.mean).all() and (np.diag(self.covariance) > 0.0).all())

    @property
    def speed_deviation(self) -> float:
        """Standard deviation of its velocity in the worse direction [m/s]."""
        a, b, d = self.covariance[2, 2], self.covariance[2, 3], self.covariance[3, 3]
        return math.sqrt(max(0.5 * (a + d) + math.hypot(0.5 * (a - d), b), 0.0))

    @property
    def place_deviation(self) -> float:
        """Standard deviation of its centre, at most [m]."""
        return math.sqrt(max(self.covariance[0, 0], self.covariance[1, 1], 0.0))

    @property
    def gone(self) -> float:
        """How far it is from where it was first seen [m]."""
        return math.hypot(self.mean[0] - self.start[0], self.mean[1] - self.start[1])

    def behind_face(self, sensor: FloatArray) -> FloatArray:
        """Return a place [2] a little inside its outline, on the side of a sensor [2]."""
        away = self.mean[:2] - sensor
        depth = min(_DEPTH, self.mean[4])
        return self.mean[:2] - away * (self.mean[4] - depth) / (math.hypot(*away) + 1e-9)

    def predict(self, stamp: float, acceleration: float, sharpest: float) -> None:
        """Let time pass until `stamp` [s].

        Args:
            stamp: Until when.
            acceleration: How fast it changes its velocity [m/s^2] ...
            sharpest: ... and how fast when it turns sharply [m/s^2].
        """
        dt = stamp - self.stamp
        self.mean, self.covariance = advance(self.mean, self.covariance, dt, acceleration)
        self.turning = self.covariance + push(dt, sharpest)
        self.stamp = stamp

    def update(self, place: FloatArray, information: FloatArray, fits: bool, turns: bool) -> None:
        """Take the most likely x, y, radius [3] given the prior and a measurement.

        Args:
            place: [3] the most likely one, the prior counted in.
            information: [3, 3] inverse covariance of the measurement alone.
            fits: Whether the hits lie on a circle.
            turns: Whether the prior was that of a sharp turn.
        """
        prior = self.turning if turns else self.covariance
        self.mean, self.covariance = conditioned(self.mean, prior, place, information)
        self.mean[4] = max(self.mean[4], _SMALLEST)
        self.roundness += _LATELY * (float(fits) - self.roundness)
        self.seen += 1
        self.last = self.stamp
        self.free = 0

    def remember(self, hits: FloatArray, seconds: float) -> None:
        """Keep this scan's hits [N, 2], and those of the last `seconds`."""
        self.past.append((self.stamp, hits))
        while self.past[0][0] < self.stamp - seconds:
            self.past.popleft()


@compiled
def advance(
    mean: FloatArray, covariance: FloatArray, dt: float, acceleration: float
) -> tuple[FloatArray, FloatArray]:
    """Return mean [5] and covariance [5, 5] after `dt` s at constant velocity, plus noise.

    Args:
        mean: [5] x, y, vx, vy, radius.
        covariance: [5, 5] of the mean.
        dt: Time that passes [s].
        acceleration: Standard deviation of an acceleration that holds for `dt` [m/s^2].
    """
    new, cov = mean.copy(), covariance.copy()
    new[0] += dt * mean[2]
    new[1] += dt * mean[3]
    for row in range(2):
        cov[row] += dt * cov[row + 2]
    for column in range(2):
        cov[:, column] += dt * cov[:, column + 2]
    cov += push(dt, acceleration)
    cov[4, 4] += 4e-4 * dt  # 2 cm in a second: things are not quite round
    return new, cov


@compiled
def push(dt: float, acceleration: float) -> FloatArray:
    """Return the covariance [5, 5] that an unknown acceleration, constant for `dt` s, adds."""
    cov = np.zeros((5, 5))
    square = acceleration * acceleration
    for axis in range(2):
        cov[axis, axis] = 0.25 * square * dt**4
        cov[axis, axis + 2] = cov[axis + 2, axis] = 0.5 * square * dt**3
        cov[axis + 2, axis + 2] = square * dt**2
    return cov


@compiled
def conditioned(
    mean: FloatArray, covariance: FloatArray, place: FloatArray, information: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return mean [5] and covariance [5, 5] when x, y, radius are known to be `place` [3].

    Args:
        mean: [5] before.
        covariance: [5, 5] before.
        place: [3] mean of x, y, radius after.
        information: [3, 3] that was added about them.
    """
    chosen = np.array([0, 1, 4])
    prior = np.empty((3, 3))
    across = np.empty((5, 3))
    shift = np.empty(3)
    for column in range(3):
        for row in range(5):
            across[row, column] = covariance[row, chosen[column]]
        shift[column] = place[column] - mean[chosen[column]]
        for row in range(3):
            prior[row, column] = covariance[chosen[row], chosen[column]]
    certainty = inverse(prior)
    gain = across @ certainty
    after = inverse(certainty + information)
    new = covariance - gain @ (prior - after) @ gain.T
    return mean + gain @ shift, 0.5 * (new + new.T)
