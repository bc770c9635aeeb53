"""A cost term: weight * loss(residual), with its settings as the fields of one class.

A term is a frozen dataclass. Its fields are declared by `setting(...)`, so that parameter files,
docs and ROS descriptors follow from them. While the problem is built, the fields hold CasADi
symbols; in a control cycle they hold numbers, so a changed weight compiles nothing. Because the
loss is convex in the residual, the generalised Gauss-Newton Hessian J' loss'' J is never
indefinite, whatever the residual (`problem.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mme_ilqr_ros.settings import Settings, setting

if TYPE_CHECKING:
    import casadi as ca

    from mme_ilqr_ros.models import RobotModel


Number = Any  # a symbol while the problem is built, a number (or one a stage) in a cycle


@dataclass(frozen=True)
class Reference:
    """What a stage is asked for, and its duration. Terms read it as symbols.

    Attributes:
        model: The robot: names of its controls, and the states that hold them.
        dt: Stage duration [s].
        target_x: Point to head for [m].
        target_y: Likewise.
        goal_fraction: Fraction of the goal weights on the straight distance to the target; the
            rest weights the planner's cost-to-go.
        heading_wanted: 1 where a heading is wanted at the target, else 0.
        heading_cos: Cosine of that heading.
        heading_sin: Sine of it.
        path_given: 1 where there is a plan to keep to, else 0.
        path_x: Point of the plan for this stage [m].
        path_y: Likewise.
        path_cos: Cosine of the plan's heading there.
        path_sin: Sine of it.
    """

    model: RobotModel
    dt: Number
    target_x: Number = 0.0
    target_y: Number = 0.0
    goal_fraction: Number = 1.0
    heading_wanted: Number = 0.0
    heading_cos: Number = 1.0
    heading_sin: Number = 0.0
    path_given: Number = 0.0
    path_x: Number = 0.0
    path_y: Number = 0.0
    path_cos: Number = 1.0
    path_sin: Number = 0.0


REFERENCE_NAMES = tuple(f.name for f in dataclasses.fields(Reference) if f.name != "model")
STAGE_NAMES = ("path_x", "path_y", "path_cos", "path_sin")  # differ from stage to stage
SCALAR_NAMES = tuple(
    name for name in REFERENCE_NAMES if name[:5] != "path_" or name == "path_given"
)


class Penalty(NamedTuple):
    """One summand of the cost: weight * loss(residual).

    Attributes:
        weight: Not negative; per second of driving at a stage, once at the end of the horizon. It
            must not depend on the state, the control or the stage's point of the plan.
        residual: Expression of state and control [n].
        loss: Convex function of the residual.
        optional: The kernel skips the optional penalties of a stage where all their weights are 0.
    """

    weight: Number
    residual: ca.SX
    loss: Callable[[ca.SX], ca.SX]
    optional: bool = False


@dataclass(frozen=True)
class CostTerm(Settings):
    """Base of all cost terms; see `goal.py` for an example."""

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return what a stage costs per second, in state x [nx] under control u [nu]."""
        return ()

    def final(self, x: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return what the state x [nx] at the end of the horizon costs."""
        return ()


@dataclass(frozen=True)
class CostSum(CostTerm):
    """The sum of all terms that a class derives from, and of those in its fields."""

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the penalties of all terms at a stage."""
        inherited = [p for term in self._bases() for p in term.stage(self, x, u, ref)]
        return inherited + [p for term in self._fields() for p in term.stage(x, u, ref)]

    def final(self, x: ca.SX, ref: Reference) -> Sequence[Penalty]:
        """Return the penalties of all terms at the end of the horizon."""
        inherited = [p for term in self._bases() for p in term.final(self, x, ref)]
        return inherited + [p for term in self._fields() for p in term.final(x, ref)]

    def _bases(self) -> list[type[CostTerm]]:
        sums = [kind for kind in type(self).__mro__ if issubclass(kind, CostSum)]
        bases = [base for kind in sums for base in kind.__bases__]
        return [b for b in bases if issubclass(b, CostTerm) and not issubclass(b, CostSum)]

    def _fields(self) -> list[CostTerm]:
        values = [getattr(self, field.name) for field in dataclasses.fields(self)]
        return [value for value in values if isinstance(value, CostTerm)]


@dataclass(frozen=True)
class TargetTerm(CostTerm):
    """Base of the terms that change near the target."""

    goal_width: float = setting(
        0.0,
        "Distance to the target below which its cost becomes quadratic; 0: 1.5 radii.",
        unit="m",
        low=0.0,
        high=5.0,
    )

    def nearness(self, x: ca.SX, ref: Reference) -> ca.SX:
        """Return 1 at the target and 0 far away; 1/2 at goal_width."""
        square = (x[0] - ref.target_x) ** 2 + (x[1] - ref.target_y) ** 2
        return self.goal_width**2 / (square + self.goal_width**2)


# Settings are read by processes that solve nothing, so CasADi is imported where it is used.


def stacked(*parts: ca.SX) -> ca.SX:
    """Return numbers one below the other, as a column."""
    import casadi as ca

    return ca.vertcat(*parts)


def squared(r: ca.SX) -> ca.SX:
    """Return `|r|^2`."""
    import casadi as ca

    return ca.sumsqr(r)


def pseudo_huber(r: ca.SX, width: ca.SX | float) -> ca.SX:
    """Return `sqrt(|r|^2 + width^2) - width`: the distance `|r|`, smooth near zero."""
    return (squared(r) + width**2) ** 0.5 - width


def softplus(r: ca.SX, width: float = 0.01) -> ca.SX:
    """Return max(r, 0), smoothed over `width`, so that it has a curvature everywhere."""
    return (r + (r**2 + width**2) ** 0.5) / 2
