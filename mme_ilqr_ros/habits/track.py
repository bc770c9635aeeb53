"""A track: where a robot was, as one recording tells it; drives are cut from it (`cutting.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.errors import InputError


class TrackError(InputError):
    """A recording cannot be used; the message names the file and says what to do."""


@dataclass(frozen=True, eq=False)
class Track:
    """Positions of a robot in the map's frame, in the order of time.

    Attributes:
        points: [N, 2] m.
        times: [N] s, rising, or None where the recording has none.
        yaws: [N] rad, or None where the recording has none.
        source: The file, for messages.
        made_of: What the positions were taken from, for messages.
        goals: [K] times [s] at which a goal began or ended.
        notes: What else a person should know of the recording, one line each.
    """

    points: NDArray[np.float64]
    times: NDArray[np.float64] | None
    yaws: NDArray[np.float64] | None
    source: str
    made_of: str
    goals: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    notes: tuple[str, ...] = ()
