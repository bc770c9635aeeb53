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
    caution: float = setting(
        8.0,
        "Cost of passing what stands at full speed, in multiples of clearance_weight; it falls with"
        " the square of the speed. Raise it to pass things more slowly and further away.",
        low=0.1,
        high=100.0,
    )
    standing_share: float = setting(
        0.005,
        "Share of that cost that is charged at rest too. At 1 speed does not count, and plans wait"
        " in front of narrow places.",
        low=0.0,
        high=1.0,
    )
    clearance_distance: float = setting(
        0.0,
        "Clearance between robot and obstacle from which the obstacle costs nothing; 0: 1.5 radii."
        " Too wide makes it slow in narrow passages.",
        unit="m",
        low=0.0,
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
        0.0,
        "Clearance below which the obstacle cost continues as a stiff quadratic; below"
        " clearance_distance. 0: 0.15 radii.",
        unit="m",
        low=0.0,
        high=0.5,
    )
