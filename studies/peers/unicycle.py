"""The task of the peers in CasADi: the package's own robot and cost, for solvers of others.

Stages, step and cost terms are those that the package's controller optimises (`control.costs`), so
that peers are asked the same question. Obstacles are either the same barrier, as a cost, or
distances, for solvers that take constraints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import casadi as ca

from mme_ilqr_ros.control.costs import CostTerm, GoalTerm, softplus
from mme_ilqr_ros.control.problem import gauss_newton
from mme_ilqr_ros.control.robots import DifferentialDrive
from mme_ilqr_ros.control.settings import ControllerSettings

NX, NU = 5, 2  # x, y, yaw, speed, turning rate; speed and turning rate at the end of the stage


@dataclass(frozen=True)
class CircleTerm:
    """The barrier that the package's kernel puts round every circle; see `kernel.world.Barrier`."""

    index: int
    terminal: bool = False
    parameters: tuple[str, ...] = ()

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the gap between the robot's edge and the circle's [1]."""
        cx, cy, radius = (p["circles"][self.index, i] for i in range(3))
        distance = ca.sqrt((x[0] - cx) ** 2 + (x[1] - cy) ** 2 + 1e-12)
        return distance - radius - p["keep_away"]

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the cut-off log barrier, a stiff quadratic below the stiff gap."""
        weight, stiff, cutoff = p["barrier_weight"], p["stiff_gap"], p["cutoff_gap"]
        ratio = ca.fmin(ca.fmax(r, stiff), cutoff) / cutoff
        excess = ca.fmin(r - stiff, 0.0)
        slope, curvature = 1.0 / cutoff - 1.0 / stiff, 1.0 / stiff**2
        return weight * (ratio - 1.0 - ca.log(ratio) + excess * (slope + curvature * excess / 2))


@dataclass(frozen=True)
class RateTerm:
    """Squared excess of a control's change over its limit, for solvers that know only a box."""

    index: int
    largest: float
    weight: float
    terminal: bool = False
    parameters: tuple[str, ...] = ()

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the change of the control within the stage [1]."""
        return u[self.index] - x[3 + self.index]

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight times the squared excess."""
        over, under = softplus(r - self.largest), softplus(-self.largest - r)
        return self.weight * (over**2 + under**2)


@dataclass(frozen=True)
class Unicycle:
    """The optimal control problem of a settings object, with a number of circles.

    Attributes:
        settings: Weights, radius, limits, stages.
        n_circles: Circles that the cost is aware of; 0 where they are constraints.
        rate_weight: Weight of `RateTerm`, for solvers without constraints; 0 for none.
    """

    settings: ControllerSettings
    n_circles: int
    rate_weight: float = 0.0

    def values(self) -> dict[str, float]:
        """Return every weight per stage, as `control.objective` makes it from the settings."""
        s, costs, dt = self.settings, self.settings.costs, self.settings.mme.model_dt
        return {
            "goal_width": costs.goal_width,
            "goal_weight": costs.goal_weight * dt,
            "terminal_goal_weight": costs.terminal_goal_weight,
            "vx_weight": costs.vx_weight * dt,
            "wz_weight": costs.wz_weight * dt,
            "ax_weight": costs.ax_weight / dt,
            "az_weight": costs.az_weight / dt,
            "terminal_speed_weight": costs.terminal_speed_weight,
            "barrier_weight": costs.clearance_weight * dt,
            "stiff_gap": min(costs.stiff_distance, 0.5 * costs.clearance_distance),
            "cutoff_gap": costs.clearance_distance,
            "keep_away": s.robot_radius + s.clearance_margin,
        }

    def terms(self, final: bool) -> list[CostTerm]:
        """Return the cost terms of a stage, or of the end of the horizon."""
        own = (GoalTerm("goal_weight"), GoalTerm("terminal_goal_weight", terminal=True))
        terms: list[CostTerm] = [*own, *DifferentialDrive().terms()]
        if self.rate_weight:
            dt, s = self.settings.mme.model_dt, self.settings
            rates = enumerate((s.ax_max, s.az_max))
            terms += [RateTerm(i, rate * dt, self.rate_weight) for i, rate in rates]
        circles = [CircleTerm(i) for i in range(self.n_circles)]
        return [*(term for term in terms if term.terminal == final), *circles]

    def step(self, x: ca.SX, u: ca.SX) -> ca.SX:
        """Return the state one stage later [5]."""
        return DifferentialDrive().model.step(x, u, self.settings.mme.model_dt)

    def named(self, goal: ca.SX, circles: ca.SX) -> dict[str, ca.SX | float]:
        """Return what the terms read, with goal [2] and circles x, y, radius [M, 3]."""
        return {**self.values(), "goal_x": goal[0], "goal_y": goal[1], "circles": circles}

    def quadratic(self, final: bool) -> ca.Function:
        """Return (x, u, p) -> (x', l), (A, B, l_x, l_u, l_xx, l_xu, l_uu) of a stage, as one list.

        The second derivatives are generalised Gauss-Newton. p is the goal and the circles' rows,
        one after the other. At the end of the horizon u, x' and their derivatives mean nothing.
        """
        x, u, p, named = self._symbols()
        z = ca.vertcat(x, u)
        cost, slope, curvature = gauss_newton(self.terms(final), x, u, named, z)
        ahead = self.step(x, u)
        parts = [
            *(ca.jacobian(ahead, v) for v in (x, u)),
            *(slope[:NX], slope[NX:]),
            *(curvature[:NX, :NX], curvature[:NX, NX:], curvature[NX:, NX:]),
        ]
        return _function("quadratic", [x, u, p], [ahead, cost, *parts])

    def value(self, final: bool) -> ca.Function:
        """Return (x, u, p) -> (x', l) of a stage; see `quadratic`."""
        x, u, p, named = self._symbols()
        cost = cost_of(self.terms(final), x, u, named)
        return _function("value", [x, u, p], [self.step(x, u), cost])

    def _symbols(self) -> tuple[ca.SX, ca.SX, ca.SX, dict[str, ca.SX | float]]:
        x, u = ca.SX.sym("x", NX), ca.SX.sym("u", NU)
        p = ca.SX.sym("p", 2 + 3 * self.n_circles)
        circles = ca.reshape(p[2:], 3, self.n_circles).T
        return x, u, p, self.named(p[:2], circles)


def cost_of(
    terms: Sequence[CostTerm], x: ca.SX, u: ca.SX, named: dict[str, ca.SX | float]
) -> ca.SX:
    """Return the sum of the terms."""
    return sum((term.loss(term.residual(x, u, named), named) for term in terms), ca.SX(0))


def _function(name: str, inputs: list[ca.SX], outputs: list[ca.SX]) -> ca.Function:
    return ca.Function(name, inputs, [ca.densify(o) for o in outputs], {"cse": True})
