"""What the training loop asks of a task, and nothing else.

A task is data, a model, a loss and a measure of success. Subcommands of
`python -m mme_ilqr_ros.training` are the entries of `tasks.COMMANDS`; a new task is a file in
`tasks/` and a line there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.learning.fixed_point import FixedPoint
from mme_ilqr_ros.training.settings import TrainSettings


class TrainingError(InputError):
    """A training cannot start or has failed; the message says what to do."""


class Score(Protocol):
    """How good a model is on some data."""

    def rank(self) -> tuple[float, ...]:
        """Return what models are compared by: larger is better, first entry first."""

    def row(self) -> dict[str, float]:
        """Return the numbers shown, by name with unit; the progress bar shows the first."""


class AdjointLog:
    """Listens to the iterative adjoint of a model: pass it as `on_adjoint`.

    Attributes:
        iterations: Of the last backward pass; None before the first.
        residual: Largest residual of the batch in it.
    """

    def __init__(self) -> None:
        self.iterations: int | None = None
        self.residual: float | None = None

    def __call__(self, adjoint: FixedPoint) -> None:
        """Take the result of an adjoint's solve."""
        self.iterations = int(adjoint.iterations)
        self.residual = float(adjoint.residual.max())


class Loss(NamedTuple):
    """What a task says about a batch.

    Attributes:
        value: Scalar to descend. The MEAN over the batch's samples: several processes then see
            parts of the batch and their gradients' mean is that of the whole.
        residual: Largest residual of the planner's fixed point.
        adjoint: Filled by the backward pass; None where no iteration is made.
        notes: Further numbers for the history, by name.
    """

    value: Tensor
    residual: float
    adjoint: AdjointLog | None = None
    notes: Mapping[str, float] = MappingProxyType({})


class Task(Protocol):
    """Data, model, loss and measure of success."""

    n_samples: int
    """Samples to learn from; the loop names them by index."""

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model; the same generator state makes the same one."""

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the loss of a model on the samples int64 [B].

        Only `model(...)` may be called, no method of it: with several processes it is a wrapper.
        """

    def validate(self, model: nn.Module) -> Score:
        """Return the score by which the best model is chosen; never of training or test data."""

    def test(self, model: nn.Module) -> Mapping[str, Score]:
        """Return scores on data used for nothing else, by name; all of one kind, for the card."""

    def tensors(self, model: nn.Module) -> Mapping[str, np.ndarray]:
        """Return what the weight file holds."""

    def facts(self) -> Mapping[str, str]:
        """Return what the card says and a resumed training must agree with: data, options."""


@dataclass(frozen=True)
class Command:
    """A subcommand.

    Attributes:
        help: One line.
        add_options: Adds the task's own options to a parser.
        settings: Returns the task's default training settings for parsed options.
        task: Returns the task for parsed options and training settings.
    """

    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    settings: Callable[[argparse.Namespace], TrainSettings]
    task: Callable[[argparse.Namespace, TrainSettings], Task]


def device_of(model: nn.Module) -> torch.device:
    """Return where a model's parameters are."""
    return next(model.parameters()).device
