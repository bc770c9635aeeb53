"""Cost terms: cost = loss(residual(x, u)), with a convex loss.

A term is one small class. Because the loss is convex in the residual, the generalised
Gauss-Newton Hessian J' loss'' J is never indefinite, whatever the residual (`problem.py`).
Numbers that may change while driving (weights, the goal) are read from named parameters, so that
a changed weight never recompiles anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import casadi as ca


class CostTerm(Protocol):
    """What a cost term offers; see `GoalTerm` for an example."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the numbers that the term reads from `p`; terms may share a name."""
        ...

    @property
    def terminal(self) -> bool:
        """True: charged once at the end of the horizon. False: charged at every stage."""
        ...

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the residual [m]; a terminal term must not read `u`."""
        ...

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the loss of the residual [m], convex in r."""
        ...


def pseudo_huber(r: ca.SX, width: ca.SX | float) -> ca.SX:
    """Return sqrt(|r|^2 + width^2) - width: the distance |r|, rounded off near zero."""
    return ca.sqrt(ca.sumsqr(r) + width**2) - width


@dataclass(frozen=True)
class GoalTerm:
    """Distance from the robot to the goal point, linear far away and smooth at the goal."""

    weight: str = "goal_weight"
    terminal: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Weight [1/m], goal point [m] and rounding width [m]."""
        return (self.weight, "goal_x", "goal_y", "goal_width")

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the vector from the goal to the robot [2]."""
        return ca.vertcat(x[0] - p["goal_x"], x[1] - p["goal_y"])

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight times the rounded distance."""
        return p[self.weight] * pseudo_huber(r, p["goal_width"])


@dataclass(frozen=True)
class EffortTerm:
    """Squared control, so that nothing moves or turns without a reason."""

    index: int
    weight: str
    terminal: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The weight."""
        return (self.weight,)

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return one control [1]."""
        return u[self.index]

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight * r^2."""
        return p[self.weight] * r**2


@dataclass(frozen=True)
class SmoothnessTerm:
    """Squared change of a control against the state that holds the control before."""

    index: int
    held_state: int
    weight: str
    terminal: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The weight."""
        return (self.weight,)

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the change of the control within the stage [1]."""
        return u[self.index] - x[self.held_state]

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight * r^2."""
        return p[self.weight] * r**2


@dataclass(frozen=True)
class StopTerm:
    """Squared speed at the end of the horizon: a plan that ends at rest can always be kept."""

    held_states: tuple[int, ...]
    weight: str = "terminal_speed_weight"
    terminal: bool = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """The weight."""
        return (self.weight,)

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the held controls [m]."""
        return ca.vertcat(*(x[i] for i in self.held_states))

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight * |r|^2."""
        return p[self.weight] * ca.sumsqr(r)
