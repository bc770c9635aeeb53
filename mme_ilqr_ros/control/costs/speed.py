"""A wanted forward speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mme_ilqr_ros.control.costs.term import Penalty, Reference, TargetTerm, squared
from mme_ilqr_ros.settings import setting

if TYPE_CHECKING:
    import casadi as ca


@dataclass(frozen=True)
class SpeedCost(TargetTerm):
    """Deviation of the first control from a wanted speed, which fades out at the target."""

    speed_weight: float = setting(
        0.0, "Cost of the squared deviation from speed_reference.", unit="s/m^2", low=0.0
    )
    speed_reference: float = setting(
        0.5,
        "Desired forward speed, used with speed_weight; reduced near the target.",
        unit="m/s",
        low=-20.0,
        high=20.0,
    )

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the deviation."""
        wanted = self.speed_reference * (1.0 - self.nearness(x, ref))
        return [Penalty(self.speed_weight, u[0] - wanted, squared, optional=True)]
