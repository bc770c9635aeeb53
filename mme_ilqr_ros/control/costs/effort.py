"""Squared controls, their squared changes, and the speed at the end of the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mme_ilqr_ros.control.costs.term import CostTerm, Penalty, Reference, squared, stacked
from mme_ilqr_ros.settings import setting

if TYPE_CHECKING:
    import casadi as ca


@dataclass(frozen=True)
class EffortCost(CostTerm):
    """Squared controls, so that nothing moves or turns without a reason.

    It applies to the controls named vx, vy, wz and steering.
    """

    vx_weight: float = setting(
        0.1, "Cost of forward speed squared. Raise it to drive slower.", unit="s/m^2", low=0.0
    )
    wz_weight: float = setting(
        0.1, "Cost of turning rate squared. Raise it if the robot wiggles.", unit="s/rad^2", low=0.0
    )
    steering_weight: float = setting(
        0.1,
        "ackermann: cost of the steering angle squared. Raise it if the robot weaves.",
        unit="1/(s rad^2)",
        low=0.0,
    )

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return every control."""
        linear, turning, steering = self.vx_weight, self.wz_weight, self.steering_weight
        weights = {"vx": linear, "vy": linear, "wz": turning, "steering": steering}
        names = ref.model.control_names
        return [Penalty(weights[n], u[i], squared) for i, n in enumerate(names) if n in weights]


@dataclass(frozen=True)
class SmoothnessCost(CostTerm):
    """Squared rates of change of the same controls, where a state holds the control before."""

    ax_weight: float = setting(
        0.02, "Cost of acceleration squared. Raise it for softer starts.", unit="s^3/m^2", low=0.0
    )
    az_weight: float = setting(
        0.03, "Cost of turning acceleration squared.", unit="s^3/rad^2", low=0.0
    )
    steering_rate_weight: float = setting(
        0.01, "ackermann: cost of the steering rate squared.", unit="s/rad^2", low=0.0
    )

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the change of every control; divided by the duration, that is its rate."""
        linear, turning, steering = self.ax_weight, self.az_weight, self.steering_rate_weight
        weights = {"vx": linear, "vy": linear, "wz": turning, "steering": steering}
        per_second = 1.0 / ref.dt
        controls = enumerate(zip(ref.model.control_names, ref.model.held_state, strict=True))
        return [
            Penalty(weights[name] * per_second**2, u[i] - x[held], squared)
            for i, (name, held) in controls
            if name in weights and held >= 0
        ]


@dataclass(frozen=True)
class StopCost(CostTerm):
    """Squared speed at the end of the horizon: a plan that ends at rest can always be kept."""

    terminal_speed_weight: float = setting(
        0.1, "Cost of speed squared at the end of the horizon.", unit="s^2/m^2", low=0.0
    )

    def final(self, x: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the controls that braking would bring to zero."""
        kept, held_states = ref.model.kept_when_braking, enumerate(ref.model.held_state)
        moving = [x[held] for i, held in held_states if held >= 0 and i not in kept]
        return [Penalty(self.terminal_speed_weight, stacked(*moving), squared)][: len(moving)]
