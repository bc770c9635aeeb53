"""What the training loop needs: a task (data, model, loss, score), settings, a subcommand.

The subcommands of `train` are the entries of `verb.COMMANDS`; a new task is a file in `tasks/`
and a line there.
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

OPTIMIZERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}
SCHEDULES = ("one_cycle", "constant")


class TrainingError(InputError):
    """A training cannot start or has failed; the message says what to do."""


@dataclass(frozen=True)
class TrainSettings:
    """Parameters of a training that do not depend on the task.

    Attributes:
        epochs: Passes over the data.
        batch: Samples in a step.
        learning_rate: Peak of the schedule.
        optimizer: One of OPTIMIZERS.
        schedule: "one_cycle" or "constant".
        clip: Largest norm of the gradient.
        validations: How often the model is validated in the whole training.
        seed: Of initial weights and the order of the data.
    """

    epochs: int = 1
    batch: int = 32
    learning_rate: float = 3e-2
    optimizer: str = "adam"
    schedule: str = "one_cycle"
    clip: float = 1.0
    validations: int = 8
    seed: int = 0

    def make_optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return the optimizer of a model's parameters."""
        return OPTIMIZERS[self.optimizer](model.parameters(), lr=self.learning_rate)

    def make_schedule(
        self, optimizer: torch.optim.Optimizer, n_steps: int
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Return the schedule of the learning rate over `n_steps`."""
        if self.schedule == "constant":
            return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            self.learning_rate,
            total_steps=n_steps,
            cycle_momentum=self.optimizer != "rmsprop",  # it has no momentum
        )


class Score(Protocol):
    """How good a model is on some data."""

    def rank(self) -> tuple[float, ...]:
        """Return what models are compared by: larger is better, first entry first."""

    def row(self) -> dict[str, float]:
        """Return the numbers shown, by name with unit; the progress bar shows the first."""


class Loss(NamedTuple):
    """The loss of a batch.

    Attributes:
        value: Scalar to descend: the mean over the batch's samples.
        residual: Largest residual of the planner's fixed point.
        notes: Further numbers for the history, by name; read after the backward pass.
    """

    value: Tensor
    residual: float
    notes: Mapping[str, float] = MappingProxyType({})


class TrainingTask(Protocol):
    """Data, model, loss and measure of success."""

    @property
    def n_samples(self) -> int:
        """Samples to learn from; the loop names them by index."""

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model; the same generator state makes the same one."""

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the loss of a model on the samples int64 [B]."""

    def validate(self, model: nn.Module) -> Score:
        """Return the score by which the best model is chosen; never of training or test data."""

    def test(self, model: nn.Module) -> Mapping[str, Score]:
        """Return scores on data used for nothing else, by name; all of one kind, for the card."""

    def tensors(self, model: nn.Module) -> Mapping[str, np.ndarray]:
        """Return the tensors of the weight file."""

    def facts(self) -> Mapping[str, str]:
        """Return what the card says and a resumed training must agree with: data, options."""


@dataclass(frozen=True)
class Command:
    """A subcommand of `train`.

    Attributes:
        help: One line.
        add_options: Adds the task's own options to a parser.
        settings: Returns the task's default training settings for parsed options.
        task: Returns the task for parsed options and training settings.
    """

    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    settings: Callable[[argparse.Namespace], TrainSettings]
    task: Callable[[argparse.Namespace, TrainSettings], TrainingTask]


def device_of(model: nn.Module) -> torch.device:
    """Return where a model's parameters are."""
    return next(model.parameters()).device


def tensors_of(module: nn.Module) -> dict[str, np.ndarray]:
    """Return the tensors of a module as arrays, by name."""
    return {name: tensor.cpu().numpy() for name, tensor in module.state_dict().items()}
