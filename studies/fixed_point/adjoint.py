"""Two ways to differentiate through v* = f(v*, x).

For a loss l(v*),

    unrolled   differentiates through every iteration that was made: f as a network of that many
               layers (VIN);
    implicit   solves  w = (df/dv)^T w + dl/dv  at v* and returns (df/dx)^T w (ID-VIN): its memory
               does not grow with the number of forward iterations.

Which one is used is independent of f, and the implicit one leaves the forward solver open.

Source: Zhao, Xu, Wong, "Scaling up and Stabilizing Differentiable Planning with Implicit
Differentiation", ICLR 2023.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from studies.fixed_point.result import FixedPoint, Residuals, SolveStatus, Stopping
from studies.fixed_point.solvers import Function, Solver, iterate

ADJOINTS = ("implicit", "unrolled")


class FixedPointError(RuntimeError):
    """The adjoint solve did not converge and no `on_adjoint` callback was given."""


def unroll(f: Function, v0: Tensor, stopping: Stopping) -> FixedPoint:
    """Apply f to v0 [B, ...] until every sample changes by at most the tolerance.

    The result is f of the last iterate, where a solver returns the iterate itself: this is a
    network, and its output is what the gradient is of. Its residual is that of its last change.
    A sample that is done is left alone while the others go on.
    """
    per_sample = (-1,) + (1,) * (v0.ndim - 1)
    value = v0
    residual = torch.full((v0.shape[0],), torch.inf, dtype=v0.dtype, device=v0.device)
    measure, iterations = Residuals(stopping), 0
    while iterations < stopping.max_iterations and (residual > stopping.tolerance).any():
        active = residual > stopping.tolerance
        new = f(value)
        if not active.all():
            new = torch.where(active.view(per_sample), new, value)
        residual = torch.where(active, measure(new, value), residual)
        value = new
        iterations += 1
    failed = ~torch.isfinite(residual)
    return FixedPoint(value, residual, iterations, residual <= stopping.tolerance, failed)


def solve(
    f: Callable[..., Tensor],
    v0: Tensor,
    inputs: tuple[Tensor, ...],
    stopping: Stopping,
    *,
    adjoint: str,
    solver: Solver = iterate,
    adjoint_solver: Solver = iterate,
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
        solver: Forward solver of "implicit"; "unrolled" is plain iteration by its nature.
        adjoint_solver: Solver of the implicit adjoint's equation.
        adjoint_stopping: When that one stops; None takes `stopping`.
        on_adjoint: Called with the result of the adjoint's solve in every backward pass. Without
            it, an adjoint that does not converge raises `FixedPointError`: a truncated gradient
            is never passed on silently.

    Raises:
        ValueError: `adjoint` is not one of the two.
    """
    if adjoint not in ADJOINTS:
        raise ValueError(f"adjoint = '{adjoint}': must be one of {', '.join(ADJOINTS)}")
    if adjoint == "unrolled":
        return unroll(lambda v: f(v, *inputs), v0, stopping)
    with torch.no_grad():
        result = solver(lambda v: f(v, *inputs), v0, stopping)
    value = _Implicit.apply(
        f,
        lambda back, w0: adjoint_solver(back, w0, adjoint_stopping or stopping),
        _insist if on_adjoint is None else on_adjoint,
        result.value,
        *inputs,
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
    def forward(ctx, f, solve_adjoint, on_adjoint, value, *inputs):
        ctx.f, ctx.solve_adjoint, ctx.on_adjoint = f, solve_adjoint, on_adjoint
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

        adjoint = ctx.solve_adjoint(back, gradient)
        ctx.on_adjoint(adjoint)
        differentiable = [t for t, w in zip(x, wanted, strict=True) if w]
        parts = iter(torch.autograd.grad(fv, differentiable, adjoint.value))
        return (None, None, None, None, *(next(parts) if w else None for w in wanted))
