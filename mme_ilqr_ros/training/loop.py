"""The training loop: batches in, the model that did best on validation out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.planning.structured import CostEncoder, Plan, StructuredIDVIN
from mme_ilqr_ros.training.evaluate import Score, evaluate
from mme_ilqr_ros.training.tasks.mazes import MazeSet
from mme_ilqr_ros.training.tasks.navigation import imitation_loss, push_loss


@dataclass(frozen=True)
class TrainSettings:
    """Parameters of a training.

    Attributes:
        epochs: Passes over the data.
        batch: Maps in a step.
        learning_rate: Peak of the one-cycle schedule of Adam.
        push: Weight of the push term.
        clip: Largest norm of the gradient.
        adjoint: "exact", "implicit" or "unrolled".
        validations: How often the model is validated in the whole training.
        seed: Of initial weights and the order of the data.
    """

    epochs: int = 1
    batch: int = 32
    learning_rate: float = 3e-2
    push: float = 0.03
    clip: float = 1.0
    adjoint: str = "exact"
    validations: int = 8
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """One step of a training, for a progress bar."""

    step: int
    n_steps: int
    loss: float
    residual: float
    success: float


@dataclass(frozen=True, eq=False)
class TrainResult:
    """The model that did best on validation, and when.

    Attributes:
        model: With the weights of the best validation.
        score: Its score on the validation mazes.
        untrained: Score of the initial weights on them.
        best_step: Steps after which it was best.
        n_steps: Steps made.
    """

    model: StructuredIDVIN
    score: Score
    untrained: Score
    best_step: int
    n_steps: int


class TrainingError(ValueError):
    """A training cannot start or has failed."""


def train(
    data: MazeSet,
    validation: MazeSet,
    settings: TrainSettings,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> TrainResult:
    """Train the structured model; the same arguments give the same weights.

    Raises:
        TrainingError: There are fewer maps than a batch holds, or the loss is no longer finite.
    """
    if len(data) < settings.batch:
        raise TrainingError(f"{len(data)} maps do not fill a batch of {settings.batch}")
    generator = torch.Generator().manual_seed(settings.seed)
    model = StructuredIDVIN(CostEncoder(generator))
    batches = _batches(data, settings, generator)
    n_steps = settings.epochs * (len(data) // settings.batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=n_steps
    )
    due = set(np.linspace(0, n_steps, settings.validations + 1).round().astype(int)[1:].tolist())
    score = untrained = evaluate(model, validation)
    best, best_score, best_step = copy.deepcopy(model), untrained, 0
    for step, (occupied, goals, labels) in enumerate(batches, start=1):
        plan = model(occupied, goals, n_moves=N_STRAIGHT, adjoint=settings.adjoint)
        loss = _step(model, optimizer, plan, labels, settings)
        schedule.step()
        if step in due:
            score = evaluate(model, validation)
            # Of equally good ones the later: its prices have had longer to settle.
            if (score.success, score.optimal) >= (best_score.success, best_score.optimal):
                best, best_score, best_step = copy.deepcopy(model), score, step
        on_step(Progress(step, n_steps, loss, plan.residual, score.success))
    return TrainResult(best, best_score, untrained, best_step, n_steps)


def _batches(
    data: MazeSet, settings: TrainSettings, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield (occupied [B, H, W], goals [B, 2], labels [B, 4, H, W]) in a new order each epoch."""
    occupied = torch.from_numpy(data.occupied.astype(np.float32))
    goals, labels = torch.from_numpy(data.goals), torch.from_numpy(data.labels())
    for _ in range(settings.epochs):
        order = torch.randperm(len(data), generator=generator)
        for chosen in order.split(settings.batch):
            if len(chosen) == settings.batch:
                yield occupied[chosen], goals[chosen], labels[chosen]


def _step(
    model: StructuredIDVIN,
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    labels: Tensor,
    settings: TrainSettings,
) -> float:
    """Make one step of gradient descent; return the imitation loss."""
    imitation = imitation_loss(plan, labels)
    loss = imitation + settings.push * push_loss(plan, labels)
    if not torch.isfinite(loss):
        raise TrainingError(f"the loss became {loss.item()}; try a smaller learning rate")
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimizer.step()
    return imitation.item()
