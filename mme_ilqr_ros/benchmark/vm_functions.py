"""The symbolic stage functions of `VmKernel`, chained over stages and mapped over modes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control import kernel
from mme_ilqr_ros.control.kernel import KernelError, StageData
from mme_ilqr_ros.control.kernel.build import MARKER
from mme_ilqr_ros.control.kernel.world import FAR
from mme_ilqr_ros.control.problem import Problem

Array = NDArray[np.float64]
TINY = 1e-12  # [m^2] keeps the direction from a circle's very centre finite


@dataclass(frozen=True)
class VmFunctions:
    """Functions of all modes; a column is a stage of a mode, or a mode.

    Attributes:
        forward: ((x, J), wanted, K, X, stages) -> ((x', J'), u).
        backward: ((V_x, V_xx), x, u, reg, stages), stages backwards -> (.., policies).
        final: (x, stage) -> (cost, gap) at the horizon.
        final_value: (x, stage) -> (V_x, V_xx) at the horizon.
        gap: (position, next position, stages) -> gap, half-way points too.
    """

    forward: ca.Function
    backward: ca.Function
    final: ca.Function
    final_value: ca.Function
    gap: ca.Function

    @staticmethod
    def stages(data: StageData) -> Array:
        """Return a column of numbers for every stage: parameters, time, circles [., T+1]."""
        n_stages, names = data.parameters.shape
        time = data.dt * np.arange(n_stages)[None]
        circles = np.tile(data.world.circles.reshape(-1, 1), n_stages)
        parameters = data.parameters.T if names else np.zeros((1, n_stages))
        return np.concatenate([parameters, time, circles])


def build_functions(problem: Problem, data: StageData, n_modes: int, horizon: int) -> VmFunctions:
    """Return the functions for a number of modes, stages and circles.

    Raises:
        KernelError: There is a distance field or a cost to go.
    """
    if data.world.field is not None or data.world.cost_to_go is not None:
        raise KernelError("the vm backend knows circles only, no distance field and no cost to go")
    parts = StageGraphs(problem, data)
    forward = parts.forward().mapaccum("forward", horizon)
    backward = parts.backward().mapaccum("backward", horizon)
    final, final_value = parts.final()
    return VmFunctions(
        forward=forward.map("forwards", "serial", n_modes, [4], []),
        backward=backward.map("backwards", "serial", n_modes, [4], []),
        final=final.map("finals", "serial", n_modes, [1], []),
        final_value=final_value.map("final_values", "serial", n_modes, [1], []),
        gap=parts.gap().map(n_modes * horizon),
    )


class StageGraphs:
    """One stage as symbols; limits, barrier and stage duration are numbers in the graph.

    Args:
        problem: Model and cost terms.
        data: Gives those numbers and the number of circles.
    """

    def __init__(self, problem: Problem, data: StageData) -> None:
        self._functions, self._dt = problem.functions(), data.dt
        self._nx, self._nu = problem.model.nx, problem.model.nu
        self._held, self._limits = problem.model.held_state, data.limits.as_arrays()
        barrier = data.world.barrier
        self._shape = (barrier.weight, barrier.stiff_gap, barrier.cutoff_gap, barrier.radius)
        self._surprise = barrier.surprise_time
        self._texts = _texts()
        self._p = ca.SX.sym("p", max(1, len(problem.parameter_names)))
        self._time, self._circles = ca.SX.sym("t"), ca.SX.sym("c", 5, len(data.world.circles))
        self._stage = ca.vertcat(self._p, self._time, ca.vec(self._circles))
        self._x, self._u = ca.SX.sym("x", self._nx), ca.SX.sym("u", self._nu)

    def forward(self) -> ca.Function:
        """((x, J), wanted, K, X, stage) -> ((x', J'), u)."""
        x, J, K = self._x, ca.SX.sym("J"), ca.SX.sym("K", self._nx, self._nu)
        wanted, X = ca.SX.sym("wanted", self._nu), ca.SX.sym("X", self._nx)
        low, high = self._bounds(x)
        u = ca.fmin(ca.fmax(wanted + K.T @ (x - X), low), high)
        cost = self._functions["stage_cost"](x, u, self._p) + self._world_cost(x)
        after = ca.vertcat(self._functions["step"](x, u, self._dt), J + cost)
        inputs = [ca.vertcat(x, J), wanted, ca.vec(K), X, self._stage]
        return ca.Function("forward", inputs, [after, u], {"cse": True})

    def backward(self) -> ca.Function:
        """((V_x, V_xx), x, u, reg, stage) -> ((V_x, V_xx), (k, K, Quu, parts of the value))."""
        nx, x, u, reg = self._nx, self._x, self._u, ca.SX.sym("reg")
        V_x, V_xx = ca.SX.sym("V_x", nx), ca.SX.sym("V_xx", nx, nx)
        b = self._world_quadratic(x)
        given = (x, u, self._p, self._dt, b, V_x, V_xx)
        Q_x, Q_u, Q_xx, Q_ux, Q_uu = self._functions["action_value"](*given)
        full = ca.triu2symm(ca.triu(Q_uu))
        k, K, log_det = self._box_policy(Q_u, Q_ux, full, reg)
        after = self._functions["value_update"](Q_x, Q_u, Q_xx, Q_ux, Q_uu, k, K)
        found = ca.vertcat(k, ca.vec(K.T), ca.vec(full), after[2], log_det)
        inputs = [ca.vertcat(V_x, ca.vec(V_xx)), x, u, reg, self._stage]
        outputs = [ca.vertcat(after[0], ca.vec(after[1])), found]
        return ca.Function("backward", inputs, outputs, {"cse": True})

    def final(self) -> tuple[ca.Function, ca.Function]:
        """((x, stage) -> (cost, gap)), ((x, stage) -> (V_x, V_xx)) at the horizon."""
        x, functions = self._x, self._functions
        cost = functions["terminal_cost"](x, self._p) + self._world_cost(x)
        V_x, V_xx = functions["terminal_quadratic"](x, self._p, self._world_quadratic(x))
        value = ca.vertcat(V_x, ca.vec(V_xx))
        inputs, outputs = [x, self._stage], [cost, self._gap(x[:2], self._time)]
        return (
            ca.Function("final", inputs, outputs, {"cse": True}),
            ca.Function("final_value", inputs, [value], {"cse": True}),
        )

    def gap(self) -> ca.Function:
        """(position, next position, stage) -> smallest gap there and half-way."""
        now, after = ca.SX.sym("now", 2), ca.SX.sym("after", 2)
        half = self._gap((now + after) / 2, self._time + 0.5 * self._dt)
        gap = ca.fmin(self._gap(now, self._time), half)
        return ca.Function("gap", [now, after, self._stage], [gap], {"cse": True})

    def _offsets(
        self, at: ca.SX, time: ca.SX, surprise: float = 0.0
    ) -> list[tuple[ca.SX, ca.SX, ca.SX]]:
        """Return (offset [2], distance, radius) from every circle, as in `World.priced`."""
        found = []
        for m in range(self._circles.shape[1]):
            circle = self._circles[:, m]
            offset = at - (circle[:2] + (time - surprise) * circle[3:])
            radius = circle[2] + surprise * ca.sqrt(ca.sumsqr(circle[3:]))
            found.append((offset, ca.sqrt(ca.sumsqr(offset) + TINY), radius))
        return found

    def _gap(self, at: ca.SX, time: ca.SX) -> ca.SX:
        least = ca.SX(FAR)
        for _, distance, radius in self._offsets(at, time):
            least = ca.fmin(least, distance - radius)
        return least

    def _world_cost(self, x: ca.SX) -> ca.SX:
        total = ca.SX(0)
        for _, distance, radius in self._offsets(x[:2], self._time, self._surprise):
            gap = distance - radius - self._shape[3]
            ratio, rest = self._texts["barrier_parts"](gap, self._shape)
            total = total + rest - self._shape[0] * ca.log(ratio)
        return total

    def _world_quadratic(self, x: ca.SX) -> ca.SX:
        b = ca.SX(5, 1)
        for offset, distance, radius in self._offsets(x[:2], self._time, self._surprise):
            gap, n = distance - radius - self._shape[3], offset / distance
            slope, curvature = self._texts["barrier_slopes"](gap, self._shape)
            square = ca.vertcat(n[0] * n[0], n[0] * n[1], n[1] * n[1])
            b = b + ca.vertcat(slope * n, curvature * square)
        return b

    def _bounds(self, x: ca.SX) -> tuple[ca.SX, ca.SX]:
        """Return the lowest and highest controls [nu] in state x."""
        lower, upper, rate = self._limits
        low, high = ca.SX(lower), ca.SX(upper)
        for i, held in enumerate(self._held):
            if held >= 0:
                least, most = x[held] - rate[i] * self._dt, x[held] + rate[i] * self._dt
                low[i] = ca.fmin(ca.fmax(lower[i], least), most)
                high[i] = ca.fmax(ca.fmin(upper[i], most), least)
        return low, high

    def _box_policy(
        self, Q_u: ca.SX, Q_ux: ca.SX, Q_uu: ca.SX, reg: ca.SX
    ) -> tuple[ca.SX, ca.SX, ca.SX]:
        """Return (k, K, log det of the free controls): all steps of the kernel's active set."""
        nu, (lowest, highest) = self._nu, self._bounds(self._x)
        low, high = ca.fmin(lowest - self._u, 0), ca.fmax(highest - self._u, 0)
        H, one = Q_uu + reg * ca.SX.eye(nu), ca.DM.eye(nu)
        active, R = ca.SX.zeros(nu), -ca.horzcat(Q_u, Q_ux)
        k, _ = _solve(H, R[:, 0])
        for _ in range(2 * nu + 1):
            slope = H @ k + Q_u
            beyond = ca.if_else(k > high, 1, ca.if_else(k < low, -1, 0))
            kept = ca.if_else(slope * active > 0, 0, active)
            active = ca.if_else(ca.fabs(active) > 0, kept, beyond)
            M, clamped = self._rows(active, H, one), self._rows(active, R[:, 0], low, high)
            k, _ = _solve(M, clamped)
        gains = self._moves(lowest > self._limits[0]), self._moves(highest < self._limits[1])
        K, pivots = _solve(M, self._rows(active, R[:, 1:], *gains))
        return ca.fmin(ca.fmax(k, low), high), K, ca.sum1(ca.log(pivots))

    def _moves(self, on_rate: ca.SX) -> ca.SX:
        """Return the gains [nu, nx] of controls whose bound moves with the state."""
        gains = ca.SX(self._nu, self._nx)
        for i, held in enumerate(self._held):
            if held >= 0:
                gains[i, held] = on_rate[i]
        return gains

    @staticmethod
    def _rows(active: ca.SX, free: ca.SX, low: ca.SX, high: ca.SX | None = None) -> ca.SX:
        """Return the rows of `free`, of clamped controls those of `low` or `high`."""
        rows = []
        for i in range(active.numel()):
            bound = low[i, :] if high is None else ca.if_else(active[i] > 0, high[i, :], low[i, :])
            rows.append(ca.if_else(ca.fabs(active[i]) > 0, bound, free[i, :]))
        return ca.vertcat(*rows)


def _solve(M: ca.SX, R: ca.SX) -> tuple[ca.SX, ca.SX]:
    """Return (Y of M Y = R, the pivots of M) by elimination without pivoting."""
    M, R, nu = ca.SX(M), ca.SX(R), M.shape[0]
    for i in range(nu):
        for j in range(i + 1, nu):
            factor = M[j, i] / M[i, i]
            M[j, i:], R[j, :] = M[j, i:] - factor * M[i, i:], R[j, :] - factor * R[i, :]
    for i in range(nu - 1, -1, -1):
        for j in range(i + 1, nu):
            R[i, :] = R[i, :] - M[i, j] * R[j, :]
        R[i, :] = R[i, :] / M[i, i]
    return R, ca.diag(M)


def _texts() -> dict[str, Callable]:
    """Return the kernel's text about obstacles as functions of symbols."""
    names: dict[str, Callable] = {
        "inline": lambda function: function,
        "fill": lambda like, value: ca.SX(value),
        "select": ca.if_else,
        "vmin": ca.fmin,
        "vmax": ca.fmax,
    }
    text = Path(kernel.__file__).with_name("text") / "clearance.py"
    exec(text.read_text(encoding="utf-8").split(MARKER, 1)[1], names)
    return names
