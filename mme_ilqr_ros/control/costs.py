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


def softplus(r: ca.SX, width: float = 0.01) -> ca.SX:
    """Return max(r, 0), rounded off over `width`, so that it has a curvature everywhere."""
    return (r + ca.sqrt(r**2 + width**2)) / 2


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


@dataclass(frozen=True)
class PathTerm:
    """Distance from the plan: across it (contour) and along it (lag).

    Every stage has a point of the plan of its own (`target.py`), so the cost asks for progress too.
    It grows linearly far away from the plan, so that a way round an obstacle stays affordable.
    """

    terminal: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Weights [1/m], the stage's point [m] and direction, rounding width [m]."""
        weights = ("contour_weight", "lag_weight")
        return (*weights, "path_x", "path_y", "path_cos", "path_sin", "goal_width")

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return (how far to the left of the plan, how far ahead of the stage's point) [2]."""
        dx, dy = x[0] - p["path_x"], x[1] - p["path_y"]
        return ca.vertcat(
            p["path_cos"] * dy - p["path_sin"] * dx, p["path_cos"] * dx + p["path_sin"] * dy
        )

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the weighted rounded distances."""
        width = p["goal_width"]
        contour, lag = pseudo_huber(r[0], width), pseudo_huber(r[1], width)
        return p["contour_weight"] * contour + p["lag_weight"] * lag


@dataclass(frozen=True)
class SpeedTerm:
    """Deviation of a control from a wanted speed, which fades out at the target."""

    index: int = 0
    terminal: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Weight, wanted speed [m/s], target [m] and the distance at which the wish fades [m]."""
        return ("speed_weight", "speed_reference", "goal_x", "goal_y", "goal_width")

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the deviation [1]."""
        square = (x[0] - p["goal_x"]) ** 2 + (x[1] - p["goal_y"]) ** 2
        far = square / (square + p["goal_width"] ** 2)
        return u[self.index] - p["speed_reference"] * far

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight * r^2."""
        return p["speed_weight"] * r**2


@dataclass(frozen=True)
class YawTerm:
    """Wrong heading at the goal point: weight * 2 (1 - cos(error)), which knows no wrapping.

    It fades out away from the goal, where the way there decides on the heading.
    """

    weight: str = "goal_yaw_weight"
    terminal: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The weight, the wanted heading's cosine and sine, the goal [m] and its width [m]."""
        return (self.weight, "goal_cos", "goal_sin", "goal_x", "goal_y", "goal_width")

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the chord between the headings on the unit circle, faded [2]."""
        square = (x[0] - p["goal_x"]) ** 2 + (x[1] - p["goal_y"]) ** 2
        near = p["goal_width"] ** 2 / (square + p["goal_width"] ** 2)
        return near * ca.vertcat(ca.cos(x[2]) - p["goal_cos"], ca.sin(x[2]) - p["goal_sin"])

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight * |r|^2."""
        return p[self.weight] * ca.sumsqr(r)
