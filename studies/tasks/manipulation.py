"""The manipulation task: an arm of two joints plans among discs.

Its configuration space is a torus of two angles. In the view "configurations" it is given, and the
task is that of navigation on a map that wraps round. In the view "workspace" only a picture of the
discs is given, and a mapper is trained with the planner.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.training.task import Command, Loss, TrainSettings, device_of
from mme_ilqr_ros.training.tasks.mazes import TEST_SEED, MazeSet, RolloutScore, evaluate
from mme_ilqr_ros.training.tasks.navigation import NavigationTask, follow
from studies.family import MODELS, STRUCTURED, structured
from studies.tasks.arm_mapper import ArmMapper
from studies.tasks.arms import ArmSet, generate_arms
from studies.tasks.free_kernel import SETTINGS as FREE_KERNEL_SETTINGS
from studies.tasks.free_kernel import (
    FreeKernelTask,
    add_planner_options,
    planner_settings,
    refuse_planner_options,
)
from studies.tasks.mapped import MappedPlanner, MappedScore, evaluate_mapped, mapped_loss

CONFIGURATIONS, WORKSPACE = "configurations", "workspace"
TESTS = {18: 200, 36: 50}
"""How many arms to test on, by size of the configuration space; of other sizes 50."""
_AT_A_TIME = 100


class TorusTask(NavigationTask):
    """Navigation on maps that wrap round."""

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return structured(generator, wrap=True)


@dataclass(frozen=True, eq=False)
class ConfigurationsTask:
    """Imitate all shortest moves in given configuration spaces.

    Attributes:
        of: The navigation task on them, of either kind of planner.
        sizes: Of the configuration spaces to test on.
    """

    of: NavigationTask | FreeKernelTask
    sizes: tuple[int, ...]

    @property
    def n_samples(self) -> int:
        """Configuration spaces to learn from."""
        return self.of.n_samples

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return self.of.model(generator)

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the loss of the navigation task."""
        return self.of.loss(model, indices)

    def validate(self, model: nn.Module) -> RolloutScore:
        """Return the score on the validation spaces."""
        return self.of.validate(model)

    def test(self, model: nn.Module) -> dict[str, RolloutScore]:
        """Return scores on new arms."""
        planner = follow(model)
        return {f"{n} x {n}": evaluate(planner, held_out_arms(n).mazes) for n in self.sizes}

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what the weight file holds."""
        return self.of.tensors(model)

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {**self.of.facts(), "view": CONFIGURATIONS}


@dataclass(frozen=True, eq=False)
class WorkspaceTask:
    """Imitate all shortest moves in configuration spaces of which only the workspace is seen.

    Attributes:
        planner: Makes the planner behind the mapper.
        data: Arms to learn from.
        validation: Arms to choose the best model by.
        about: What the card says.
        map_weight: Of the loss of the map; 0 leaves all teaching to the planner.
    """

    planner: Callable[[torch.Generator], nn.Module]
    data: ArmSet
    validation: ArmSet
    about: dict[str, str]
    map_weight: float

    @property
    def n_samples(self) -> int:
        """Workspaces to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new mapper and planner."""
        mapper = ArmMapper(generator, self.data.mazes.occupied.shape[1])
        return MappedPlanner(mapper, self.planner(generator))

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the planner's loss and that of the map."""
        arms = self.data.take(indices.numpy())
        return mapped_loss(model, seen(arms, model), arms.mazes, self.map_weight)

    def validate(self, model: nn.Module) -> MappedScore:
        """Return the score on the validation arms."""
        return evaluate_workspaces(model, self.validation)

    def test(self, model: nn.Module) -> dict[str, MappedScore]:
        """Return the score on new arms."""
        size = self.data.mazes.occupied.shape[1]
        return {f"{size} x {size}": evaluate_workspaces(model, held_out_arms(size))}

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what the weight file holds."""
        return {k: v.cpu().numpy() for k, v in model.state_dict().items()}

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {**self.about, "view": WORKSPACE, "map loss": f"{self.map_weight}"}


def seen(arms: ArmSet, model: nn.Module) -> Tensor:
    """Return the pictures [B, 96, 96] in [0, 1] of some arms."""
    return torch.from_numpy(arms.pictures).to(device_of(model), torch.get_default_dtype()) / 255.0


@torch.no_grad()
def evaluate_workspaces(model: nn.Module, arms: ArmSet) -> MappedScore:
    """Return the score of a mapper and its planner on some arms; see `evaluate_mapped`."""
    total = MappedScore()
    for k in range(0, len(arms), _AT_A_TIME):
        part = arms.take(slice(k, k + _AT_A_TIME))
        total += evaluate_mapped(model, seen(part, model), part.mazes)
    return total


def held_out_arms(size: int, n: int | None = None) -> ArmSet:
    """Return `n` arms that models are tested on (None: as TESTS says); no training has them."""
    n = TESTS.get(size, 50) if n is None else n
    return generate_arms(n, size, np.random.default_rng([TEST_SEED, size]))


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", choices=sorted(MODELS), default=STRUCTURED, help="default %(default)s")
    add(
        "--view",
        choices=(CONFIGURATIONS, WORKSPACE),
        default=CONFIGURATIONS,
        help="what the planner is given: the configuration space itself, or a picture of the"
        " workspace, which a mapper learns to read; default %(default)s",
    )
    add("--maps", type=positive_int, default=4000, help="training arms, default %(default)s")
    add(
        "--size",
        type=positive_int,
        default=18,
        metavar="CELLS",
        help="along either joint of the configuration space, default %(default)s",
    )
    add(
        "--map-loss",
        type=float,
        default=1.0,
        metavar="W",
        help="weight of the map's own loss in the view workspace, 0 for none; default %(default)s",
    )
    add_planner_options(parser)


def _task(
    options: argparse.Namespace, settings: TrainSettings
) -> ConfigurationsTask | WorkspaceTask:
    kind, planner = options.model, None
    if kind == STRUCTURED:
        refuse_planner_options(options)
    else:
        planner = replace(planner_settings(options), wrap=True)
    rng = np.random.default_rng(settings.seed)
    data = generate_arms(options.maps, options.size, rng)
    validation = generate_arms(max(1, min(500, options.maps // 5)), options.size, rng)
    source = f"{len(data)} generated arms, {options.size} cells a joint"
    spaces: tuple[MazeSet, MazeSet, str] = (data.mazes, validation.mazes, source)
    of = TorusTask(*spaces) if planner is None else FreeKernelTask(kind, planner, *spaces)
    if options.view == CONFIGURATIONS:
        return ConfigurationsTask(of, tuple(sorted({options.size, *TESTS})))
    return WorkspaceTask(of.model, data, validation, of.facts(), options.map_loss)


def _settings(options: argparse.Namespace) -> TrainSettings:
    if options.view == WORKSPACE:
        return TrainSettings(epochs=10, learning_rate=1e-2)
    return TrainSettings() if options.model == STRUCTURED else FREE_KERNEL_SETTINGS


COMMAND = Command(
    "learn to move an arm of two joints among discs, from its configuration space or from a"
    " picture of its workspace",
    _add_options,
    _settings,
    _task,
)
