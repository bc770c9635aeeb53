"""A message as it was received: its value, its frame, and how old it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose


@dataclass(frozen=True, eq=False)
class Received:
    """A value, the frame it is in, and when it came, on the steady clock and by its own stamp.

    `lag` is its age in s when it came, by its stamp.
    """

    value: Any
    frame: str
    arrival: float
    stamp: float
    lag: float = 0.0

    @property
    def age(self) -> float:
        """Age of what was measured [s]."""
        return time.monotonic() - self.arrival + self.lag


# Values seen from a frame in which their own frame has this pose.
MOVES: Mapping[str, Callable[[Any, Pose], Any]] = {
    "map": DistanceField.transformed,
    "cost_to_go": CostToGo.transformed,
    "plan": Path.transformed,
    "goal": lambda goal, pose: pose.compose(goal),
}
