"""Velocity commands within a robot's limits, whoever made them; without numpy.

What is too much is scaled down as a whole: the robot keeps the curve that was commanded, slower.
Braking is never slowed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Twist = tuple[float, float, float]
"""Forward and sideways speed [m/s] and turning rate [rad/s]."""

REST: Twist = (0.0, 0.0, 0.0)
NAMES = ("vx", "vy", "wz")
ROUNDING = 1e-6  # m/s and rad/s
SPARE_RATE = 1.1  # times the limit of acceleration, in the long run
SPARE_PERIODS = 2.0  # by which a command may come late, and its speed be made good
LEAST_PERIOD = 0.05  # [s]


@dataclass(frozen=True)
class TwistLimits:
    """Limits of (vx, vy, wz).

    Attributes:
        lower: Lowest speeds [m/s, m/s, rad/s], not above 0.
        upper: Highest speeds, not below 0.
        rate: Largest accelerations [m/s^2, m/s^2, rad/s^2].
        curvature: Largest `|wz| / |vx|` [1/m]: what a steered robot can turn; inf for others.
    """

    lower: Twist
    upper: Twist
    rate: Twist
    curvature: float = math.inf


@dataclass(frozen=True)
class Limited:
    """A command within the limits.

    Attributes:
        twist: The command.
        note: What was too much, with numbers; empty where nothing was.
    """

    twist: Twist
    note: str = ""


class CommandLimiter:
    """Knows the last command, and how much faster the next one may be.

    The change of speed is a budget that time fills: commands that come late and early in turn, as
    on a busy machine, pass as they are, while the acceleration over more than two periods keeps its
    limit. A robot that already moves faster, by its odometry, may be commanded what it drives.

    Attributes:
        last: The last command.
    """

    def __init__(self, limits: TwistLimits) -> None:
        self.limits = limits
        self.last: Twist = REST
        self._budget = [math.inf] * 3  # of speed; cut to what may be spared when it is used
        self._time = -math.inf

    def stop(self) -> Twist:
        """Return a zero command, which is the last one from now on."""
        self.last = REST
        return REST

    def limited(self, wanted: Twist, now: float, period: float, measured: Twist = REST) -> Limited:
        """Return the command within the limits that is nearest to one.

        Args:
            wanted: A command of finite numbers.
            now: Time [s].
            period: Usual time between commands [s].
            measured: How the robot moves; zero where that is not known.
        """
        limits, elapsed = self.limits, now - self._time
        self._time = now
        share, note = 1.0, ""
        wanted = self._steerable(wanted)
        bases = [_base(*speeds) for speeds in zip(wanted, self.last, measured, strict=True)]
        for i, value in enumerate(wanted):
            rate = limits.rate[i]
            most = SPARE_PERIODS * max(period, LEAST_PERIOD) * rate
            filled = self._budget[i] + SPARE_RATE * rate * max(elapsed, 0.0)
            self._budget[i] = min(most, filled) if math.isfinite(filled) else most
            if abs(value) <= ROUNDING:
                continue
            limit = limits.upper[i] if value > 0.0 else -limits.lower[i]
            reachable = bases[i] + self._budget[i]
            allowed = min(limit, max(reachable, 0.0))
            if allowed < share * abs(value) - ROUNDING:
                share = allowed / abs(value)
                why = "is above its limit" if limit <= reachable else "comes too suddenly"
                note = f"{NAMES[i]} = {value:.2f} {why}, now at most {allowed:.2f}"
        twist = tuple(0.0 if abs(value) <= ROUNDING else share * value for value in wanted)
        for i, value in enumerate(twist):
            self._budget[i] -= max(abs(value) - bases[i], 0.0)
        self.last = (twist[0], twist[1], twist[2])
        return Limited(self.last, note)

    def _steerable(self, wanted: Twist) -> Twist:
        """Return the command without what a steered robot cannot turn."""
        most = self.limits.curvature * abs(wanted[0]) if wanted[0] else 0.0
        if math.isinf(self.limits.curvature) or abs(wanted[2]) <= most:
            return wanted
        return wanted[0], wanted[1], math.copysign(most, wanted[2])


def _base(wanted: float, last: float, measured: float) -> float:
    """Return the speed from which a robot that is to drive this way would be sped up."""
    way = math.copysign(1.0, wanted)
    return max(way * last, way * measured, 0.0)
