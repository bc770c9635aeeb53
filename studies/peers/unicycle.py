"""The task of the peers in CasADi: the package's own robot and cost, for solvers of others.

Stages, step and cost terms are those that the package's controller optimises (`control.costs`), so
that peers are asked the same question. Obstacles are either the same barrier, as a cost, or
distances, for solvers that take constraints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np

from mme_ilqr_ros.control.costs import Penalty, Reference, softplus
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.problem import gauss_newton, stage_penalties
from mme_ilqr_ros.control.robots import DifferentialDrive
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.circles import no_circles

Number = Any  # a symbol, a tensor or a number
COLUMNS = 4  # of a circle: x, y, radius, and 1 where it moves, else 0
NX, NU = 5, 2  # x, y, yaw, speed, turning rate; speed and turning rate at the end of the stage


def clearance_of(x: ca.SX, circle: ca.SX, w: dict[str, float]) -> ca.SX:
    """Return the clearance between robot and circle, beyond the margin [m]."""
    distance = ca.sqrt((x[0] - circle[0]) ** 2 + (x[1] - circle[1]) ** 2 + 1e-12)
    return distance - circle[2] - w["keep_away"]


def circle_penalty(x: ca.SX, circle: ca.SX, w: dict[str, float], share: ca.SX = 1.0) -> Penalty:
    """Return the barrier that the package's kernel puts round a circle; see `kernel.Barrier`.

    Args:
        x: State [5].
        circle: x, y, radius, and whether it moves [4].
        w: `Unicycle.values`.
        share: Of the barrier that is charged where the circle stands.
    """
    stiff, cutoff = w["stiff_gap"], w["cutoff_gap"]
    gradient, curvature = 1.0 / cutoff - 1.0 / stiff, 1.0 / stiff**2

    def loss(r: ca.SX) -> ca.SX:
        ratio = ca.fmin(ca.fmax(r, stiff), cutoff) / cutoff
        excess = ca.fmin(r - stiff, 0.0)
        return ratio - 1.0 - ca.log(ratio) + excess * (gradient + curvature * excess / 2)

    charged = ca.if_else(circle[3], 1.0, share)
    return Penalty(w["barrier_weight"] * charged, clearance_of(x, circle, w), loss)


def contact_penalty(x: ca.SX, circle: ca.SX, w: dict[str, float]) -> Penalty:
    """Return what the package's kernel charges for contact, at any speed."""

    def loss(r: ca.SX) -> ca.SX:
        return ca.fmin(r - w["contact_gap"], 0.0) ** 2 / 2

    return Penalty(w["contact_weight"], clearance_of(x, circle, w), loss)


def rate_penalty(change: ca.SX, largest: float, weight: float) -> Penalty:
    """Return the squared excess of a control's change, for solvers that know only a box."""

    def loss(r: ca.SX) -> ca.SX:
        return softplus(r - largest) ** 2 + softplus(-largest - r) ** 2

    return Penalty(weight, change, loss)


