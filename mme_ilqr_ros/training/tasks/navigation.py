"""The navigation task: learn what a wall costs from shortest paths in mazes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mme_ilqr_ros.planning.family import MODELS
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.planning.structured import ADJOINTS, Plan
from mme_ilqr_ros.training.evaluate import Score, evaluate
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import AdjointLog, Command, Loss, TrainingError, device_of
from mme_ilqr_ros.training.tasks.held_out import held_out_scores
from mme_ilqr_ros.training.tasks.maze_options import add_maze_options, maze_data
from mme_ilqr_ros.training.tasks.mazes import MazeSet

STRUCTURED = "structured"
# Free kernels as their papers train them.
_FREE_KERNEL = TrainSettings(
    epochs=30, learning_rate=1e-3, optimizer="rmsprop", schedule="constant", clip=40.0
)


@dataclass(frozen=True, eq=False)
class NavigationTask:
    """Imitate all shortest moves in mazes.

    Attributes:
        kind: Name of the model in `planning.family.MODELS`.
        data: Mazes to learn from.
        validation: Mazes to choose the best model by.
        source: Where they come from, for the card.
        push: Weight of the push term of a model that has a cost.
        adjoint: Of the structured model.
    """

    kind: str
    data: MazeSet
    validation: MazeSet
    source: str
    push: float = 0.03
    adjoint: str = "exact"

    @property
    def n_samples(self) -> int:
        """Mazes to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return MODELS[self.kind](generator)

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return cross entropy and push term on some mazes."""
        mazes = self.data.take(indices.numpy())
        labels = torch.from_numpy(mazes.labels()).to(device_of(model))
        log = AdjointLog()
        plan = self._plan(model, mazes, log)
        loss = imitation_loss(plan.logits, labels)
        if self.kind == STRUCTURED:
            loss = loss + self.push * push_loss(plan.log_cost, labels)
        return Loss(loss, plan.residual, log)

    def _plan(self, model: nn.Module, mazes: MazeSet, log: AdjointLog) -> Plan:
        inputs = maze_inputs(mazes, device_of(model))
        if self.kind != STRUCTURED:
            return model(*inputs, n_moves=N_STRAIGHT, on_adjoint=log)
        # No listener for the structured model's adjoint: it ends exactly, or that is an error.
        return model(*inputs, n_moves=N_STRAIGHT, adjoint=self.adjoint)

    def validate(self, model: nn.Module) -> Score:
        """Return the score on the validation mazes."""
        return evaluate(follow(model), self.validation)

    def test(self, model: nn.Module) -> dict[str, Score]:
        """Return scores on new mazes of many sizes."""
        return held_out_scores(follow(model))

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what the weight file holds: of the structured model what the planner loads."""
        part = model.encoder if self.kind == STRUCTURED else model
        return {k: v.cpu().numpy() for k, v in part.state_dict().items()}

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {
            "model": self.kind,
            "data": self.source,
            "push": f"{self.push}",
            "adjoint": self.adjoint if self.kind == STRUCTURED else "the model's own",
        }


def maze_inputs(mazes: MazeSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return occupied [B, H, W], in torch's default precision, and goals int64 [B, 2]."""
    occupied = torch.from_numpy(mazes.occupied).to(device, torch.get_default_dtype())
    return occupied, torch.from_numpy(mazes.goals).to(device)


def follow(model: nn.Module) -> Callable[[MazeSet], Plan]:
    """Return the model as `evaluate` wants it: four moves, no mask."""
    device = device_of(model)
    return lambda mazes: model(*maze_inputs(mazes, device), n_moves=N_STRAIGHT)


def imitation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy of the policy against the expert's moves.

    Args:
        logits: [B, 4, H, W] of the model's moves.
        labels: [B, 4, H, W] share of each move among the shortest; all zero at cells without one
            (walls, unreachable cells, the goal), which do not count.

    Returns:
        The mean over the maps of each map's mean over its cells that count.
    """
    entropy = -(labels * functional.log_softmax(logits, dim=1)).sum(dim=(1, 2, 3))
    return (entropy / labels.sum(dim=(1, 2, 3)).clamp(min=1.0)).mean()


def push_loss(log_cost: Tensor, labels: Tensor) -> Tensor:
    """Return the mean log cost of the cells shown minus that of the cells never shown.

    The cross entropy loses interest in a wall once it costs more than the longest detour in the
    data; this does not, so the price holds on larger maps. It is bounded because the log cost is.
    Like every loss a mean over maps; in a map without a start nothing is shown.
    """
    shown = labels.sum(dim=1) > 0.0

    def mean_over(cells: Tensor) -> Tensor:
        return (log_cost * cells).sum(dim=(1, 2)) / cells.sum(dim=(1, 2)).clamp(min=1)

    difference = mean_over(shown) - mean_over(~shown)
    return (difference * shown.any(dim=2).any(dim=1)).mean()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", choices=sorted(MODELS), default=STRUCTURED, help="default %(default)s"
    )
    add_maze_options(parser)
    parser.add_argument(
        "--adjoint",
        choices=ADJOINTS,
        default="exact",
        help="gradient of the structured model, default %(default)s",
    )


def _task(options: argparse.Namespace, settings: TrainSettings) -> NavigationTask:
    if options.model != STRUCTURED and options.adjoint != "exact":
        raise TrainingError(f"--adjoint is of the structured model; {options.model} has its own")
    data = maze_data(options, settings.seed)
    return NavigationTask(options.model, *data, adjoint=options.adjoint)


def _settings(options: argparse.Namespace) -> TrainSettings:
    return TrainSettings() if options.model == STRUCTURED else _FREE_KERNEL


COMMAND = Command(
    "learn what walls cost from shortest paths in mazes", _add_options, _settings, _task
)
