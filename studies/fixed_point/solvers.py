"""Three solvers of v = f(v) for a batch of samples, each with its own stop and its last iterate.

    iterate     v <- f(v)
    anderson    v <- the image of that mix of the last iterates whose residual is smallest
    broyden     v <- v - H g(v),  g(v) = f(v) - v,  H a low-rank estimate of the inverse of dg/dv

`iterate` converges for every contraction. The other two take far fewer evaluations where f is
smooth; where it is not, like a maximum over actions, they may be slower, and neither is certain to
converge even for a contraction.

All three return each sample's last iterate, converged or not, and which samples converged. Not the
one with the lowest residual: where nothing converges that is often the start, which has heard of
nothing but its own cell, and for an adjoint it is the first term of the sum alone.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from studies.fixed_point.result import FixedPoint, Residuals, Stopping

Function = Callable[[Tensor], Tensor]
Solver = Callable[[Function, Tensor, Stopping], FixedPoint]
"""From f, the start v0 [B, ...] and when to stop to the result."""


def iterate(f: Function, v0: Tensor, stopping: Stopping) -> FixedPoint:
    """Iterate v <- f(v). With a factor of contraction L < 1 the error falls by L each time."""
    return _solve(f, v0, stopping, lambda value, image: image)


def anderson(f: Function, v0: Tensor, stopping: Stopping, memory: int = 5) -> FixedPoint:
    """Accelerate by mixing the last `memory` steps; keeps 2 (memory + 1) values.

    Source: Walker and Ni, "Anderson acceleration for fixed-point iterations", SIAM J. Numer. Anal.
    49(4), 2011.
    """
    return _solve(f, v0, stopping, _AndersonStep(memory))


def broyden(f: Function, v0: Tensor, stopping: Stopping, memory: int = 20) -> FixedPoint:
    """Solve f(v) - v = 0 by Broyden's good method with limited memory.

    H is minus the identity plus at most `memory` terms of rank one, then starts again, so never
    more than 2 (memory + 1) values are kept, however many iterations are made.

    Source: Kelley, "Iterative Methods for Linear and Nonlinear Equations", SIAM 1995, chapter 7.
    """
    return _solve(f, v0, stopping, _BroydenStep(memory))


SOLVERS: dict[str, Solver] = {"forward": iterate, "anderson": anderson, "broyden": broyden}


def _solve(
    f: Function, v0: Tensor, stopping: Stopping, step: Callable[[Tensor, Tensor], Tensor]
) -> FixedPoint:
    """Evaluate f at iterates that `step(value, f(value))` proposes, until every sample is done.

    A sample is done when its residual is within the tolerance. One whose next residual is not
    finite goes back to the iterate before and stays there.
    """
    per_sample = (-1,) + (1,) * (v0.ndim - 1)
    value = last = v0
    residual = torch.full((v0.shape[0],), torch.inf, dtype=v0.dtype, device=v0.device)
    active = torch.ones_like(residual, dtype=torch.bool)
    failed = ~active
    measure, iterations = Residuals(stopping), 0
    while iterations < stopping.max_iterations and active.any():
        image = f(value)
        iterations += 1
        new = measure(image, value)
        failed = failed | (active & ~torch.isfinite(new))
        moved = active & ~failed
        last = torch.where(moved.view(per_sample), value, last)
        residual = torch.where(moved, new, residual)
        active = moved & (residual > stopping.tolerance)
        value = torch.where(active.view(per_sample), step(value, image), last)
    return FixedPoint(last, residual, iterations, residual <= stopping.tolerance, failed)


class _AndersonStep:
    """The next iterate of Anderson's method."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._images: list[Tensor] = []  # [B, n] each
        self._residuals: list[Tensor] = []

    def __call__(self, value: Tensor, image: Tensor) -> Tensor:
        self._images = [*self._images, image.flatten(1)][-self._memory - 1 :]
        self._residuals = [*self._residuals, (image - value).flatten(1)][-self._memory - 1 :]
        if len(self._images) == 1:
            return image
        image_steps = torch.stack(self._images, dim=2).diff(dim=2)  # [B, n, m]
        steps = torch.stack(self._residuals, dim=2).diff(dim=2)
        mix = _least_squares(steps, self._residuals[-1])
        return (self._images[-1] - _times(image_steps, mix)).view_as(value)


class _BroydenStep:
    """The next iterate of Broyden's method, with H = -1 + sum of left right^T."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._lefts: list[Tensor] = []  # [B, n] each
        self._rights: list[Tensor] = []
        self._last: tuple[Tensor, Tensor] | None = None

    def __call__(self, value: Tensor, image: Tensor) -> Tensor:
        v, g = value.flatten(1), (image - value).flatten(1)
        if self._last is not None:
            self._update(v - self._last[0], g - self._last[1])
        self._last = v, g
        return (v - self._h(g)).view_as(value)

    def _h(self, x: Tensor) -> Tensor:
        return _low_rank(x, self._lefts, self._rights)

    def _update(self, s: Tensor, y: Tensor) -> None:
        """Change H least so that H y = s."""
        if len(self._lefts) == self._memory:
            self._lefts, self._rights = [], []
        right = _low_rank(s, self._rights, self._lefts)  # H^T s
        scale = _dot(right, y)
        # A sample that stands still, or whose step says nothing of its last one, keeps its H.
        usable = scale.abs() > torch.finfo(s.dtype).eps * right.norm(dim=1) * y.norm(dim=1)
        left = (s - self._h(y)) / torch.where(usable, scale, 1.0)[:, None]
        self._lefts = [*self._lefts, torch.where(usable[:, None], left, 0.0)]
        self._rights = [*self._rights, right]


def _low_rank(x: Tensor, lefts: list[Tensor], rights: list[Tensor]) -> Tensor:
    """Return -x + sum of left (right . x), all [B, n]."""
    result = -x
    for left, right in zip(lefts, rights, strict=True):
        result = result + left * _dot(right, x)[:, None]
    return result


def _least_squares(a: Tensor, b: Tensor) -> Tensor:
    """Return x [B, m] that minimises |a x - b| for a [B, n, m], b [B, n]; near-singular a is fine.

    The normal equations are small; they get a ridge of the size of their own rounding errors.
    """
    gram = a.transpose(1, 2) @ a
    limits = torch.finfo(a.dtype)
    ridge = 10.0 * limits.eps * gram.diagonal(dim1=1, dim2=2).sum(dim=1) + limits.tiny
    gram = gram + ridge[:, None, None] * torch.eye(a.shape[2], dtype=a.dtype, device=a.device)
    right = a.transpose(1, 2) @ b[:, :, None]
    return torch.linalg.solve_ex(gram, right).result[:, :, 0]


def _times(a: Tensor, x: Tensor) -> Tensor:
    return (a @ x[:, :, None])[:, :, 0]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=1)
