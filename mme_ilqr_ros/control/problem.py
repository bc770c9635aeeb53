"""The optimal control problem as symbolic stage functions.

minimise  sum_t l(x_t, u_t, p_t) + phi(x_T, p_T)   subject to  x_{t+1} = f(x_t, u_t)

l and phi are sums of weight * loss(residual). Their second derivatives are generalised
Gauss-Newton: with J the residual's Jacobian, J' loss'' J. That is positive semidefinite for any
convex loss, so the backward pass needs no repair of indefinite matrices.
Clearance (circles and the distance field) is added by the kernel, which loops over obstacles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.costs import CostTerm, Penalty, Reference
from mme_ilqr_ros.control.costs.term import REFERENCE_NAMES, SCALAR_NAMES
from mme_ilqr_ros.models import RobotModel
from mme_ilqr_ros.settings import SettingError, flatten, rebuilt

Array = NDArray[np.float64]
SCALARS = [attrgetter(name) for name in SCALAR_NAMES]


class Switched(NamedTuple):
    """A stage function in two parts, so that the kernel can skip the optional penalties.

    Attributes:
        always: The function without them.
        optional: What they add to its outputs; the same first inputs.
        switch: Index of the parameter p that is the sum of their weights.
    """

    always: ca.Function
    optional: ca.Function
    switch: int


@dataclass(frozen=True)
class Problem:
    """A robot and its cost.

    Attributes:
        model: The robot.
        cost: The cost, e.g. `CostSettings`; its settings are numbers that may change at run time.
    """

    model: RobotModel
    cost: CostTerm

    def parameters(self, reference: Reference, n_stages: int, cost: CostTerm) -> Array:
        """Return the numbers p of every stage [n_stages + 1, np].

        Args:
            reference: Numbers; of the path, arrays with one for every stage [n_stages + 1].
            n_stages: Number of stages.
            cost: Of the class of `self.cost`, with the numbers to use.
        """
        s, evaluate = self._symbols, self._weights
        weights = evaluate([get(reference) for get in SCALARS] + [get(cost) for get in s.settings])
        rows = np.empty((n_stages + 1, len(weights) + len(s.others)))
        rows[:, : len(weights)] = weights
        for i, (get, in_reference) in enumerate(s.others):
            rows[:, len(weights) + i] = get(reference if in_reference else cost)
        return rows

    @cached_property
    def _symbols(self) -> Symbols:
        return Symbols.of(self.model, self.cost)

    @cached_property
    def _weights(self) -> _Weights:
        return _Weights(self._symbols.weights)

    def functions(self) -> dict[str, ca.Function]:
        """Return every symbolic function of the problem by name.

        With b [9] the barrier's gradient (px, py), curvatures (xx, xy, yy) and those of the heading
        (yaw, x yaw, y yaw, yaw yaw), which the kernel sums over obstacles and the robot's discs,
        and of symmetric matrices the upper triangle only:

        step(x, u, dt) -> x';  step_jacobian(x, u, dt) -> A = df/dx, B = df/du;
        stage_cost(x, u, p) -> l;  stage_quadratic(x, u, p) -> l_x, l_u, l_xx, l_ux, l_uu;
        terminal_cost(x, p) -> phi;  terminal_quadratic(x, p, b) -> V_x, V_xx;
        action_value(x, u, p, dt, b, V_x, V_xx) -> Q_x, Q_u, Q_xx, Q_ux, Q_uu.
        """
        s, nx = self._symbols, self.model.nx
        dt, b = ca.SX.sym("dt"), ca.SX.sym("b", 9)
        f = self.model.step(s.x, s.u, dt)
        A, B = ca.jacobian(f, s.x), ca.jacobian(f, s.u)
        cost, *quadratic = stage_quadratic(s.stage, s.x, s.u)
        phi, phi_x, phi_xx = gauss_newton(s.final, s.x)
        b_x, b_xx = _barrier(b, nx)
        functions = [
            _function("step", [s.x, s.u, dt], [f]),
            _function("step_jacobian", [s.x, s.u, dt], [A, B]),
            _function("stage_cost", [s.x, s.u, s.p], [cost]),
            _function("stage_quadratic", [s.x, s.u, s.p], quadratic),
            _function("terminal_cost", [s.x, s.p], [phi]),
            _function("terminal_quadratic", [s.x, s.p, b], [phi_x + b_x, ca.triu(phi_xx + b_xx)]),
            self._action_value(s.stage),
        ]
        return {function.name(): function for function in functions}

    def switched(self) -> dict[str, Switched]:
        """Return the stage functions that the kernel prints in two parts, by name."""
        s = self._symbols
        always = [penalty for penalty in s.stage if not penalty.optional]
        optional = [penalty for penalty in s.stage if penalty.optional]
        if not optional:
            return {}
        cost, *_ = stage_quadratic(always, s.x, s.u)
        added, l_x, l_u, l_xx, l_ux, l_uu = stage_quadratic(optional, s.x, s.u)
        inputs, triangles = [s.x, s.u, s.p], [l_x, l_u, ca.triu(l_xx), l_ux, ca.triu(l_uu)]
        added_cost = _function("optional_cost", inputs, [added])
        added_value = _function("optional_value", inputs, triangles)
        return {
            "stage_cost": Switched(_function("stage_cost", inputs, [cost]), added_cost, 0),
            "action_value": Switched(self._action_value(always), added_value, 0),
        }

    def _action_value(self, penalties: list[Penalty]) -> ca.Function:
        s, nx = self._symbols, self.model.nx
        dt, b = ca.SX.sym("dt"), ca.SX.sym("b", 9)
        V_x, V_xx = ca.SX.sym("V_x", nx), ca.SX.sym("V_xx", nx, nx)
        V = ca.triu2symm(ca.triu(V_xx))
        f = self.model.step(s.x, s.u, dt)
        A, B = ca.jacobian(f, s.x), ca.jacobian(f, s.u)
        _, l_x, l_u, l_xx, l_ux, l_uu = stage_quadratic(penalties, s.x, s.u)
        b_x, b_xx = _barrier(b, nx)
        Q_xx, Q_ux, Q_uu = l_xx + b_xx + A.T @ V @ A, l_ux + B.T @ V @ A, l_uu + B.T @ V @ B
        Q = [l_x + b_x + A.T @ V_x, l_u + B.T @ V_x, ca.triu(Q_xx), Q_ux, ca.triu(Q_uu)]
        return _function("action_value", [s.x, s.u, s.p, dt, b, V_x, V_xx], Q)


class _Weights:
    """Evaluates a function of one vector without copies: 1 microsecond in place of 80."""

    def __init__(self, function: ca.Function) -> None:
        self._given, self._found = (
            np.zeros(n) for n in (function.size1_in(0), function.size1_out(0))
        )
        self._buffer, self._evaluate = function.buffer()  # must live as long as it is used
        self._buffer.set_arg(0, memoryview(self._given))  # type: ignore[call-arg, arg-type]
        self._buffer.set_res(0, memoryview(self._found))  # type: ignore[call-arg, arg-type]

    def __call__(self, values: list[float]) -> Array:
        self._given[:] = values
        self._evaluate()
        return self._found


class Symbols(NamedTuple):
    """The symbols of a problem, and its cost in them.

    Attributes:
        x: State.
        u: Control.
        p: Parameters: the sum of the optional weights, all weights, then what residuals and losses
            read.
        stage: Penalties of a whole stage.
        final: Penalties of the end of the horizon.
        weights: Scalars of the reference and all settings -> the weights in p.
        settings: Where the settings are in the cost.
        others: Where the rest of p is, and whether that is in the reference.
    """

    x: ca.SX
    u: ca.SX
    p: ca.SX
    stage: list[Penalty]
    final: list[Penalty]
    weights: ca.Function
    settings: list[attrgetter]
    others: list[tuple[attrgetter, bool]]

    @classmethod
    def of(cls, model: RobotModel, cost: CostTerm) -> Symbols:
        """Return the symbols; what no penalty reads is not in p."""
        x, u = ca.SX.sym("x", model.nx), ca.SX.sym("u", model.nu)
        numbers = [name for name, value in flatten(cost).items() if type(value) in (int, float)]
        settings = {name: ca.SX.sym(name) for name in numbers}
        given = {name: ca.SX.sym(name) for name in REFERENCE_NAMES}
        symbolic, reference = rebuilt(cost, settings), Reference(model=model, **given)
        try:
            stage = stage_penalties(symbolic, x, u, reference)
            penalties = [*stage, *symbolic.final(x, reference)]
        except Exception as error:  # whatever a user's term does
            raise SettingError(f"a cost does not fit the robot '{model.name}': {error}") from error
        weight = [ca.SX.sym("weight") for _ in penalties]
        optional = sum((p.weight for p in stage if p.optional), ca.SX(0))
        expressions = ca.vertcat(optional, *(p.weight for p in penalties))
        scalars = ca.vertcat(*(given[name] for name in SCALAR_NAMES), *settings.values())
        read = {s.name() for s in ca.symvar(ca.vertcat(*(p.loss(p.residual) for p in penalties)))}
        others = {n: s for n, s in {**given, **settings}.items() if n in read}
        penalties = [p._replace(weight=w) for p, w in zip(penalties, weight, strict=True)]
        return cls(
            x,
            u,
            ca.vertcat(ca.SX.sym("optional"), *weight, *others.values()),
            penalties[: len(stage)],
            penalties[len(stage) :],
            _weights(scalars, expressions),
            [attrgetter(name) for name in settings],
            [(attrgetter(name), name in given) for name in others],
        )


def _weights(scalars: ca.SX, weights: ca.SX) -> ca.Function:
    try:
        return ca.Function("weights", [scalars], [weights])
    except RuntimeError as error:
        reason = "a weight may read settings and scalars of the reference only"
        raise SettingError(f"costs: {reason}, not state or control") from error


def _barrier(b: ca.SX, nx: int) -> tuple[ca.SX, ca.SX]:
    """Return the barrier's gradient [nx] and Hessian [nx, nx] in the whole state."""
    gradient, hessian = ca.SX(nx, 1), ca.SX(nx, nx)
    gradient[0], gradient[1], gradient[2] = b[0], b[1], b[5]
    for i, j, n in ((0, 0, 2), (0, 1, 3), (1, 1, 4), (0, 2, 6), (1, 2, 7), (2, 2, 8)):
        hessian[i, j] = hessian[j, i] = b[n]
    return gradient, hessian


