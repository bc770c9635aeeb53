"""The visual task: plan in a maze of which only panoramas are seen, four from each free cell.

A mapper reads the map from them and is trained with the planner behind it, with a loss of the map
itself or without. Panoramas are drawn batch by batch and never stored: 10,000 mazes of them would
fill 28 GB.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.training.task import Command, Loss, TrainSettings, device_of
from mme_ilqr_ros.training.tasks.mazes import TEST_SEED, MazeSet, generate_mazes
from mme_ilqr_ros.training.tasks.navigation import NavigationTask, maze_data, size_range
from studies.family import MODELS, STRUCTURED
from studies.tasks.free_kernel import (
    FreeKernelTask,
    add_planner_options,
    planner_settings,
    refuse_planner_options,
)
from studies.tasks.mapped import MappedPlanner, MappedScore, evaluate_mapped, mapped_loss
from studies.tasks.panoramas import Look, panoramas
from studies.tasks.visual_mapper import VisualMapper

TESTS = {"15 x 15": (15, 300), "21 x 21": (21, 100)}
"""Size of mazes and how many to test on."""
_AT_A_TIME = 20  # mazes of which panoramas are in memory in an evaluation


@dataclass(frozen=True, eq=False)
class VisualTask:
    """Imitate all shortest moves in mazes that are seen from inside only.

    Attributes:
        planner: Makes the planner behind the mapper.
        data: Mazes to learn from.
        validation: Mazes to choose the best model by.
        about: What the card says.
        look: What mazes look like.
        map_weight: Of the loss of the map; 0 leaves all teaching to the planner.
        seed: Of the pictures' noise.
    """

    planner: Callable[[torch.Generator], nn.Module]
    data: MazeSet
    validation: MazeSet
    about: Mapping[str, str]
    look: Look
    map_weight: float
    seed: int

    @property
    def n_samples(self) -> int:
        """Mazes to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new mapper and planner."""
        return MappedPlanner(VisualMapper(generator), self.planner(generator))

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the planner's loss and that of the map."""
        mazes = self.data.take(indices.numpy())
        rng = np.random.default_rng([self.seed, *indices.tolist()])
        return mapped_loss(model, seen(mazes, self.look, rng, model), mazes, self.map_weight)

    def validate(self, model: nn.Module) -> MappedScore:
        """Return the score on the validation mazes, whose pictures never change."""
        rng = np.random.default_rng([self.seed, self.n_samples])
        return evaluate_visual(model, self.validation, self.look, rng)

    def test(self, model: nn.Module) -> dict[str, MappedScore]:
        """Return the scores on new mazes."""
        return {name: self.held_out(model, *of) for name, of in TESTS.items()}

    def held_out(self, model: nn.Module, size: int, n: int) -> MappedScore:
        """Return the score on `n` new mazes, drawn from a seed that no training has."""
        rng = np.random.default_rng([TEST_SEED, size])
        return evaluate_visual(model, generate_mazes(n, size, rng), self.look, rng)

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what the weight file holds."""
        return {k: v.cpu().numpy() for k, v in model.state_dict().items()}

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {**self.about, "seen as": f"{self.look}", "map loss": f"{self.map_weight}"}


def seen(mazes: MazeSet, look: Look, rng: np.random.Generator, model: nn.Module) -> Tensor:
    """Return the panoramas of some mazes where the model is; see `panoramas`."""
    return torch.from_numpy(panoramas(mazes.occupied, rng, look)).to(device_of(model))


@torch.no_grad()
def evaluate_visual(
    model: nn.Module, mazes: MazeSet, look: Look, rng: np.random.Generator
) -> MappedScore:
    """Return the score of a mapper and its planner on some mazes; see `evaluate_mapped`.

    Args:
        model: Mapper and planner.
        mazes: To test on.
        look: What they look like.
        rng: Of the pictures' noise.
    """
    total = MappedScore()
    for k in range(0, len(mazes), _AT_A_TIME):
        part = mazes.part(k, k + _AT_A_TIME)
        total += evaluate_mapped(model, seen(part, look, rng, model), part)
    return total


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", choices=sorted(MODELS), default=STRUCTURED, help="default %(default)s")
    add("--maps", type=positive_int, default=1000, help="training mazes, default %(default)s")
    add(
        "--size",
        type=size_range,
        default=15,
        metavar="CELLS",
        help="along a maze, or a range like 9-15; default %(default)s",
    )
    add(
        "--map-loss",
        type=float,
        default=1.0,
        metavar="W",
        help="weight of the map's own loss, 0 for none; default %(default)s",
    )
    add(
        "--noise",
        type=int,
        choices=range(128),
        metavar="LEVELS",
        default=Look.noise,
        help="largest change of a pixel's brightness, of 255; default %(default)s",
    )
    add_planner_options(parser)


def _task(options: argparse.Namespace, settings: TrainSettings) -> VisualTask:
    options.data = None  # mazes are always generated
    data = maze_data(options, settings.seed)
    if options.model == STRUCTURED:
        refuse_planner_options(options)
        of = NavigationTask(*data)
    else:
        of = FreeKernelTask(options.model, planner_settings(options), *data)
    look = Look(noise=options.noise)
    mazes, validation, _ = data
    return VisualTask(
        of.model, mazes, validation, of.facts(), look, options.map_loss, settings.seed
    )


COMMAND = Command(
    "learn to read the map of a maze from pictures taken inside it, and to plan on it",
    _add_options,
    lambda options: TrainSettings(epochs=4, batch=16, learning_rate=1e-2),
    _task,
)
