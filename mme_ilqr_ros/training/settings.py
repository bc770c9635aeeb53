"""Parameters of a training that do not depend on the task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

OPTIMIZERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}
SCHEDULES = ("one_cycle", "constant")


@dataclass(frozen=True)
class TrainSettings:
    """Parameters of a training.

    Attributes:
        epochs: Passes over the data.
        batch: Samples in a step, of all processes together.
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
            cycle_momentum=self.optimizer != "rmsprop",  # which has none to cycle
        )
