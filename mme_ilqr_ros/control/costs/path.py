"""Distance from the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mme_ilqr_ros.control.costs.term import Penalty, Reference, TargetTerm, pseudo_huber
from mme_ilqr_ros.settings import setting

if TYPE_CHECKING:
    import casadi as ca


@dataclass(frozen=True)
class PathCost(TargetTerm):
    """Distance from the plan: across it (contour) and along it (lag).

    Every stage has its own point of the plan (`target.py`), so the cost asks for progress too. It
    grows linearly far away from the plan, so that a detour round an obstacle stays affordable.
    """

    contour_weight: float = setting(
        0.0,
        "Running cost per metre beside the plan. Raise it if the robot cuts corners of a plan that"
        " it should keep to, together with lag_weight.",
        unit="1/(m s)",
        low=0.0,
    )
    lag_weight: float = setting(
        0.0,
        "Running cost per metre behind the point of the plan that a robot at path_speed would have"
        " reached; used with contour_weight.",
        unit="1/(m s)",
        low=0.0,
    )

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the distance to the left of the plan, and the one ahead of the stage's point."""
        dx, dy = x[0] - ref.path_x, x[1] - ref.path_y
        left = ref.path_cos * dy - ref.path_sin * dx
        ahead = ref.path_cos * dx + ref.path_sin * dy
        return [
            Penalty(
                weight * ref.path_given, offset, lambda r: pseudo_huber(r, self.goal_width), True
            )
            for weight, offset in ((self.contour_weight, left), (self.lag_weight, ahead))
        ]
