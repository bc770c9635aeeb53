"""A drive: where a robot went from a start to a goal, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.pose import FARTHEST


class DriveError(InputError):
    """Something is no drive, or drives cannot be used; the message says why and where."""


@dataclass(frozen=True, eq=False)
class Drive:
    """One drive, from where it began to its goal.

    Attributes:
        points: [N, 2] m in the map's frame, N >= 2.
        times: [N] s, ascending, or None when they are not known.
        source: The file and where in it, for messages.

    Raises:
        DriveError: The points are fewer than two or not finite pairs of numbers, or the times do
            not ascend or are not as many.
    """

    points: NDArray[np.float64]
    times: NDArray[np.float64] | None = None
    source: str = "a drive"

    def __post_init__(self) -> None:
        """Check what was given; keep float64 arrays that cannot be written to."""
        points = _numbers(self.points, f"{self.source}: points")
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
            raise DriveError(
                f"{self.source}: points have shape {points.shape}: must be [N, 2] with N >= 2"
            )
        if (np.abs(points) > FARTHEST).any():
            raise DriveError(f"{self.source}: a point is further than {FARTHEST:g} m away")
        object.__setattr__(self, "points", points)
        if self.times is None:
            return
        times = _numbers(self.times, f"{self.source}: times")
        if times.shape != (len(points),):
            raise DriveError(
                f"{self.source}: {len(points)} points but times of shape {times.shape}"
            )
        if (np.diff(times) < 0.0).any():
            raise DriveError(f"{self.source}: times must ascend")
        object.__setattr__(self, "times", times)

    @property
    def length(self) -> float:
        """Length of the polyline [m]."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


def _numbers(values: object, name: str) -> NDArray[np.float64]:
    """Return a read-only float64 copy of an array of finite numbers."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DriveError(f"{name} are no numbers") from error
    if not np.isfinite(array).all():
        raise DriveError(f"{name} are not all finite")
    array.setflags(write=False)
    return array
