"""Distance to the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mme_ilqr_ros.control.costs.term import Penalty, Reference, TargetTerm, pseudo_huber, stacked
from mme_ilqr_ros.settings import setting

if TYPE_CHECKING:
    import casadi as ca


@dataclass(frozen=True)
class GoalCost(TargetTerm):
    """Distance from the robot to the target, linear far away and smooth at the target.

    Where the planner gives a cost-to-go, the kernel charges a fraction of the weights on that
    field instead (`kernel.World`).
    """

    goal_weight: float = setting(
        0.5,
        "Running cost per metre to the target. Raise it to drive faster.",
        unit="1/(m s)",
        low=0.0,
    )
    terminal_goal_weight: float = setting(
        10.0,
        "Cost per metre to the target at the end of the horizon. Raise it if the robot prefers to"
        " wait in front of an obstacle to going round.",
        unit="1/m",
        low=0.0,
    )
    cost_to_go_share: float = setting(
        0.7,
        "Fraction of the two goal weights that goes to the planner's cost-to-go, where there is"
        " one; the rest weights the straight distance to the goal. Below 0.5 a wall between robot"
        " and goal can win.",
        low=0.0,
        high=1.0,
    )

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the distance."""
        return [self._distance(self.goal_weight, x, ref)]

    def final(self, x: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the distance."""
        return [self._distance(self.terminal_goal_weight, x, ref)]

    def _distance(self, weight: float, x: ca.SX, ref: Reference) -> Penalty:
        away = stacked(x[0] - ref.target_x, x[1] - ref.target_y)
        return Penalty(weight * ref.goal_fraction, away, lambda r: pseudo_huber(r, self.goal_width))