@dataclass(frozen=True)
class Unicycle:
    """The optimal control problem of a settings object, with a number of circles.

    Attributes:
        settings: Weights, radius, limits, stages.
        n_circles: Circles that the cost is aware of; 0 where they are constraints.
        rate_weight: Weight of `rate_penalty`, for solvers without constraints; 0 for none.
    """

    settings: ControllerSettings
    n_circles: int
    rate_weight: float = 0.0

    @cached_property
    def values(self) -> dict[str, float]:
        """Every weight per stage, with the barrier's shape and the energy of a contact."""
        s, costs, dt = self.settings, self.settings.costs, self.settings.mme.model_dt
        data = stage_data(standard_problem(settings=s), s, np.zeros(2), no_circles(), None)
        world = data.world
        return {
            "goal_width": costs.goal_width,
            "goal_weight": costs.goal_weight * dt,
            "terminal_goal_weight": costs.terminal_goal_weight,
            "vx_weight": costs.vx_weight * dt,
            "wz_weight": costs.wz_weight * dt,
            "ax_weight": costs.ax_weight / dt,
            "az_weight": costs.az_weight / dt,
            "terminal_speed_weight": costs.terminal_speed_weight,
            "barrier_weight": world.barrier.weight,
            "stiff_gap": world.barrier.stiff,
            "cutoff_gap": world.barrier.cutoff,
            "keep_away": world.barrier.radius,
            "contact_gap": world.barrier.contact,
            "contact_weight": world.barrier.stiffness,
            "standing": world.barrier.standing,
            "energy_vx": float(data.energy[0]),
            "energy_wz": float(data.energy[1]),
        }

    def share(self, vx: Number, wz: Number) -> Number:
        """Return the share that is charged of the barriers of what stands, at two speeds."""
        w = self.values
        return w["standing"] + w["energy_vx"] * vx**2 + w["energy_wz"] * wz**2

    def penalties(
        self, final: bool, x: ca.SX, u: ca.SX, goal: ca.SX, circles: ca.SX
    ) -> list[Penalty]:
        """Return the cost of a stage, or of the end of the horizon.

        Args:
            final: Whether it is the end.
            x: State [5].
            u: Control [2].
            goal: The goal [2].
            circles: x, y, radius, and whether it moves [M, 4].
        """
        s, dt, costs = self.settings, self.settings.mme.model_dt, self.settings.costs
        wanted = Reference(DifferentialDrive.model, dt, goal[0], goal[1])
        own = costs.final(x, wanted) if final else stage_penalties(costs, x, u, wanted)
        penalties = [penalty for penalty in own if not penalty.optional]
        if self.rate_weight and not final:
            rates = enumerate((s.ax_max, s.az_max))
            penalties += [
                rate_penalty(u[i] - x[3 + i], rate * dt, self.rate_weight) for i, rate in rates
            ]
        w, share = self.values, self.share(0.0, 0.0) if final else self.share(u[0], u[1])
        for i in range(self.n_circles):
            penalties.append(circle_penalty(x, circles[i, :], w, share))
            penalties.append(contact_penalty(x, circles[i, :], w))
        return penalties

    def step(self, x: ca.SX, u: ca.SX) -> ca.SX:
        """Return the state one stage later [5]."""
        return DifferentialDrive.model.step(x, u, self.settings.mme.model_dt)

    def quadratic(self, final: bool) -> ca.Function:
        """Return (x, u, p) -> (x', l), (A, B, l_x, l_u, l_xx, l_xu, l_uu) of a stage, as one list.

        The second derivatives are generalised Gauss-Newton; as in the package's kernel, the mixed
        ones of speed and clearance are left out. p is the goal and the circles' rows, one after the
        other. At the end of the horizon u, x' and their derivatives mean nothing.
        """
        x, u, p, circles = self._symbols()
        penalties = self.penalties(final, x, u, p[:2], circles)
        cost, gradient, curvature = gauss_newton(penalties, ca.vertcat(x, u))
        if self.n_circles and not final:  # weights that depend on the controls
            slope = ca.jacobian(cost_of(penalties[-2 * self.n_circles :]), u).T
            gradient[NX:] += slope
            curvature[NX:, NX:] += ca.jacobian(slope, u)
        ahead = self.step(x, u)
        parts = [
            *(ca.jacobian(ahead, v) for v in (x, u)),
            *(gradient[:NX], gradient[NX:]),
            *(curvature[:NX, :NX], curvature[:NX, NX:], curvature[NX:, NX:]),
        ]
        return _function("quadratic", [x, u, p], [ahead, cost, *parts])

    def value(self, final: bool) -> ca.Function:
        """Return (x, u, p) -> (x', l) of a stage; see `quadratic`."""
        x, u, p, circles = self._symbols()
        cost = cost_of(self.penalties(final, x, u, p[:2], circles))
        return _function("value", [x, u, p], [self.step(x, u), cost])

    def _symbols(self) -> tuple[ca.SX, ca.SX, ca.SX, ca.SX]:
        x, u = ca.SX.sym("x", NX), ca.SX.sym("u", NU)
        p = ca.SX.sym("p", 2 + COLUMNS * self.n_circles)
        return x, u, p, ca.reshape(p[2:], COLUMNS, self.n_circles).T


def cost_of(penalties: Iterable[Penalty]) -> ca.SX:
    """Return the sum of penalties."""
    return sum((p.weight * p.loss(p.residual) for p in penalties), ca.SX(0))


def _function(name: str, inputs: list[ca.SX], outputs: list[ca.SX]) -> ca.Function:
    return ca.Function(name, inputs, [ca.densify(o) for o in outputs], {"cse": True})
