"""The navigation task: learn what a wall costs from shortest paths in mazes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.learning.structured import ADJOINTS, Plan
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.evaluate import Score, evaluate
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import Command, Loss, TrainingError, device_of
from mme_ilqr_ros.training.tasks.held_out import held_out_scores
from mme_ilqr_ros.training.tasks.imitation import imitation_loss, maze_inputs
from mme_ilqr_ros.training.tasks.maze_options import add_maze_options, maze_data
from mme_ilqr_ros.training.tasks.mazes import MazeSet
from studies.family import MODELS, structured
from studies.tasks.free_kernel import SETTINGS as FREE_KERNEL_SETTINGS
from studies.tasks.free_kernel import (
    FreeKernelTask,
    add_planner_options,
    planner_settings,
    refuse_planner_options,
)

STRUCTURED = "structured"
_POWER = 4.0


@dataclass(frozen=True, eq=False)
class NavigationTask:
    """Imitate all shortest moves in mazes: the structured model, for others see `free_kernel.py`.

    Attributes:
        data: Mazes to learn from.
        validation: Mazes to choose the best model by.
        source: Where they come from, for the card.
        push: Weight of the push term.
        adjoint: Of the model.
    """

    data: MazeSet
    validation: MazeSet
    source: str
    push: float = 0.1
    adjoint: str = "exact"

    @property
    def n_samples(self) -> int:
        """Mazes to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return structured(generator, wrap=self.data.wrap)

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return cross entropy and push term on some mazes."""
        mazes = self.data.take(indices.numpy())
        labels = torch.from_numpy(mazes.labels()).to(device_of(model))
        # No listener for the adjoint: it ends exactly, or that is an error.
        inputs = maze_inputs(mazes, device_of(model))
        plan = model(*inputs, n_moves=N_STRAIGHT, adjoint=self.adjoint)
        loss = imitation_loss(power_policy(plan.regrets), labels)
        return Loss(loss + self.push * push_loss(plan.log_cost, labels), plan.residual)

    def validate(self, model: nn.Module) -> Score:
        """Return the score on the validation mazes."""
        return evaluate(follow(model), self.validation)

    def test(self, model: nn.Module) -> dict[str, Score]:
        """Return scores on new mazes of many sizes."""
        return held_out_scores(follow(model))

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what the weight file holds: what the planner loads."""
        return {k: v.cpu().numpy() for k, v in model.encoder.state_dict().items()}

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {
            "model": STRUCTURED,
            "data": self.source,
            "push": f"{self.push}",
            "adjoint": self.adjoint,
        }


def follow(model: nn.Module) -> Callable[[MazeSet], Plan]:
    """Return the model as `evaluate` wants it: four moves, no mask."""
    device = device_of(model)
    return lambda mazes: model(*maze_inputs(mazes, device), n_moves=N_STRAIGHT)


def power_policy(regrets: Tensor) -> Tensor:
    """Return logits [B, A, H, W] of the policy (1 + regret)^-4 of regrets [B, A, H, W].

    It falls with a power of the regret, where softmax falls exponentially, so that a misjudged cell
    matters by how many times its cost is wrong. Under softmax it matters by the cost itself, and
    the quickest way down is to make everything cheap: in open maps all costs then fell to the
    floor's and no wall was ever learned.
    """
    return -_POWER * torch.log1p(regrets)


def push_loss(log_cost: Tensor, labels: Tensor, never: float = 1.0) -> Tensor:
    """Return the mean log cost of the cells shown minus `never` times that of those never shown.

    The cross entropy loses interest in a wall once it costs more than the longest detour in the
    data; this does not, so the price holds on larger maps. It is bounded because the log cost is.
    Like every loss a mean over maps; in a map without a start nothing is shown.
    """
    shown = labels.sum(dim=1) > 0.0

    def mean_over(cells: Tensor) -> Tensor:
        return (log_cost * cells).sum(dim=(1, 2)) / cells.sum(dim=(1, 2)).clamp(min=1)

    difference = mean_over(shown) - never * mean_over(~shown)
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
    parser.add_argument(
        "--push",
        type=float,
        default=NavigationTask.push,
        help="weight of the push of unseen cells' cost above seen ones' in the structured model,"
        " default %(default)s",
    )
    add_planner_options(parser)


def _task(options: argparse.Namespace, settings: TrainSettings) -> NavigationTask | FreeKernelTask:
    if options.model == STRUCTURED:
        refuse_planner_options(options)
        data = maze_data(options, settings.seed)
        return NavigationTask(*data, push=options.push, adjoint=options.adjoint)
    if options.adjoint != "exact" or options.push != NavigationTask.push:
        raise TrainingError(
            f"--adjoint and --push are of the structured model, not {options.model}"
        )
    planner = planner_settings(options)
    return FreeKernelTask(options.model, planner, *maze_data(options, settings.seed))


def _settings(options: argparse.Namespace) -> TrainSettings:
    return TrainSettings() if options.model == STRUCTURED else FREE_KERNEL_SETTINGS


COMMAND = Command(
    "learn what walls cost from shortest paths in mazes", _add_options, _settings, _task
)
