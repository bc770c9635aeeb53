"""What can be asked of a trained planner with a free kernel about its fixed point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.task import device_of
from mme_ilqr_ros.training.tasks.mazes import TEST_SEED, MazeSet, evaluate, generate_mazes
from mme_ilqr_ros.training.tasks.navigation import imitation_loss, maze_inputs
from studies.family.free_kernel import FreeKernelPlanner, Plan
from studies.fixed_point import FixedPoint, Stopping
from studies.tasks.free_kernel import FreeKernelTask

MULTIPLES = (0.5, 1, 2, 4)
"""Of the iterations in training."""
_CAP = 2000  # where only the tolerance is to end a solve


@dataclass(frozen=True)
class Point:
    """A point of a curve."""

    curve: str
    x: float
    y: float


class Probes:
    """Asks a planner on mazes that it has not seen. Residuals are medians over the mazes."""

    def __init__(
        self, task: FreeKernelTask, model: FreeKernelPlanner, size: int, n_mazes: int
    ) -> None:
        self._model, self._settings, self._size = model, task.planner, size
        self._mazes = self._new_mazes(n_mazes)

    def success_against_iterations(self, n_mazes: int) -> list[Point]:
        """Return success [%] with fewer and more iterations than in training at most."""
        mazes, own = self._new_mazes(n_mazes), self._settings.stopping
        points = []
        for multiple in MULTIPLES:
            cap = max(1, round(multiple * own.max_iterations))
            success = self._success(mazes, replace(own, max_iterations=cap))
            points.append(Point("success", multiple, success))
        return points

    @torch.no_grad()
    def forward_residuals(self, caps: Sequence[int]) -> list[Point]:
        """Return the residual after so many iterations, in units of the first."""
        points = []
        for cap in caps:
            plan = self._plan(self._mazes, Stopping(0.0, cap, relative=True))
            points.append(Point("forward residual", cap, plan.residuals.median().item()))
        return points

    def backward_residuals(self, caps: Sequence[int]) -> list[Point]:
        """Return the adjoint's residual after so many of its iterations, in units of the first.

        It is taken where the forward solve of the training ends.
        """
        points = []
        for cap in caps:
            _, adjoint = self._gradient(self._settings.stopping, Stopping(0.0, cap, relative=True))
            points.append(Point("backward residual", cap, adjoint.residual.median().item()))
        return points

    def tolerances(self, tolerances: Sequence[float]) -> list[Point]:
        """Return iterations, success and the gradient's error by the tolerance of both solves.

        The error is the distance to the gradient at the smallest tolerance, relative to its size.
        """
        stoppings = [Stopping(t, _CAP, relative=True) for t in sorted(tolerances)]
        gradients = [self._gradient(stopping, stopping) for stopping in stoppings]
        best = gradients[0][0]
        points = []
        for stopping, (gradient, adjoint) in zip(stoppings, gradients, strict=True):
            with torch.no_grad():
                iterations = self._plan(self._mazes, stopping).iterations
            x = stopping.tolerance
            error = ((gradient - best).norm() / best.norm()).item()
            points += [
                Point("forward iterations", x, iterations),
                Point("backward iterations", x, adjoint.iterations),
                Point("success at tolerance", x, self._success(self._mazes, stopping)),
            ]
            if gradient is not best:
                points.append(Point("gradient error", x, error))
        return points

    def _gradient(self, forward: Stopping, backward: Stopping) -> tuple[Tensor, FixedPoint]:
        """Return the gradient of the loss [n], and how the adjoint's solve ended."""
        model, adjoints = self._model, []
        model.settings = replace(self._settings, adjoint_stopping=backward)
        try:
            model.zero_grad()
            plan = self._plan(self._mazes, forward, adjoints)
            labels = torch.from_numpy(self._mazes.labels()).to(plan.logits)
            imitation_loss(plan.logits, labels).backward()
        finally:
            model.settings = self._settings
        parts = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
        return torch.cat(parts).clone(), adjoints[-1]

    def _plan(
        self, mazes: MazeSet, stopping: Stopping, adjoints: list[FixedPoint] | None = None
    ) -> Plan:
        inputs = maze_inputs(mazes, device_of(self._model))
        listen = None if adjoints is None else adjoints.append
        return self._model(*inputs, n_moves=N_STRAIGHT, stopping=stopping, on_adjoint=listen)

    def _success(self, mazes: MazeSet, stopping: Stopping) -> float:
        return 100.0 * evaluate(lambda part: self._plan(part, stopping), mazes).success

    def _new_mazes(self, n: int) -> MazeSet:
        return generate_mazes(n, self._size, np.random.default_rng([TEST_SEED, self._size]))