def stage_penalties(cost: CostTerm, x: ca.SX, u: ca.SX, reference: Reference) -> list[Penalty]:
    """Return what a whole stage costs: what it costs per second, times its duration."""
    penalties = cost.stage(x, u, reference)
    return [penalty._replace(weight=penalty.weight * reference.dt) for penalty in penalties]


def stage_quadratic(penalties: Iterable[Penalty], x: ca.SX, u: ca.SX) -> list[ca.SX]:
    """Return l, l_x, l_u, l_xx, l_ux, l_uu of a sum of penalties."""
    nx = x.numel()
    cost, l_z, l_zz = gauss_newton(penalties, ca.vertcat(x, u))
    return [cost, l_z[:nx], l_z[nx:], l_zz[:nx, :nx], l_zz[nx:, :nx], l_zz[nx:, nx:]]


def gauss_newton(penalties: Iterable[Penalty], z: ca.SX) -> tuple[ca.SX, ca.SX, ca.SX]:
    """Return (cost, gradient [nz], Gauss-Newton Hessian [nz, nz]) of a sum of penalties in z."""
    cost, gradient, hessian = ca.SX(0), ca.SX(z.numel(), 1), ca.SX(z.numel(), z.numel())
    for weight, residual, loss, _ in penalties:
        r = ca.SX.sym("r", residual.numel())
        weighted = weight * loss(r)
        loss_rr, loss_r = ca.hessian(weighted, r)
        at = [ca.substitute(part, r, residual) for part in (weighted, loss_r, loss_rr)]
        jacobian = ca.jacobian(residual, z)
        cost += at[0]
        gradient += jacobian.T @ at[1]
        hessian += jacobian.T @ at[2] @ jacobian
    return cost, gradient, hessian


def _function(name: str, inputs: list[ca.SX], outputs: list[ca.SX]) -> ca.Function:
    return ca.Function(name, inputs, [ca.densify(o) for o in outputs], {"cse": True})
