"""Fixed points v = f(v, x) solved to a residual, and two ways to differentiate through them.

Forward, v* = f(v*, x) comes from plain iteration. Backward, for a loss l(v*),

    unrolled   differentiates through every iteration that was made (VIN);
    implicit   solves  w = (df/dv)^T w + dl/dv  at v* and returns (df/dx)^T w (ID-VIN): its memory
               does not grow with the number of forward iterations.

Which one is used is independent of f. Both sides stop by residual, sample by sample, so the answer
for a sample does not depend on which others share its batch.

Source: Zhao, Xu, Wong, "Scaling up and Stabilizing Differentiable Planning with Implicit
Differentiation", ICLR 2023.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

ADJOINTS = ("implicit", "unrolled")


@dataclass(frozen=True)
class Stopping:
    """When to stop iterating. Both are always said out loud; there is no hidden cap.

    Attributes:
        tolerance: Largest change of any element in one iteration at which a sample is done. 0 is
            reached exactly where f settles in finitely many steps, like the Bellman operator.
        max_iterations: Iterations after which the solver gives up and says so.
    """

    tolerance: float
    max_iterations: int


class SolveStatus(Enum):
    """How an iteration ended."""

    CONVERGED = "every sample reached the tolerance"
    MAX_ITERATIONS = "the iteration limit was reached first"
    NOT_FINITE = "a value became NaN or infinite"


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Result of a solve.

    Attributes:
        value: [B, ...] last iterate.
        residual: [B] largest change of each sample in its last iteration.
        iterations: Iterations of the slowest sample.
        status: CONVERGED, or why not.
    """

    value: Tensor
    residual: Tensor
    iterations: int
    status: SolveStatus


class FixedPointError(RuntimeError):
    """An adjoint solve failed and nobody was listening."""


def iterate(f: Callable[[Tensor], Tensor], v0: Tensor, stopping: Stopping) -> FixedPoint:
    """Iterate v <- f(v) from v0 [B, ...] until every sample changes by at most the tolerance.

    A sample that is done is left alone while the others go on.
    """
    value = v0
    per_sample = (-1,) + (1,) * (v0.ndim - 1)
    residual = torch.full((v0.shape[0],), torch.inf, dtype=v0.dtype)
    for k in range(stopping.max_iterations):
        active = ~(residual <= stopping.tolerance)
        new = torch.where(active.view(per_sample), f(value), value)
        change = (new - value).detach().abs().flatten(1).amax(dim=1)
        residual = torch.where(active, change, residual)
        value = new
        if not torch.isfinite(residual).all():
            return FixedPoint(value, residual, k + 1, SolveStatus.NOT_FINITE)
        if (residual <= stopping.tolerance).all():
            return FixedPoint(value, residual, k + 1, SolveStatus.CONVERGED)
    return FixedPoint(value, residual, stopping.max_iterations, SolveStatus.MAX_ITERATIONS)


def solve(
    f: Callable[..., Tensor],
    v0: Tensor,
    inputs: tuple[Tensor, ...],
    stopping: Stopping,
    *,
    adjoint: str,
    adjoint_stopping: Stopping | None = None,
    on_adjoint: Callable[[FixedPoint], None] | None = None,
) -> FixedPoint:
    """Solve v = f(v, *inputs) with a value that can be differentiated with respect to `inputs`.

    Args:
        f: Takes v [B, ...] and the inputs. It acts on each sample by itself, and everything that
            is to receive a gradient comes in through `inputs`.
        v0: [B, ...] where to start.
        inputs: Tensors that f depends on.
        stopping: For the forward solve.
        adjoint: "implicit" or "unrolled".
        adjoint_stopping: For the implicit adjoint's own solve; None takes `stopping`.
        on_adjoint: Called with the result of the adjoint's solve in every backward pass. Without
            it, an adjoint that does not converge raises `FixedPointError`: a truncated gradient
            is never passed on silently.

    Raises:
        ValueError: `adjoint` is not one of the two.
    """
    if adjoint not in ADJOINTS:
        raise ValueError(f"adjoint = '{adjoint}': must be one of {', '.join(ADJOINTS)}")
    if adjoint == "unrolled":
        return iterate(lambda v: f(v, *inputs), v0, stopping)
    with torch.no_grad():
        result = iterate(lambda v: f(v, *inputs), v0, stopping)
    value = _Implicit.apply(
        f, adjoint_stopping or stopping, on_adjoint or _insist, result.value, *inputs
    )
    return replace(result, value=value)


def _insist(adjoint: FixedPoint) -> None:
    if adjoint.status is not SolveStatus.CONVERGED:
        raise FixedPointError(
            f"adjoint not converged: {adjoint.status.value} (residual"
            f" {adjoint.residual.max().item():.1e} after {adjoint.iterations} iterations)"
        )


class _Implicit(torch.autograd.Function):
    """Identity on the solved value; its gradient is that of the fixed point."""

    @staticmethod
    def forward(ctx, f, stopping, on_adjoint, value, *inputs):
        ctx.f, ctx.stopping, ctx.on_adjoint = f, stopping, on_adjoint
        ctx.save_for_backward(value, *inputs)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        value, *inputs = ctx.saved_tensors
        wanted = ctx.needs_input_grad[4:]
        with torch.enable_grad():
            v = value.detach().requires_grad_()
            x = [t.detach().requires_grad_(w) for t, w in zip(inputs, wanted, strict=True)]
            fv = ctx.f(v, *x)

        def back(w: Tensor) -> Tensor:
            return torch.autograd.grad(fv, v, w, retain_graph=True)[0] + gradient

        adjoint = iterate(back, gradient, ctx.stopping)
        ctx.on_adjoint(adjoint)
        differentiable = [t for t, w in zip(x, wanted, strict=True) if w]
        parts = iter(torch.autograd.grad(fv, differentiable, adjoint.value))
        return (None, None, None, None, *(next(parts) if w else None for w in wanted))
