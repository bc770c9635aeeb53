"""The navigation task: learn the cost of a wall from shortest paths in mazes."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.learning.encoders import CostEncoder
from mme_ilqr_ros.learning.structured import StructuredIDVIN, StructuredPlan
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.task import Command, Loss, TrainSettings, device_of, tensors_of
from mme_ilqr_ros.training.tasks.mazes import (
    MazeSet,
    RolloutScore,
    evaluate,
    generate_mazes,
    held_out_scores,
    load_mazes,
)

_POWER = 4.0


@dataclass(frozen=True, eq=False)
class NavigationTask:
    """Imitate all shortest moves in mazes.

    Attributes:
        data: Mazes to learn from.
        validation: Mazes to choose the best model by.
        source: Where they come from, for the card.
        push: Weight of the push term.
    """

    data: MazeSet
    validation: MazeSet
    source: str
    push: float = 0.1

    @property
    def n_samples(self) -> int:
        """Mazes to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return StructuredIDVIN(CostEncoder(generator))

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return cross entropy and push term on some mazes."""
        mazes = self.data.take(indices.numpy())
        labels = torch.from_numpy(mazes.labels()).to(device_of(model))
        plan = model(*maze_inputs(mazes, device_of(model)), n_moves=N_STRAIGHT)
        loss = imitation_loss(power_policy(plan.regrets), labels)
        return Loss(loss + self.push * push_loss(plan.log_cost, labels), plan.residual)

    def validate(self, model: nn.Module) -> RolloutScore:
        """Return the score on the validation mazes."""
        return evaluate(follow(model), self.validation)

    def test(self, model: nn.Module) -> dict[str, RolloutScore]:
        """Return scores on new mazes of many sizes."""
        return held_out_scores(follow(model))

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return the tensors of the weight file, as the planner loads them."""
        return tensors_of(model.get_submodule("encoder"))

    def facts(self) -> dict[str, str]:
        """Return the facts of the card."""
        return {
            "model": "structured",
            "data": self.source,
            "push": f"{self.push}",
            "adjoint": "exact",
        }


def maze_inputs(mazes: MazeSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return occupied [B, H, W], in torch's default precision, and goals int64 [B, 2]."""
    occupied = torch.from_numpy(mazes.occupied).to(device, torch.get_default_dtype())
    return occupied, torch.from_numpy(mazes.goals).to(device)


def follow(model: nn.Module) -> Callable[[MazeSet], StructuredPlan]:
    """Return the model as `evaluate` wants it: four moves, no mask."""
    device = device_of(model)
    return lambda mazes: model(*maze_inputs(mazes, device), n_moves=N_STRAIGHT)


def imitation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy of the policy against the expert's moves.

    Args:
        logits: [B, 4, H, W] of the model's moves.
        labels: [B, 4, H, W] of `MazeSet.labels`; cells where all are zero do not count.

    Returns:
        The mean over the maps of each map's mean over its cells that count.
    """
    entropy = -(labels * functional.log_softmax(logits, dim=1)).sum(dim=(1, 2, 3))
    return (entropy / labels.sum(dim=(1, 2, 3)).clamp(min=1.0)).mean()


def power_policy(regrets: Tensor) -> Tensor:
    """Return logits [B, A, H, W] of the policy (1 + regret)^-4 of regrets [B, A, H, W].

    It falls with a power of the regret, where softmax falls exponentially, so that a misjudged cell
    matters by the ratio by which its cost is wrong. Under softmax it matters by the cost itself,
    and the fastest descent is to make every cell cheap: in open maps all costs then fell to that
    of free cells and no wall was ever learned.
    """
    return -_POWER * torch.log1p(regrets)


def push_loss(log_cost: Tensor, labels: Tensor, never: float = 1.0) -> Tensor:
    """Return the mean log cost of the cells shown minus `never` times that of those never shown.

    The gradient of the cross entropy vanishes once a wall costs more than the longest detour in
    the data; this one does not, so the cost of walls suffices on larger maps. It is bounded
    because the log cost is. Like every loss a mean over maps; a map without a start counts as 0.
    """
    shown = labels.sum(dim=1) > 0.0

    def mean_over(cells: Tensor) -> Tensor:
        return (log_cost * cells).sum(dim=(1, 2)) / cells.sum(dim=(1, 2)).clamp(min=1)

    difference = mean_over(shown) - never * mean_over(~shown)
    return (difference * shown.any(dim=2).any(dim=1)).mean()


def add_maze_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the mazes to learn from."""
    add = parser.add_argument
    add("--data", type=Path, help="maze file (.npz) with splits train and val; default: generated")
    add("--maps", type=positive_int, default=10_000, help="training maps, default %(default)s")
    add(
        "--size",
        type=size_range,
        default=15,
        help="cells along a generated maze, or a range like 9-21; default %(default)s",
    )


def maze_data(options: argparse.Namespace, seed: int) -> tuple[MazeSet, MazeSet, str]:
    """Return training mazes, validation mazes and where they come from."""
    if options.data:
        data = load_mazes(options.data, "train").part(0, options.maps)
        digest = hashlib.sha256(options.data.read_bytes()).hexdigest()
        source = f"{options.data.name} (sha256 {digest}), {len(data)} maps of its split train"
        return data, load_mazes(options.data, "val"), source
    rng = np.random.default_rng(seed)
    data = generate_mazes(options.maps, options.size, rng)
    validation = generate_mazes(max(1, min(2000, options.maps // 5)), options.size, rng)
    sizes = [options.size] if isinstance(options.size, int) else options.size
    size = " to ".join(f"{n} x {n}" for n in sizes)
    return data, validation, f"{len(data)} generated mazes of {size}"


def size_range(text: str) -> int | tuple[int, int]:
    """Return a size like 15, or the smallest and the largest of a range like 9-21."""
    parts = [positive_int(part) for part in text.split("-")]
    if len(parts) == 1:
        return parts[0]
    if len(parts) != 2 or parts[0] > parts[1]:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither a size like 15 nor a range like 9-21"
        )
    return parts[0], parts[1]


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_maze_options(parser)
    parser.add_argument(
        "--push",
        type=float,
        default=NavigationTask.push,
        help="weight of the loss term that raises the cost of cells on no shortest path,"
        " default %(default)s",
    )


def _task(options: argparse.Namespace, settings: TrainSettings) -> NavigationTask:
    return NavigationTask(*maze_data(options, settings.seed), push=options.push)


COMMAND = Command(
    "learn what walls cost from shortest paths in mazes",
    _add_options,
    lambda options: TrainSettings(),
    _task,
)
