"""When to stop a fixed-point solver, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor


@dataclass(frozen=True)
class Stopping:
    """When to stop iterating. All of it is always said out loud; there is no hidden cap.

    Attributes:
        tolerance: Residual max |f(v) - v| at which a sample is done. 0 is reached exactly where f
            settles in finitely many steps, like the Bellman operator.
        max_iterations: Evaluations of f after which the solver gives up and says so, at least 1.
        relative: Whether the residual is divided by max |f(v)|. Values of a learned f have no
            scale of their own, nor has the gradient of a loss, so their solves want this.
    """

    tolerance: float
    max_iterations: int
    relative: bool = False

    def residual(self, image: Tensor, value: Tensor) -> Tensor:
        """Return [B] the residual of each sample for value [B, ...] and image = f(value)."""
        change = _largest(image.detach() - value.detach())
        if not self.relative:
            return change
        return torch.where(change == 0.0, change, change / _largest(image.detach()))


class SolveStatus(Enum):
    """How an iteration ended."""

    CONVERGED = "every sample reached the tolerance"
    MAX_ITERATIONS = "the iteration limit was reached first"
    NOT_FINITE = "a value became NaN or infinite"


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Result of a solve.

    Attributes:
        value: [B, ...] of each sample the iterate v with the smallest residual.
        residual: [B] residual of each sample at `value`.
        iterations: Evaluations of f for the slowest sample.
        status: CONVERGED, or why not.
    """

    value: Tensor
    residual: Tensor
    iterations: int
    status: SolveStatus


def _largest(x: Tensor) -> Tensor:
    return x.abs().flatten(1).amax(dim=1)
