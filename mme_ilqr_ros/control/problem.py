"""The optimal control problem as symbolic stage functions.

minimise  sum_t l(x_t, u_t, p_t) + phi(x_T, p_T)   subject to  x_{t+1} = f(x_t, u_t)

l and phi are sums of loss(residual). Their second derivatives are generalised Gauss-Newton:
with J the residual's Jacobian, J' loss'' J. That is positive semidefinite for any convex loss,
so the backward pass needs no repair of indefinite matrices.
Clearance (circles and the distance field) is added by the kernel, which loops over obstacles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import casadi as ca

from mme_ilqr_ros.control.costs import CostTerm
from mme_ilqr_ros.models import RobotModel


@dataclass(frozen=True)
class Problem:
    """A robot and what it is asked to do.

    Attributes:
        model: The robot.
        terms: Stage and terminal cost terms.
    """

    model: RobotModel
    terms: tuple[CostTerm, ...]

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the run-time numbers p, in their order in the parameter vector [np]."""
        seen: dict[str, None] = {}
        for term in self.terms:
            seen.update(dict.fromkeys(term.parameters))
        return tuple(seen)

    def functions(self) -> tuple[ca.Function, ...]:
        """Return every symbolic function that the kernel needs.

        step(x, u, dt) -> x';  step_jacobian(x, u, dt) -> A = df/dx, B = df/du;
        stage_cost(x, u, p) -> l;  stage_quadratic(x, u, p) -> l_x, l_u, l_xx, l_ux, l_uu;
        terminal_cost(x, p) -> phi;  terminal_quadratic(x, p) -> phi_x, phi_xx.
        """
        x, u = ca.SX.sym("x", self.model.nx), ca.SX.sym("u", self.model.nu)
        dt, p = ca.SX.sym("dt"), ca.SX.sym("p", max(1, len(self.parameter_names)))
        named = {name: p[i] for i, name in enumerate(self.parameter_names)}
        f = self.model.step(x, u, dt)
        stage = [term for term in self.terms if not term.terminal]
        final = [term for term in self.terms if term.terminal]
        z = ca.vertcat(x, u)
        l_, l_z, l_zz = gauss_newton(stage, x, u, named, z)
        phi, phi_x, phi_xx = gauss_newton(final, x, u, named, x)
        nx = self.model.nx
        blocks = [l_z[:nx], l_z[nx:], l_zz[:nx, :nx], l_zz[nx:, :nx], l_zz[nx:, nx:]]
        return (
            _function("step", [x, u, dt], [f]),
            _function("step_jacobian", [x, u, dt], [ca.jacobian(f, x), ca.jacobian(f, u)]),
            _function("stage_cost", [x, u, p], [l_]),
            _function("stage_quadratic", [x, u, p], blocks),
            _function("terminal_cost", [x, p], [phi]),
            _function("terminal_quadratic", [x, p], [phi_x, phi_xx]),
        )


def gauss_newton(
    terms: Sequence[CostTerm], x: ca.SX, u: ca.SX, p: dict[str, ca.SX], z: ca.SX
) -> tuple[ca.SX, ca.SX, ca.SX]:
    """Return (cost, gradient [nz], Gauss-Newton Hessian [nz, nz]) of a sum of terms in z."""
    cost, gradient, hessian = ca.SX(0), ca.SX(z.numel(), 1), ca.SX(z.numel(), z.numel())
    for term in terms:
        residual = term.residual(x, u, p)
        r = ca.SX.sym("r", residual.numel())
        loss = term.loss(r, p)
        loss_rr, loss_r = ca.hessian(loss, r)
        jacobian = ca.jacobian(residual, z)
        at = _substitution(r, residual)
        cost += at(loss)
        gradient += jacobian.T @ at(loss_r)
        hessian += jacobian.T @ at(loss_rr) @ jacobian
    return cost, gradient, hessian


def _substitution(symbol: ca.SX, value: ca.SX) -> Callable[[ca.SX], ca.SX]:
    return lambda expression: ca.substitute(expression, symbol, value)


def _function(name: str, inputs: list[ca.SX], outputs: list[ca.SX]) -> ca.Function:
    return ca.Function(name, inputs, [ca.densify(o) for o in outputs], {"cse": True})
