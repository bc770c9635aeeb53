"""What the algorithm asks of a kernel, in values; the only door to the generated module.

Outside, modes come first: X [N, T+1, nx]. Inside, they are lanes: [G, T+1, nx, L], G groups of L.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel.build import LANES, build_module
from mme_ilqr_ros.control.kernel.world import StageData
from mme_ilqr_ros.control.problem import Problem

Array = NDArray[np.float64]
# Axes of [G, ..., L] from [G, L, ...] and back, by the number of axes.
_LANES_LAST = {n: (0, *range(2, n), 1) for n in range(2, 6)}
_MODES_FIRST = {n: (0, n - 1, *range(1, n - 1)) for n in range(2, 6)}


@dataclass(frozen=True)
class Policies:
    """The Gaussian policies N(U + k + K (x - X), temperature Quu^-1) of all modes.

    Attributes:
        X: State trajectories [N, T+1, nx].
        U: Controls [N, T, nu].
        k: Feedforward [N, T, nu].
        K: Gains [N, T, nu, nx].
        Quu: Action-value Hessians [N, T, nu, nu].
        cost: J + sum(Q_u'k + k'Q_uu k / 2) [N].
        log_det: Sum of log det Q_uu over the free controls [N].
        gaps: Smallest distance of the robot's centre to anything [N] [m].
    """

    X: Array
    U: Array
    k: Array
    K: Array
    Quu: Array
    cost: Array
    log_det: Array
    gaps: Array


@dataclass(frozen=True)
class Optimised:
    """Modes after some iLQR iterations.

    Attributes:
        X: State trajectories [N, T+1, nx].
        U: Controls [N, T, nu].
        costs: J [N].
        log_det: Sum of log det Q_uu over the free controls [N].
        gaps: Smallest distance of the robot's centre to anything [N] [m].
        iterations: Iterations done.
    """

    X: Array
    U: Array
    costs: Array
    log_det: Array
    gaps: Array
    iterations: int


class Kernel:
    """Rollout, policies and optimisation of many modes at once.

    Args:
        problem: Model and cost terms.
        backend: `numba`, or `python` for the reference.
        dtype: Precision of the computation, float64 or float32.
    """

    def __init__(self, problem: Problem, backend: str = "numba", dtype: type = np.float64) -> None:
        self.problem = problem
        self._module = build_module(problem, backend)
        self._dtype = dtype
        self._packed: tuple[StageData, tuple] | None = None

    def policies(self, x0: Array, U: Array, data: StageData) -> Policies:
        """Roll out U [N, T, nu] from x0 [nx] within the limits and take every mode's policy."""
        n, horizon, nu = U.shape
        X, U_, nx = self._states(x0, n, horizon), self._own_lanes(U), self.problem.model.nx
        k, K = self._empty(n, horizon, nu), self._empty(n, horizon, nu, nx)
        Quu, cost, log_det, gaps = (
            self._empty(n, horizon, nu, nu),
            *(self._empty(n) for _ in range(3)),
        )
        self._module.policies(X, U_, k, K, Quu, cost, log_det, gaps, *self._pack(data))
        return Policies(*(_to_modes(a, n) for a in (X, U_, k, K, Quu, cost, log_det, gaps)))

    def sample(
        self,
        policies: Policies,
        sources: NDArray[np.int64],
        white: Array,
        temperature: float,
        rho: float,
        data: StageData,
    ) -> Array:
        """Return the controls [S, T, nu] of rollouts of modes' policies with their noise.

        Args:
            policies: The policies.
            sources: Mode that each rollout follows [S].
            white: Independent unit normal numbers [S, T, nu].
            temperature: alpha, in cost units; the noise has covariance alpha Quu^-1.
            rho: Correlation of the noise between neighbouring stages, in [0, 1).
            data: What the modes share.
        """
        lanes = [self._to_lanes(getattr(policies, name)) for name in ("X", "U", "k", "K", "Quu")]
        scratch = [np.empty(a.shape[1:], self._dtype) for a in lanes]
        U_new = self._empty(len(sources), *white.shape[1:])
        spread = math.sqrt(temperature)
        given = (sources, self._to_lanes(white), spread, rho)
        outputs = (np.empty_like(scratch[0]), U_new)
        self._module.sample(*lanes, *given, *scratch, *outputs, *self._pack(data))
        return _to_modes(U_new, len(sources))

    def optimise(
        self,
        x0: Array,
        U: Array,
        data: StageData,
        iterations: int,
        deadline: float | None = None,
    ) -> Optimised:
        """Improve every mode by up to `iterations` iLQR iterations.

        Args:
            x0: Initial state [nx].
            U: Controls to start from [N, T, nu].
            data: What the modes share.
            iterations: Largest number of iterations of a mode.
            deadline: Value of `time.perf_counter()` after which no further iteration starts.
        """
        (n, horizon, nu), nx = U.shape, self.problem.model.nx
        X, U_ = self._states(x0, n, horizon), self._own_lanes(U)
        J, log_det, gaps, count = *(self._empty(n) for _ in range(3)), np.zeros(1, np.int64)
        shapes = ((horizon, nu), (horizon, nu, nx), (horizon, nu, nu), (horizon + 1, nx))
        scratch = [np.empty((*shape, LANES), self._dtype) for shape in (*shapes, shapes[0])]
        until = math.inf if deadline is None else deadline
        outputs = (X, U_, J, log_det, gaps)
        self._module.optimise(*outputs, count, *scratch, iterations, until, *self._pack(data))
        return Optimised(*(_to_modes(a, n) for a in outputs), int(count[0]))

    def smallest_gaps(self, X: Array, data: StageData) -> Array:
        """Return the smallest gap [N] between the robot's centre and obstacles along X [m]."""
        gaps = self._empty(len(X))
        _, dt, _, world = self._pack(data)
        self._module.gaps_of(self._to_lanes(X), gaps, dt, world)
        return _to_modes(gaps, len(X))

    def _empty(self, n: int, *shape: int) -> NDArray:
        return np.empty((-(-n // LANES), *shape, LANES), self._dtype)

    def _states(self, x0: Array, n: int, horizon: int) -> NDArray:
        X = self._empty(n, horizon + 1, self.problem.model.nx)
        X[:, 0] = np.asarray(x0)[:, None]
        return X

    def _own_lanes(self, modes: Array) -> NDArray:
        """Return lanes that the kernel may write: not the caller's memory, whatever its layout."""
        lanes = self._to_lanes(modes)
        return lanes.copy() if np.may_share_memory(lanes, modes) else lanes

    def _to_lanes(self, modes: Array) -> NDArray:
        """Return [N, ...] as [G, ..., L], to be read; spare lanes repeat the first mode."""
        n, groups = len(modes), -(-len(modes) // LANES)
        if n < groups * LANES:
            modes = np.concatenate([modes, np.repeat(modes[:1], groups * LANES - n, axis=0)])
        split = modes.reshape(groups, LANES, *modes.shape[1:])
        return np.ascontiguousarray(split.transpose(_LANES_LAST[split.ndim]), self._dtype)

    def _pack(self, data: StageData) -> tuple:
        """Return the arrays of `data`; one control cycle asks several times for the same."""
        if self._packed is None or self._packed[0] is not data:
            parameters = np.ascontiguousarray(data.parameters, self._dtype)
            limits = tuple(a.astype(self._dtype) for a in data.limits.as_arrays())
            dt, world = np.array([data.dt], self._dtype), data.world.pack(self._dtype)
            self._packed = data, (parameters, dt, limits, world)
        return self._packed[1]


def _to_modes(array: NDArray, n: int) -> Array:
    """Return [G, ..., L] as [N, ...] in double precision."""
    moved = array.transpose(_MODES_FIRST[array.ndim])
    return moved.reshape(-1, *moved.shape[2:])[:n].astype(np.float64, copy=False)
