"""The iterations in CasADi's virtual machine, mapped over modes: how it is done without a compiler.

A slow baseline for `benchmark solve`, equal to the kernel up to rounding. A graph has no branches,
so it takes every step of the active set and looks at every circle.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.vm_functions import VmFunctions, build_functions
from mme_ilqr_ros.control.kernel import Optimised, Policies, StageData
from mme_ilqr_ros.control.kernel.build import build_module
from mme_ilqr_ros.control.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gains:
    """Policies of all modes, and what they promise; see `control.kernel.Policies`."""

    k: Array
    K: Array
    Quu: Array
    linear: Array
    quadratic: Array
    log_det: Array


class VmKernel:
    """Rollout, policies and optimisation of many modes of one robot, like `control.kernel.Kernel`.

    It knows circles only, no distance field and no cost to go.

    Args:
        problem: Model and cost terms.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._texts = build_module(problem, "python")  # for the line search's constants
        self._built: dict[tuple, VmFunctions] = {}

    def policies(self, x0: Array, U: Array, data: StageData) -> Policies:
        """Roll out U [N, T, nu] from x0 [nx] within the limits and take every mode's policy."""
        f = self._functions(data, U)
        X, U, J = self._rollout(f, data, x0, U)
        gains = self._backward(f, data, X, U, np.zeros(len(U)))
        cost = J + gains.linear + gains.quadratic
        gaps = self._gaps(f, data, X)
        return Policies(X, U, gains.k, gains.K, gains.Quu, cost, gains.log_det, gaps)

    def sample(
        self,
        policies: Policies,
        sources: NDArray[np.int64],
        white: Array,
        temperature: float,
        rho: float,
        data: StageData,
    ) -> Array:
        """Return the controls [S, T, nu] of rollouts of modes' policies with their noise."""
        xi = white.copy()
        for t in range(1, white.shape[1]):
            xi[:, t] = rho * xi[:, t - 1] + math.sqrt(1.0 - rho * rho) * white[:, t]
        root = np.linalg.cholesky(policies.Quu[sources])
        noise = np.linalg.solve(np.swapaxes(root, 2, 3), xi[..., None])[..., 0]
        X, K = policies.X[sources], policies.K[sources]
        wanted = policies.U[sources] + policies.k[sources] + math.sqrt(temperature) * noise
        f = self._functions(data, wanted)
        return self._rollout(f, data, X[0, 0], wanted, (X, K))[1]

    def optimise(
        self,
        x0: Array,
        U: Array,
        data: StageData,
        iterations: int,
        deadline: float | None = None,
    ) -> Optimised:
        """Improve every mode by up to `iterations` iLQR iterations; see `Kernel.optimise`."""
        f, count = self._functions(data, U), 0
        X, U, J = self._rollout(f, data, x0, U)
        reg, first = np.zeros(len(U)), np.ones(len(U))
        until = math.inf if deadline is None else deadline
        for n in range(iterations):
            if time.perf_counter() > until:
                break
            X, U, J, reg, first, active = self._improve(f, data, X, U, J, reg, first)
            count = n + 1
            if not active.any():
                break
        log_det = self._backward(f, data, X, U, np.zeros(len(U))).log_det
        return Optimised(X, U, J, log_det, self._gaps(f, data, X), count)

    def smallest_gaps(self, X: Array, data: StageData) -> Array:
        """Return the smallest gap [N] between the robot's centre and obstacles along X [m]."""
        shape = len(X), X.shape[1] - 1, self.problem.model.nu
        return self._gaps(self._functions(data, np.empty(shape)), data, X)

    def _improve(
        self,
        f: VmFunctions,
        data: StageData,
        X: Array,
        U: Array,
        J: Array,
        reg: Array,
        first: Array,
    ) -> tuple[Array, ...]:
        """One iLQR iteration on all modes, as the kernel's `improve`.

        Returns (X, U, J, reg, first, modes not done).
        """
        texts, gains = self._texts, self._backward(f, data, X, U, reg)
        promised = -(gains.linear + gains.quadratic)
        done = (texts.CONVERGED * np.maximum(np.abs(J), 1.0) > promised) | (reg > texts.REG_MAX)
        searching, share, last, start = ~done, first, first, (U, J)
        policy = X, gains.K
        for _ in range(texts.LINE_SEARCH_STEPS if searching.any() else 0):
            wanted = start[0] + share[:, None, None] * gains.k
            X_new, U_new, J_new = self._rollout(f, data, X[0, 0], wanted, policy)
            taken = (J_new < start[1] + texts.ARMIJO * share * gains.linear) & searching
            X, U, J = (
                np.where(taken.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in ((X_new, X), (U_new, U), (J_new, J))
            )
            searching, last = searching & ~taken, np.where(taken, share, last)
            if not searching.any():
                break
            share = texts.SHORTER * share
        raised, lowered = np.maximum(reg, texts.REG_FIRST) * 8.0, reg * 0.25
        lowered = np.maximum(lowered, texts.REG_MIN)
        reg = np.where(done, reg, np.where(searching, raised, lowered))
        first = np.where(searching, texts.SHORTER, np.minimum(texts.LONGER * last, 1.0))
        return X, U, J, reg, first, ~done

    def _rollout(
        self,
        f: VmFunctions,
        data: StageData,
        x0: Array,
        wanted: Array,
        policy: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        """Roll out wanted [N, T, nu] + K (x - X) within the limits; return X, U, J."""
        (n, horizon, nu), nx = wanted.shape, self.problem.model.nx
        X, K = (np.zeros((n, horizon, nx)), None) if policy is None else policy
        gains = np.zeros((nu * nx, n * horizon)) if K is None else _columns(K, nu * nx)
        begin = np.tile(np.append(x0, 0.0)[:, None], n)
        given = _columns(wanted, nu), gains, _columns(X[:, :horizon], nx)
        ends, U = f.forward(begin, *given, f.stages(data)[:, :-1])
        ends = ends.full().T.reshape(n, horizon, nx + 1)
        X = np.concatenate([np.broadcast_to(np.ravel(x0), (n, 1, nx)), ends[..., :nx]], axis=1)
        final, _ = f.final(X[:, -1].T, f.stages(data)[:, -1])
        return X, U.full().T.reshape(n, horizon, nu), ends[:, -1, nx] + final.full()[0]

    def _backward(self, f: VmFunctions, data: StageData, X: Array, U: Array, reg: Array) -> Gains:
        (n, horizon, nu), nx = U.shape, X.shape[2]
        stages = f.stages(data)
        values = f.final_value(X[:, -1].T, stages[:, -1])
        x, u = _columns(X[:, -2::-1], nx), _columns(U[:, ::-1], nu)
        given = x, u, np.repeat(reg, horizon)[None], stages[:, -2::-1]
        found = f.backward(values, *given)[1].full().T.reshape(n, horizon, -1)[:, ::-1]
        parts = np.split(found, np.cumsum([nu, nu * nx, nu * nu, 1, 1]), axis=2)
        k, K, Quu, linear, quadratic, log_det = parts
        sums = (part[..., 0].sum(1) for part in (linear, quadratic, log_det))
        return Gains(k, K.reshape(n, horizon, nu, nx), Quu.reshape(n, horizon, nu, nu), *sums)

    def _gaps(self, f: VmFunctions, data: StageData, X: Array) -> Array:
        n, horizon = len(X), X.shape[1] - 1
        now, after, stages = X[:, :-1, :2], X[:, 1:, :2], f.stages(data)
        along = f.gap(_columns(now, 2), _columns(after, 2), np.tile(stages[:, :-1], n))
        _, last = f.final(X[:, -1].T, stages[:, -1])
        return np.minimum(along.full().reshape(n, horizon).min(1), last.full()[0])

    def _functions(self, data: StageData, U: Array) -> VmFunctions:
        key = (U.shape[:2], len(data.world.circles), data.dt, data.limits, data.world.barrier)
        if key not in self._built:
            self._built[key] = build_functions(self.problem, data, *U.shape[:2])
        return self._built[key]


def _columns(values: Array, rows: int) -> Array:
    """Return [N, T, ...] as CasADi's maps want it: a column for every stage of every mode."""
    return np.ascontiguousarray(values.reshape(-1, rows).T)
