"""The heading at the goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mme_ilqr_ros.control.costs.term import Penalty, Reference, TargetTerm, squared, stacked
from mme_ilqr_ros.settings import setting

if TYPE_CHECKING:
    import casadi as ca


@dataclass(frozen=True)
class HeadingCost(TargetTerm):
    """Wrong heading at the goal: weight * 2 (1 - cos(error)), which needs no angle wrapping.

    It fades out away from the goal, where the way there decides on the heading.
    """

    goal_yaw_weight: float = setting(
        0.5,
        "Running cost of the wrong heading near the goal, up to four times this; used when"
        " yaw_goal_tolerance asks for a heading. Raise it if the robot turns too slowly there.",
        unit="1/s",
        low=0.0,
    )
    terminal_goal_yaw_weight: float = setting(
        2.0,
        "Cost of the wrong heading at the end of the horizon, up to four times this.",
        low=0.0,
    )

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the error."""
        return [self._error(self.goal_yaw_weight, x, ref)]

    def final(self, x: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the error."""
        return [self._error(self.terminal_goal_yaw_weight, x, ref)]

    def _error(self, weight: float, x: ca.SX, ref: Reference) -> Penalty:
        """Return the chord between the two headings on the unit circle, faded [2]."""
        import casadi as ca

        chord = stacked(ca.cos(x[2]) - ref.heading_cos, ca.sin(x[2]) - ref.heading_sin)
        faded = self.nearness(x, ref) * chord
        return Penalty(weight * ref.heading_wanted, faded, squared, optional=True)
