"""Braking: the command for every situation in which there is no better one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.models import ControlLimits


def brake(
    controls: Sequence[float], limits: ControlLimits, period: float, kept: Sequence[int] = ()
) -> NDArray[np.float64]:
    """Return the next controls [nu] on the way to rest, as fast as the limits allow.

    Args:
        controls: Controls that hold now [nu]; one that is not finite counts as zero.
        limits: Their rates of change are used.
        period: Time until the command after this one [s].
        kept: Indices of controls to leave as they are (a steering angle).
    """
    now = np.where(np.isfinite(controls), controls, 0.0)
    rest = np.zeros_like(now)
    rest[list(kept)] = now[list(kept)]
    return limits.clip(rest, now, period)


def stop_time(controls: Sequence[float], limits: ControlLimits, kept: Sequence[int] = ()) -> float:
    """Return the time that braking takes [s]."""
    rates = zip(controls, limits.rate, strict=True)
    return max((abs(v) / rate for i, (v, rate) in enumerate(rates) if i not in kept), default=0.0)
