"""What the algorithm asks of a kernel, in values; the only door to the generated module.

Outside, modes come first: X [N, T+1, nx]. Inside, they are lanes: [G, T+1, nx, L], G groups of L.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel.build import LANES, build_module
from mme_ilqr_ros.control.kernel.options import CycleOptions
from mme_ilqr_ros.control.kernel.outcome import Cycled, Optimised, Policies
from mme_ilqr_ros.control.kernel.world import StageData
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.sampling import cycle_noise

Array = NDArray[np.float64]
# Axes of [G, ..., L] from [G, L, ...] and back, by the number of axes.
_LANES_LAST = {n: (0, *range(2, n), 1) for n in range(2, 6)}
_MODES_FIRST = {n: (0, n - 1, *range(1, n - 1)) for n in range(2, 6)}


class Kernel:
    """Rollout, policies and optimisation of many modes at once, and whole control cycles of them.

    Not for use by several threads at a time.

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
        self._work: tuple[tuple[int, int], tuple] | None = None

    def cycle(
        self,
        x0: Array,
        U: Array,
        incumbent: int,
        elapsed: float,
        rng: Generator,
        options: CycleOptions,
        required_gap: float,
        data: StageData,
        warm: bool = True,
        dwells: bool = False,
        deadline: float | None = None,
    ) -> Cycled:
        """Run one control cycle: shift, policies, sampling, optimisation, weights and choice.

        Args:
            x0: Initial state [nx].
            U: Controls of the cycle before [N, T, nu].
            incumbent: The mode that drove.
            elapsed: Time since the cycle before [s].
            rng: Source of the noise.
            options: Of the algorithm.
            required_gap: Distance of the robot's centre to obstacles that a mode must keep [m].
            data: What the modes share.
            warm: False where U are starts already and nothing is sampled from them.
            dwells: Whether the incumbent drives for less than the dwell time.
            deadline: Value of `time.perf_counter()` after which no further iteration starts.
        """
        n, horizon, _ = U.shape
        X, U_ = self._states(x0, n, horizon), self._own_lanes(U)
        outcome = tuple(self._empty(n) for _ in range(3))
        white, uniform, blocks = cycle_noise(n, horizon, data.limits, rng)
        weights, chosen, iterations = self._module.cycle(
            *(X, U_, incumbent, elapsed / data.dt, (self._to_lanes(white), uniform, blocks)),
            *(warm, dwells, required_gap, _until(deadline)),
            *(self._memory(n, horizon), outcome, options, self._pack(data)),
        )
        J, _, gaps = (_to_modes(a, n) for a in outcome)
        return Cycled(
            _to_modes(X, n), _to_modes(U_, n), J, gaps, weights, int(chosen), int(iterations)
        )

    def policies(self, x0: Array, U: Array, data: StageData) -> Policies:
        """Roll out U [N, T, nu] from x0 [nx] within the limits and take every mode's policy."""
        n, horizon, _ = U.shape
        X, U_ = self._states(x0, n, horizon), self._own_lanes(U)
        policy, outcome = self._policy(n, horizon), tuple(self._empty(n) for _ in range(3))
        self._module.policies(X, U_, policy, outcome, self._pack(data))
        return Policies(*(_to_modes(a, n) for a in (X, U_, *policy, *outcome)))

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
        X, U = self._to_lanes(policies.X), self._to_lanes(policies.U)
        policy = tuple(self._to_lanes(a) for a in (policies.k, policies.K, policies.Quu))
        _, scratch, X_new, _, _ = self._memory(len(policies.U), white.shape[1])
        U_new = self._empty(len(sources), *white.shape[1:])
        self._module.sample(
            *(X, U, policy, sources, self._to_lanes(white), math.sqrt(temperature), rho),
            *(scratch, X_new, U_new, self._pack(data)),
        )
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
        n, horizon, _ = U.shape
        X, U_ = self._states(x0, n, horizon), self._own_lanes(U)
        outcome = tuple(self._empty(n) for _ in range(3))
        _, scratch, _, _, count = self._memory(n, horizon)
        self._module.optimise(
            *(X, U_, outcome, count, scratch, iterations, _until(deadline), self._pack(data))
        )
        return Optimised(*(_to_modes(a, n) for a in (X, U_, *outcome)), int(count[0]))

    def smallest_gaps(self, X: Array, data: StageData) -> Array:
        """Return the smallest gap [N] between the robot's centre and obstacles along X [m]."""
        gaps = self._empty(len(X))
        self._module.gaps_of(self._to_lanes(X), gaps, self._pack(data))
        return _to_modes(gaps, len(X))

    def _empty(self, n: int, *shape: int) -> NDArray:
        return np.empty((-(-n // LANES), *shape, LANES), self._dtype)

    def _policy(self, n: int, horizon: int) -> tuple[NDArray, ...]:
        """Return memory for k, K and Quu of n modes."""
        nx, nu = self.problem.model.nx, self.problem.model.nu
        return tuple(self._empty(n, horizon, nu, *rest) for rest in ((), (nx,), (nu,)))

    def _memory(self, n: int, horizon: int) -> tuple:
        """Return what the text calls `work`, the same from cycle to cycle."""
        if self._work is None or self._work[0] != (n, horizon):
            nx, nu = self.problem.model.nx, self.problem.model.nu
            group = tuple(a[0] for a in self._policy(1, horizon))
            X, U = self._empty(1, horizon + 1, nx)[0], self._empty(n, horizon, nu)
            scratch = (group, np.empty_like(X), np.empty_like(U[0]))
            count = np.zeros(len(U), np.int64)
            self._work = (n, horizon), (self._policy(n, horizon), scratch, X, U, count)
        return self._work[1]

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
        """Return what the text calls `task`; one control cycle asks several times for the same."""
        if self._packed is None or self._packed[0] is not data:
            parameters = np.ascontiguousarray(data.parameters, self._dtype)
            limits = tuple(a.astype(self._dtype) for a in data.limits.as_arrays())
            dt, tracks = np.array([data.dt], self._dtype), data.tracks().astype(self._dtype)
            self._packed = data, (parameters, dt, limits, tracks, data.world.pack(self._dtype))
        return self._packed[1]


def _until(deadline: float | None) -> float:
    return math.inf if deadline is None else deadline


def _to_modes(array: NDArray, n: int) -> Array:
    """Return [G, ..., L] as [N, ...] in double precision."""
    moved = array.transpose(_MODES_FIRST[array.ndim])
    return moved.reshape(-1, *moved.shape[2:])[:n].astype(np.float64, copy=False)
