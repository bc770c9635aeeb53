"""Braking: the command for every situation in which there is no better one."""

from __future__ import annotations

import math

from mme_ilqr_ros.models import ControlLimits


def brake(velocities: tuple[float, ...], limits: ControlLimits, period: float) -> tuple[float, ...]:
    """Return the next velocities on the way to rest, as fast as the limits allow.

    Args:
        velocities: Velocities that hold now [nu]; one that is not finite counts as zero.
        limits: Their rates of change are used.
        period: Time until the command after this one [s].
    """
    braked = []
    for velocity, rate in zip(velocities, limits.rate, strict=True):
        current = velocity if math.isfinite(velocity) else 0.0
        braked.append(math.copysign(max(abs(current) - rate * period, 0.0), current))
    return tuple(braked)
