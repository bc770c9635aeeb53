"""Cost terms, one class each; `CostSettings` is all of them."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.control.costs.clearance import ClearanceCost
from mme_ilqr_ros.control.costs.effort import EffortCost, SmoothnessCost, StopCost
from mme_ilqr_ros.control.costs.goal import GoalCost
from mme_ilqr_ros.control.costs.heading import HeadingCost
from mme_ilqr_ros.control.costs.path import PathCost
from mme_ilqr_ros.control.costs.speed import SpeedCost
from mme_ilqr_ros.control.costs.term import (
    CostSum,
    CostTerm,
    Penalty,
    Reference,
    pseudo_huber,
    softplus,
    squared,
)

__all__ = [
    "ClearanceCost",
    "CostSettings",
    "CostSum",
    "CostTerm",
    "EffortCost",
    "GoalCost",
    "HeadingCost",
    "PathCost",
    "Penalty",
    "Reference",
    "SmoothnessCost",
    "SpeedCost",
    "StopCost",
    "pseudo_huber",
    "softplus",
    "squared",
]


@dataclass(frozen=True)
class CostSettings(
    CostSum,
    # Parameter files list the settings of the last class first.
    ClearanceCost,
    HeadingCost,
    SpeedCost,
    PathCost,
    StopCost,
    SmoothnessCost,
    EffortCost,
    GoalCost,
):
    """Weights of the cost, per second of driving unless said otherwise."""
