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
        relative: Whether residuals are in units of the sample's first, |f(v0) - v0|. Values of a
            learned f have no scale of their own, nor has the gradient of a loss. (In units of the
            present value, a solve that runs away exponentially would look better and better.)
    """

    tolerance: float
    max_iterations: int
    relative: bool = False


class Residuals:
    """Measures the residuals of one solve, sample by sample."""

    def __init__(self, stopping: Stopping) -> None:
        self._relative = stopping.relative
        self._unit: Tensor | None = None

    def __call__(self, image: Tensor, value: Tensor) -> Tensor:
        """Return [B] for value [B, ...] and image = f(value)."""
        change = (image.detach() - value.detach()).abs().flatten(1).amax(dim=1)
        if not self._relative:
            return change
        if self._unit is None:
            self._unit = change
        return torch.where(change == 0.0, change, change / self._unit)


class SolveStatus(Enum):
    """How an iteration ended."""

    CONVERGED = "every sample reached the tolerance"
    MAX_ITERATIONS = "the iteration limit was reached first"
    NOT_FINITE = "a value became NaN or infinite"


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Result of a solve.

    Attributes:
        value: [B, ...] the last iterate of each sample, whether it converged or not.
        residual: [B] residual of each sample at `value`.
        iterations: Evaluations of f for the slowest sample.
        converged: bool [B], True where the residual is within the tolerance.
        failed: bool [B], True where the next value was NaN or infinite.
    """

    value: Tensor
    residual: Tensor
    iterations: int
    converged: Tensor
    failed: Tensor

    @property
    def status(self) -> SolveStatus:
        """CONVERGED, or why not."""
        if bool(self.converged.all()):
            return SolveStatus.CONVERGED
        return SolveStatus.NOT_FINITE if bool(self.failed.any()) else SolveStatus.MAX_ITERATIONS
