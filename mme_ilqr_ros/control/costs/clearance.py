"""Clearance of obstacles."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.control.costs.term import CostTerm
from mme_ilqr_ros.settings import setting


@dataclass(frozen=True)
class ClearanceCost(CostTerm):
    """Barrier of the distance to obstacles.

    It has no symbols: the kernel, which loops over obstacles, evaluates it (`kernel.Barrier`).
    """

    clearance_weight: float = setting(
        0.5, "Scale of the obstacle cost. Raise it to keep further away.", unit="1/s", low=0.001
    )
    clearance_distance: float = setting(
        0.3,
        "Clearance between robot and obstacle from which the obstacle costs nothing. Too wide"
        " closes narrow passages.",
        unit="m",
        low=0.02,
        high=5.0,
    )
    surprise_time: float = setting(
        0.5,
        "Moving obstacles are inflated, for the cost, as if they could have changed direction up to"
        " this long ago. Raise it if turns surprise the robot; lower it if it keeps too far away.",
        unit="s",
        low=0.0,
        high=2.0,
    )
    stiff_distance: float = setting(
        0.03,
        "Clearance below which the obstacle cost continues as a stiff quadratic; below"
        " clearance_distance.",
        unit="m",
        low=0.005,
        high=0.5,
    )
