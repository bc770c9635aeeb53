"""`control.kernel.Kernel` on torch tensors: for very many modes, or many robots.

Outside, robots and modes come first: X [R, N, T+1, nx]. Inside, stages do: [T+1, L, nx], with a
lane for every mode of every robot, L = R N.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mme_ilqr_ros.control.kernel import KernelError, Optimised, Policies, StageData
from mme_ilqr_ros.control.problem import Problem
from studies.batched.backward import Gains, backward
from studies.batched.clearance import least_distance
from studies.batched.forward import rollout
from studies.batched.task import Task, make_task
from studies.batched.texts import load_texts

Array = NDArray[np.float64]
PRECISIONS = {np.dtype(np.float64): torch.float64, np.dtype(np.float32): torch.float32}


class BatchedKernel:
    """A `Kernel` that computes all modes of all robots in one batch.

    Robots of one batch share stage duration, limits, barrier, map and cost-to-go; their targets and
    circles are their own.

    Args:
        problem: Model and cost terms.
        device: `cpu`, or `cuda` with or without an index.
        dtype: Precision of the computation, float64 or float32.

    Raises:
        KernelError: There is no such device, or not this precision.
    """

    group = 1 << 30  # all modes are one group

    def __init__(self, problem: Problem, device: str = "cpu", dtype: type = np.float64) -> None:
        if np.dtype(dtype) not in PRECISIONS:
            raise KernelError(f"precision '{np.dtype(dtype)}': must be float64 or float32")
        self.problem = problem
        self._like = torch.zeros((), dtype=PRECISIONS[np.dtype(dtype)], device=_device(device))
        self._texts = load_texts(problem, self._like.dtype)
        self._search = self._texts.SHORTER ** torch.arange(self._texts.LINE_SEARCH_STEPS).to(
            self._like
        )
        self._tasks: tuple[tuple[StageData, ...], dict[int, Task]] = ((), {})

    @torch.inference_mode()
    def policies(self, x0: Array, U: Array, data: Sequence[StageData]) -> Policies:
        """See `Kernel.policies`."""
        task, first = self._task_of(data, U.shape[1]), U.shape[:2]
        X, U_, J = self._start(task, x0, U)
        gains = self._backward(task, X, U_, torch.zeros_like(J))
        cost = J + gains.linear + gains.quadratic
        stages_first = (X, U_, gains.k, gains.K, gains.Quu)
        by_mode = (cost, gains.log_det(), least_distance(self._texts, task, X))
        return Policies(
            *(_modes(a, first) for a in stages_first), *(_numpy(a).reshape(first) for a in by_mode)
        )

    @torch.inference_mode()
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
        task, robots = self._task_of(data, sources.shape[1]), np.arange(len(sources))[:, None]
        given = (getattr(policies, name)[robots, sources] for name in ("X", "U", "k", "K", "Quu"))
        X, U, k, K, Quu = (self._lanes(a) for a in given)
        xi = correlated(self._lanes(white), rho)
        factor = torch.linalg.cholesky_ex(Quu)[0]
        noise = torch.linalg.solve_triangular(factor.mT, xi[..., None], upper=True)[..., 0]
        wanted = (U + k + math.sqrt(temperature) * noise)[..., None]
        found = rollout(self._texts, task, X[0], wanted, (X, K))[1][..., 0]
        return _modes(found, sources.shape)

    @torch.inference_mode()
    def optimise(
        self,
        x0: Array,
        U: Array,
        data: Sequence[StageData],
        iterations: int,
        deadline: float | None = None,
    ) -> Optimised:
        """See `Kernel.optimise`."""
        task, first_axes, count = self._task_of(data, U.shape[1]), U.shape[:2], 0
        X, U_, J = self._start(task, x0, U)
        reg, first = torch.zeros_like(J), torch.ones_like(J)
        running = torch.ones_like(J, dtype=torch.bool)
        until = math.inf if deadline is None else deadline
        for n in range(iterations):
            if time.perf_counter() > until:
                break
            state = (X, U_, J, reg, first)
            X, U_, J, reg, first, running = self._improve(task, *state, running, U.shape[1])
            count = n + 1
            if not running.any():
                break
        log_det = self._backward(task, X, U_, torch.zeros_like(J)).log_det()
        by_mode = (J, log_det, least_distance(self._texts, task, X))
        facts = (_numpy(a).reshape(first_axes) for a in by_mode)
        iterations_done = np.full(len(U), count)
        return Optimised(_modes(X, first_axes), _modes(U_, first_axes), *facts, iterations_done)

    @torch.inference_mode()
    def distances(self, X: Array, data: Sequence[StageData]) -> Array:
        """See `Kernel.distances`."""
        task = self._task_of(data, X.shape[1])
        return _numpy(least_distance(self._texts, task, self._lanes(X))).reshape(X.shape[:2])

    def _improve(
        self,
        task: Task,
        X: Tensor,
        U: Tensor,
        J: Tensor,
        reg: Tensor,
        first: Tensor,
        running: Tensor,
        n_modes: int,
    ) -> tuple[Tensor, ...]:
        """One iLQR iteration on all lanes, as the program's `solve`; a robot is a group.

        The host never waits in here, so it can launch an iteration while a GPU still computes.
        Returns (X, U, J, reg, first, lanes of robots that are not finished).
        """
        texts, shares = self._texts, first[:, None] * self._search
        gains = self._backward(task, X, U, reg)
        expected, scale = -(gains.linear + gains.quadratic), J.abs().clamp_min(1.0)
        done = (texts.CONVERGED * scale > expected) | (reg > texts.REG_MAX)
        best = J.reshape(-1, n_modes).amin(1, keepdim=True)
        limit = best + (task.contending - 1.0) * best.abs().clamp_min(1.0)
        contending = limit.expand(-1, n_modes).reshape(-1) > J
        waited_for = ~done & contending & (expected > texts.SETTLED * scale)
        unfinished = waited_for.reshape(-1, n_modes).any(1, keepdim=True)
        running = running & unfinished.expand(-1, n_modes).reshape(-1)
        done = done | ~running
        wanted = U[..., None] + gains.k[..., None] * shares[:, None]
        found = rollout(texts, task, X[0], wanted, (X, gains.K))
        decrease = texts.ARMIJO * shares * gains.linear[:, None]
        enough = (found[2] < J[:, None] + decrease) & ~done[:, None]
        taken, which = enough.any(1), enough.to(torch.int8).argmax(1)  # the longest step that does
        X_new, U_new = (a.take_along_dim(which[None, :, None, None], 3)[..., 0] for a in found[:2])
        J_new, last = (a.take_along_dim(which[:, None], 1)[:, 0] for a in (found[2], shares))
        X, U = (torch.where(taken[:, None], *pair) for pair in ((X_new, X), (U_new, U)))
        raised = reg.clamp_min(texts.REG_FIRST) * 8.0
        lowered = (reg * 0.25).clamp_min(texts.REG_MIN)
        reg = torch.where(done, reg, torch.where(taken, lowered, raised))
        first = torch.where(taken, (texts.LONGER * last).clamp_max(1.0), texts.SHORTER)
        return X, U, torch.where(taken, J_new, J), reg, first, running

    def _backward(self, task: Task, X: Tensor, U: Tensor, reg: Tensor) -> Gains:
        return backward(self._texts, task, self.problem.model.held_state, X, U, reg)

    def _start(self, task: Task, x0: Array, U: Array) -> tuple[Tensor, Tensor, Tensor]:
        """Roll out U [R, N, T, nu]; return X [T+1, L, nx], U [T, L, nu], J [L]."""
        x = torch.as_tensor(x0).to(self._like).repeat_interleave(U.shape[1], dim=0)
        X, U_, J = rollout(self._texts, task, x, self._lanes(U)[..., None])
        return X[..., 0], U_[..., 0], J[:, 0]

    def _lanes(self, modes: Array) -> Tensor:
        """Return [R, N, T, ...] as [T, L, ...] on the device."""
        flat = np.ascontiguousarray(modes).reshape(-1, *modes.shape[2:])
        return torch.as_tensor(flat).to(self._like).transpose(0, 1)

    def _task_of(self, data: Sequence[StageData], n_modes: int) -> Task:
        """Return the task on the device; one control cycle asks several times for the same."""
        known = self._tasks[0]
        if len(known) != len(data) or any(a is not b for a, b in zip(known, data, strict=True)):
            self._tasks = tuple(data), {}
        tasks = self._tasks[1]
        if n_modes not in tasks:
            tasks[n_modes] = make_task(data, self.problem.model.held_state, n_modes, self._like)
        return tasks[n_modes]


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        raise KernelError(f"device '{name}': must be cpu or cuda") from None
    if device.type not in ("cpu", "cuda"):
        raise KernelError(f"device '{name}': must be cpu or cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise KernelError(
            f"device '{name}': torch {torch.__version__} finds no CUDA GPU here; use cpu, or"
            " install a torch that is built for the GPU's driver"
        )
    return device


def correlated(white: Tensor, rho: float) -> Tensor:
    """Return xi [T, ...] with xi_0 = e_0, xi_t = rho xi_{t-1} + sqrt(1 - rho^2) e_t."""
    t = torch.arange(len(white)).to(white)
    mix = rho ** (t[:, None] - t).clamp_min(0.0)
    mix[:, 1:] *= math.sqrt(1.0 - rho * rho)
    return torch.tensordot(mix.tril(), white, 1)


def _modes(lanes: Tensor, first: tuple[int, ...]) -> Array:
    """Return [T, L, ...] as [R, N, T, ...] in double precision; first = (R, N)."""
    moved = _numpy(lanes.transpose(0, 1).contiguous())
    return moved.reshape(*first, *moved.shape[1:])


def _numpy(values: Tensor) -> Array:
    return values.to("cpu", torch.float64).numpy()
