"""How many seconds a metre takes by place and hour, beside what it usually takes: part of habits.

`habits/pace.py` learns the value from a robot's own runs, `habit_cost.py` turns it into costs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.planning.weights import WeightsError, checked

HOURS = 24
LARGEST = 12.0
"""Largest factor on the usual seconds per metre: no detour beyond it pays."""

_FIRST_DATE = 1e8  # [s] 1973: a clock below it counts from a start of its own and shows no hour
_NAMES = ("pace.all_day", "pace.by_hour", "pace.error", "pace.usual")


@dataclass(frozen=True, eq=False)
class Pace:
    """Seconds per metre of blocks, as logarithms of their ratio to the usual ones, >= 0.

    Attributes:
        block: Side of a block [m]; block (0, 0) begins at the map's corner.
        all_day: [h, w] where the hour is not known; linear between the centres of blocks.
        by_hour: [24, h, w] by hour of the day, UTC; [0, h, w] where no run showed its hour.
        error: [h, w] standard deviation of `all_day`, the prior's where no run passed.
        usual: [K] s/m that the robot usually takes, by bands of clearance from low to high.
    """

    block: float
    all_day: np.ndarray
    by_hour: np.ndarray
    error: np.ndarray
    usual: np.ndarray

    def at(self, hour: int | None) -> np.ndarray:
        """Return the terms [h, w] of an hour; of all day if that or the runs' hours are unknown."""
        return self.all_day if hour is None or not len(self.by_hour) else self.by_hour[hour]

    def tensors(self) -> dict[str, np.ndarray]:
        """Return what a weight file keeps of it, by name; the block is a tensor too."""
        values = (self.all_day, self.by_hour, self.error, self.usual)
        named = dict(zip(_NAMES, values, strict=True)) | {"pace.block": np.array([self.block])}
        return {name: value.astype(np.float32) for name, value in named.items()}


def pace_in(tensors: Mapping[str, np.ndarray]) -> Pace | None:
    """Return the pace that the tensors of a weight file hold; None without one.

    Raises:
        WeightsError: A tensor is missing or makes no sense.
    """
    held = {name: value for name, value in tensors.items() if name.startswith("pace.")}
    if not held:
        return None
    shape, n_hours = np.shape(held.get(_NAMES[0], 0.0)), len(held.get(_NAMES[1], ()))
    if len(shape) != 2 or n_hours not in (0, HOURS):
        raise WeightsError("the weights lack a tensor of pace, or its hours are not 0 or 24")
    n_bands = np.size(held.get(_NAMES[3], ()))
    shapes = (shape, (n_hours, *shape), shape, (n_bands,))
    values = [checked(held, name, of) for name, of in zip(_NAMES, shapes, strict=True)]
    block = float(checked(held, "pace.block", (1,))[0])
    if not block > 0.0 or any((value < 0.0).any() for value in values):
        raise WeightsError("a tensor of pace has negative entries, or its block is not above 0 m")
    return Pace(block, *values)


def hours_of(times: np.ndarray) -> np.ndarray:
    """Return the hours of the day [N], UTC, of times [N] in s since 1970; -1 where they show none.

    A simulation's clock, which counts from its own start, shows none.
    """
    hours = np.floor(np.asarray(times) / 3600.0) % HOURS
    return np.where(np.asarray(times) >= _FIRST_DATE, hours, -1.0).astype(np.int64)


def hour_at(time: float) -> int | None:
    """Return the hour of the day, UTC, at a time [s] since 1970; None where it shows none."""
    if not math.isfinite(time):
        return None
    hour = int(hours_of(np.array([time]))[0])
    return None if hour < 0 else hour
