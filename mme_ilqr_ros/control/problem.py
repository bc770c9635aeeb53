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

    def functions(self) -> dict[str, ca.Function]:
        """Return every symbolic function of the problem by name.

        With b [5] the barrier's slopes (px, py) and curvatures (xx, xy, yy), which the kernel sums
        over obstacles, and of symmetric matrices the upper triangle only:

        step(x, u, dt) -> x';  step_jacobian(x, u, dt) -> A = df/dx, B = df/du;
        stage_cost(x, u, p) -> l;  stage_quadratic(x, u, p) -> l_x, l_u, l_xx, l_ux, l_uu;
        terminal_cost(x, p) -> phi;  terminal_quadratic(x, p, b) -> V_x, V_xx;
        action_value(x, u, p, dt, b, V_x, V_xx) -> Q_x, Q_u, Q_xx, Q_ux, Q_uu;
        value_update(Q_x, Q_u, Q_xx, Q_ux, Q_uu, k, K) -> V_x, V_xx, (Q_u'k, k'Q_uu k / 2).
        """
        x, u = ca.SX.sym("x", self.model.nx), ca.SX.sym("u", self.model.nu)
        dt, p = ca.SX.sym("dt"), ca.SX.sym("p", max(1, len(self.parameter_names)))
        b = ca.SX.sym("b", 5)
        named = {name: p[i] for i, name in enumerate(self.parameter_names)}
        f = self.model.step(x, u, dt)
        A, B = ca.jacobian(f, x), ca.jacobian(f, u)
        stage = [term for term in self.terms if not term.terminal]
        final = [term for term in self.terms if term.terminal]
        l_, l_z, l_zz = gauss_newton(stage, x, u, named, ca.vertcat(x, u))
        phi, phi_x, phi_xx = gauss_newton(final, x, u, named, x)
        nx = self.model.nx
        l_x, l_u, l_xx, l_ux, l_uu = (
            l_z[:nx],
            l_z[nx:],
            l_zz[:nx, :nx],
            l_zz[nx:, :nx],
            l_zz[nx:, nx:],
        )
        b_x, b_xx = _barrier(b, nx)
        V_x, V_xx = ca.SX.sym("V_x", nx), ca.SX.sym("V_xx", nx, nx)
        V = ca.triu2symm(ca.triu(V_xx))
        Q_xx, Q_ux, Q_uu = l_xx + b_xx + A.T @ V @ A, l_ux + B.T @ V @ A, l_uu + B.T @ V @ B
        Q = [l_x + b_x + A.T @ V_x, l_u + B.T @ V_x, ca.triu(Q_xx), Q_ux, ca.triu(Q_uu)]
        functions = [
            _function("step", [x, u, dt], [f]),
            _function("step_jacobian", [x, u, dt], [A, B]),
            _function("stage_cost", [x, u, p], [l_]),
            _function("stage_quadratic", [x, u, p], [l_x, l_u, l_xx, l_ux, l_uu]),
            _function("terminal_cost", [x, p], [phi]),
            _function("terminal_quadratic", [x, p, b], [phi_x + b_x, ca.triu(phi_xx + b_xx)]),
            _function("action_value", [x, u, p, dt, b, V_x, V_xx], Q),
            value_update(nx, self.model.nu),
        ]
        return {function.name(): function for function in functions}


def value_update(nx: int, nu: int) -> ca.Function:
    """Return the value of following u = k + K dx; valid for any k and K, clamped ones too.

    V_x = Q_x + K'Q_uu k + K'Q_u + Q_ux'k,  V_xx = Q_xx + K'Q_uu K + K'Q_ux + Q_ux'K.
    """
    Q_x, Q_u, Q_xx = ca.SX.sym("Q_x", nx), ca.SX.sym("Q_u", nu), ca.SX.sym("Q_xx", nx, nx)
    Q_ux, Q_uu = ca.SX.sym("Q_ux", nu, nx), ca.SX.sym("Q_uu", nu, nu)
    k, K = ca.SX.sym("k", nu), ca.SX.sym("K", nu, nx)
    uu, xx = ca.triu2symm(ca.triu(Q_uu)), ca.triu2symm(ca.triu(Q_xx))
    V_x = Q_x + K.T @ (uu @ k + Q_u) + Q_ux.T @ k
    V_xx = xx + K.T @ (uu @ K + Q_ux) + Q_ux.T @ K
    change = ca.vertcat(Q_u.T @ k, k.T @ uu @ k / 2)
    return _function(
        "value_update", [Q_x, Q_u, Q_xx, Q_ux, Q_uu, k, K], [V_x, ca.triu(V_xx), change]
    )


def _barrier(b: ca.SX, nx: int) -> tuple[ca.SX, ca.SX]:
    """Return the barrier's gradient [nx] and Hessian [nx, nx] in the whole state."""
    gradient, hessian = ca.SX(nx, 1), ca.SX(nx, nx)
    gradient[0], gradient[1] = b[0], b[1]
    hessian[0, 0], hessian[0, 1], hessian[1, 0], hessian[1, 1] = b[2], b[3], b[3], b[4]
    return gradient, hessian


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
