"""The task for every hidden cost: maps, demonstrations, the path-regret loss, and its score."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.learning.structured import StructuredIDVIN, StructuredPlan
from mme_ilqr_ros.planning.moves import LENGTHS
from mme_ilqr_ros.training.task import Command, Loss, TrainSettings, device_of, tensors_of
from mme_ilqr_ros.training.tasks.demonstrations import (
    CostOf,
    MapSet,
    PathScore,
    demonstrate,
    measure,
)

TEST_SEED = 20_231_023
"""Never the seed of training data: `--seed` takes numbers up to a million."""

SIZES = ((28, 40), (64, 12), (112, 6), (256, 4), (512, 2))
"""Cells along a test map, and how many such maps."""

VALIDATION_MAPS = 50


@dataclass(frozen=True)
class HiddenCost:
    """A cost to learn: where its maps come from and which encoder learns it.

    Attributes:
        name: Of the task, and of the kind of weight file.
        help: One line.
        draw: (n, size, rng, shifted) -> maps; shifted ones have other statistics.
        encoder: Makes a new encoder.
        size: Cells along a training map, by default.
        learning_rate: Peak, by default.
    """

    name: str
    help: str
    draw: Callable[[int, int, np.random.Generator, bool], MapSet]
    encoder: Callable[[torch.Generator], nn.Module]
    size: int = 28
    learning_rate: float = 5e-3

    def tests(self) -> dict[str, MapSet]:
        """Return maps for testing only, by name: of many sizes, and with shifted statistics."""
        sets = {}
        for k, (size, n) in enumerate(SIZES):
            sets[str(size)] = self.draw(n, size, np.random.default_rng([TEST_SEED, k]), False)
        rng = np.random.default_rng([TEST_SEED, len(SIZES)])
        sets["256 shifted"] = self.draw(4, 256, rng, True)
        return sets


@dataclass(frozen=True, eq=False)
class DemonstrationTask:
    """Learn a hidden cost from demonstrated paths.

    Attributes:
        hidden: The cost to learn.
        maps: Maps with experts.
        shown: Their moves, [N, 8, H, W] as from `demonstrate`.
        validation: Other maps.
        validation_shown: The moves of such experts on them: the true cost chooses nothing.
        source: Where it all comes from, for the card.
    """

    hidden: HiddenCost
    maps: MapSet
    shown: np.ndarray
    validation: MapSet
    validation_shown: np.ndarray
    source: str

    @property
    def n_samples(self) -> int:
        """Maps to learn from."""
        return len(self.maps)

    def model(self, generator: torch.Generator) -> StructuredIDVIN:
        """Return a new model."""
        return StructuredIDVIN(self.hidden.encoder(generator))

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the path regret on some maps."""
        device, chosen = device_of(model), indices.numpy()
        occupied, layers = map_inputs(self.maps, chosen, device)
        goals = torch.from_numpy(self.maps.goals[chosen]).to(device)
        shown = torch.from_numpy(self.shown[chosen]).to(occupied)
        plan = model(occupied, goals, layers=layers, mask=True, n_moves=len(LENGTHS))
        return Loss(path_regret_loss(plan, shown), plan.residual)

    def validate(self, model: nn.Module) -> PathScore:
        """Return how often the model would move as the experts did, on other maps."""
        return measure(cost_of(model), self.validation, self.validation_shown)

    def test(self, model: nn.Module) -> dict[str, PathScore]:
        """Return scores on unseen maps, up to many times larger."""
        return {name: measure(cost_of(model), maps) for name, maps in self.hidden.tests().items()}

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return the tensors of the weight file: the encoder's."""
        return tensors_of(model.get_submodule("encoder"))

    def facts(self) -> dict[str, str]:
        """Return the facts of the card."""
        return {"kind": self.hidden.name, "data": self.source}


def path_regret_loss(plan: StructuredPlan, shown: Tensor) -> Tensor:
    """Return the mean of Q(s, a) - V(s) over the pairs (s, a) shown, each map counting alike.

    Along a path these differences add up to what it costs more than the best path under the model's
    own cost. So the loss is zero when every path shown is a shortest one, and as the value of a
    shortest path is concave in the costs, it is convex in them.

    Args:
        plan: The model's answer for B maps.
        shown: [B, 8, H, W] from `demonstrate`.
    """
    spent = torch.where(shown > 0.0, plan.regrets * shown, 0.0).flatten(1).sum(dim=1)
    return (spent / shown.flatten(1).sum(dim=1).clamp(min=1.0)).mean()


def map_inputs(maps: MapSet, chosen: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return (occupied [B, H, W], layers [B, C, H, W]) of some maps, in the default precision."""
    dtype = torch.get_default_dtype()
    occupied = torch.from_numpy(maps.occupied[chosen]).to(device, dtype)
    return occupied, torch.from_numpy(maps.layers[chosen]).to(device, dtype)


def cost_of(model: nn.Module) -> CostOf:
    """Return a model's cost of a map."""
    encoder = model.get_submodule("encoder")

    @torch.no_grad()
    def cost(maps: MapSet, k: int) -> np.ndarray:
        log_cost = encoder(*map_inputs(maps, np.array([k]), device_of(model)))[0]
        cost = np.exp(log_cost.double().cpu().numpy())
        return cost if cost.ndim == 2 else cost * LENGTHS[:, None, None]

    return cost


def command(hidden: HiddenCost) -> Command:
    """Return the subcommand that learns a hidden cost from the path of every start."""

    def task(options: argparse.Namespace, settings: TrainSettings) -> DemonstrationTask:
        rng = np.random.default_rng(settings.seed)
        maps = hidden.draw(options.maps, options.size, rng, False)
        validation = hidden.draw(VALIDATION_MAPS, options.size, rng, False)
        source = f"{options.maps} maps of {options.size} x {options.size}, the way from every start"
        shown = demonstrate(maps), validation, demonstrate(validation)
        return DemonstrationTask(hidden, maps, *shown, f"{source} on each")

    add_options = partial(add_map_options, size=hidden.size)
    return Command(hidden.help, add_options, partial(settings_for, hidden), task)


def settings_for(hidden: HiddenCost, options: argparse.Namespace) -> TrainSettings:
    """Return 2000 steps whatever the number of maps."""
    batch = min(8, options.maps)
    epochs = max(1, round(2000 / max(1, options.maps // batch)))
    return TrainSettings(
        epochs=epochs,
        batch=batch,
        learning_rate=hidden.learning_rate,
        optimizer="adamw",
        validations=5,
    )


def add_map_options(parser: argparse.ArgumentParser, size: int) -> None:
    """Add the options that choose the maps to learn from."""
    add = parser.add_argument
    add("--maps", type=positive_int, default=400, help="maps with experts, default %(default)s")
    add("--size", type=positive_int, default=size, help="cells along a map, default %(default)s")
