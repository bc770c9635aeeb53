"""The kernel on SIMD lanes, compiled by numba; or, for tests, the same program in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel.build import build_program
from mme_ilqr_ros.control.kernel.protocol import Optimised, Policies
from mme_ilqr_ros.control.kernel.task import CONTENDING, Limits, Memory, StageData, Task
from mme_ilqr_ros.control.problem import Problem

Array = NDArray[np.float64]


class CompiledKernel:
    """A `Kernel` that takes robots one after the other, and their modes in groups of `group`.

    Not for use by several threads at a time.

    Args:
        problem: Model and cost terms.
        backend: `numba`, or `python` for the reference.
        dtype: Precision of the computation, float64 or float32.

    Raises:
        KernelError: It cannot be built on this machine.
    """

    group: int

    def __init__(self, problem: Problem, backend: str = "numba", dtype: type = np.float64) -> None:
        self.problem = problem
        self._program = build_program(problem, backend)
        self.group = self._program.sample.LANES
        self._dtype = dtype
        self._tasks: tuple[tuple[StageData, ...], list[Task]] = ((), [])
        self._memory: Memory | None = None

    def policies(self, x0: Array, U: Array, data: Sequence[StageData]) -> Policies:
        """See `Kernel.policies`."""
        nu, nx = U.shape[3], self.problem.model.nx
        k, K = np.empty(U.shape), np.empty((*U.shape, nx))
        Quu = np.empty((*U.shape, nu))
        X, U, facts, _ = self._solve(x0, U, (k, K, Quu), data, 0, math.inf)
        cost = facts[..., 0] + facts[..., 1]
        return Policies(X, U, k, K, Quu, cost, facts[..., 2], facts[..., 3])

    def optimise(
        self,
        x0: Array,
        U: Array,
        data: Sequence[StageData],
        iterations: int,
        deadline: float | None = None,
    ) -> Optimised:
        """See `Kernel.optimise`."""
        until = math.inf if deadline is None else deadline
        unwanted = np.empty((*U.shape[:2], 0))
        X, U, facts, count = self._solve(x0, U, (unwanted,) * 3, data, iterations, until)
        return Optimised(X, U, facts[..., 0], facts[..., 2], facts[..., 3], count[:, 0])

    def sample(
        self,
        policies: Policies,
        sources: NDArray[np.int64],
        white: Array,
        temperature: float,
        rho: float,
        data: Sequence[StageData],
    ) -> Array:
        """See `Kernel.sample`."""
        U, memory = np.empty(white.shape), self._memory_for(white.shape[2])
        parts = [
            part.reshape(*part.shape[:2], -1)
            for part in (policies.X, policies.U, policies.k, policies.K, policies.Quu)
        ]
        white = np.ascontiguousarray(white).reshape(*white.shape[:2], -1)
        for r, task in enumerate(self._tasks_of(data)):
            self._program.sample.sample(
                *(tuple(part[r] for part in parts), sources[r], white[r]),
                *(math.sqrt(temperature), rho, U.reshape(white.shape)[r], memory, task),
            )
        return U

    def distances(self, X: Array, data: Sequence[StageData]) -> Array:
        """See `Kernel.distances`."""
        found, flat = np.empty(X.shape[:2]), np.ascontiguousarray(X).reshape(*X.shape[:2], -1)
        states = np.empty((*X.shape[2:], self.group), self._dtype)
        least: NDArray = np.empty((1, self.group), self._dtype)
        modes = np.empty(self.group, np.int64)
        for r, task in enumerate(self._tasks_of(data)):
            self._program.sample.distances(flat[r], found[r], states, least, modes, task)
        return found

    def _solve(
        self,
        x0: Array,
        U: Array,
        policies: tuple[Array, ...],
        data: Sequence[StageData],
        iterations: int,
        deadline: float,
    ) -> tuple[Array, Array, Array, NDArray[np.int64]]:
        """Return X, U, facts [R, N, 4] and the iterations of every group [R, G]; fill policies."""
        n_robots, n_modes, horizon, _ = U.shape
        X = np.empty((n_robots, n_modes, horizon + 1, self.problem.model.nx))
        outcome = X, np.empty(U.shape), *policies, np.empty((n_robots, n_modes, 4))
        count = np.empty((n_robots, -(-n_modes // self.group)), np.int64)
        memory, until = self._memory_for(horizon), float(deadline)
        for r, task in enumerate(self._tasks_of(data)):
            start = np.ascontiguousarray(U[r]).reshape(n_modes, -1)
            rows = tuple(part[r].reshape(n_modes, -1) for part in outcome)
            self._program.solve.solve(x0[r], start, iterations, until, rows, count[r], memory, task)
        return X, outcome[1], outcome[-1], count

    def _memory_for(self, horizon: int) -> Memory:
        """Return the program's memory, the same from cycle to cycle."""
        if self._memory is None or len(self._memory.U) != horizon:
            nx, nu = self.problem.model.nx, self.problem.model.nu
            X, U = (horizon + 1, nx), (horizon, nu)
            shapes = (X, U, X, U, U, (*U, nx), (*U, nu), (4,))
            lanes = (np.empty((*shape, self.group), self._dtype) for shape in shapes)
            self._memory = Memory(*lanes, np.empty(self.group, np.int64))  # type: ignore[call-arg]
        return self._memory

    def _tasks_of(self, data: Sequence[StageData]) -> list[Task]:
        """Return what the program calls `task`; one control cycle asks several times for it."""
        known, tasks = self._tasks
        if len(known) != len(data) or any(a is not b for a, b in zip(known, data, strict=True)):
            tasks = [self._task(d) for d in data]
            self._tasks = tuple(data), tasks
        return tasks

    def _task(self, data: StageData) -> Task:
        dtype, circles = self._dtype, np.asarray(data.world.circles, np.float64)
        moving = np.hypot(circles[:, 3], circles[:, 4]) > 0.0
        circles = np.ascontiguousarray(circles[np.argsort(moving, kind="stable")])
        tracks = np.empty((len(data.parameters), len(circles), 4))
        self._program.sample.track(circles, data.dt, data.world.barrier, tracks)
        barrier, walls, goal, goal_weights = data.world.packed(len(tracks) - 1, dtype)
        return Task(
            np.ascontiguousarray(data.parameters, dtype),
            float(data.dt),
            Limits(*(a.astype(dtype, copy=False) for a in data.limits.as_arrays())),
            circles.astype(dtype, copy=False),
            int(len(moving) - moving.sum()),
            tracks.astype(dtype, copy=False),
            barrier,
            np.ascontiguousarray(data.world.discs, dtype),
            bool(np.any(data.world.discs)),
            data.energy.astype(dtype),
            walls,
            goal,
            goal_weights,
            math.inf if moving.any() else CONTENDING,
        )
