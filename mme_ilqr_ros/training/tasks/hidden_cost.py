"""A task for every hidden cost: maps, demonstrations, the path-regret loss, and what it teaches."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.learning.encoders import anchor_loss
from mme_ilqr_ros.learning.structured import StructuredIDVIN
from mme_ilqr_ros.planning.moves import LENGTHS
from mme_ilqr_ros.training.arguments import positive
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import Command, Loss, device_of
from mme_ilqr_ros.training.tasks.demonstrations import (
    CostOf,
    MapSet,
    demonstrate,
    path_regret_loss,
)
from mme_ilqr_ros.training.tasks.regret import PathScore, measure

TEST_SEED = 20_231_023
"""Never the seed of training data: `--seed` takes numbers up to a million."""

SIZES = ((28, 40), (64, 12), (112, 6), (256, 4), (512, 2))
"""Cells along a test map, and how many such maps."""

_VALIDATION_MAPS = 50


@dataclass(frozen=True)
class HiddenCost:
    """What there is to learn.

    Attributes:
        name: Of the task, and of the kind of weight file.
        help: One line.
        draw: (n, size, rng, shifted) -> maps; shifted ones have other statistics.
        encoder: Makes a new encoder of what is seen.
        anchor: Weight of `anchor_loss`; 0 for an encoder whose costs have a fixed scale.
        size: Cells along a training map, by default.
        learning_rate: Peak, by default.
    """

    name: str
    help: str
    draw: Callable[[int, int, np.random.Generator, bool], MapSet]
    encoder: Callable[[torch.Generator], nn.Module]
    anchor: float = 0.1
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
    """Learn a hidden cost from what experts did.

    Attributes:
        world: What there is to learn.
        maps: Maps with experts.
        shown: What they did there, from `demonstrate`.
        validation: Other maps.
        validation_shown: What such experts did on them: the true cost chooses nothing.
        source: Where it all comes from, for the card.
        margin: Share by which the moves shown must be the better ones.
    """

    world: HiddenCost
    maps: MapSet
    shown: np.ndarray
    validation: MapSet
    validation_shown: np.ndarray
    source: str
    margin: float = 0.0

    @property
    def n_samples(self) -> int:
        """Maps to learn from."""
        return len(self.maps)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return StructuredIDVIN(self.world.encoder(generator))

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return path regret and anchor on some maps."""
        device, chosen = device_of(model), indices.numpy()
        occupied, layers = seen(self.maps, chosen, device)
        goals = torch.from_numpy(self.maps.goals[chosen]).to(device)
        shown = torch.from_numpy(self.shown[chosen]).to(occupied)
        dearer = self.margin * shown if self.margin else None
        plan = model(
            occupied, goals, layers=layers, mask=True, surcharge=dearer, n_moves=len(LENGTHS)
        )
        loss = path_regret_loss(plan, shown)
        if self.world.anchor:
            loss = loss + self.world.anchor * anchor_loss(plan.log_cost, occupied)
        return Loss(loss, plan.residual)

    def validate(self, model: nn.Module) -> PathScore:
        """Return how often the model would move as the experts did, on other maps."""
        return measure(cost_of(model), self.validation, self.validation_shown)

    def test(self, model: nn.Module) -> dict[str, PathScore]:
        """Return scores on unseen maps, up to many times larger."""
        return {name: measure(cost_of(model), maps) for name, maps in self.world.tests().items()}

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what the weight file holds: the encoder."""
        return {k: v.cpu().numpy() for k, v in model.encoder.state_dict().items()}

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {
            "kind": self.world.name,
            "data": self.source,
            "anchor": f"{self.world.anchor}",
            "margin": f"{self.margin}",
        }


def seen(maps: MapSet, chosen: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return (occupied [B, H, W], layers [B, C, H, W]) of some maps, in the default precision."""
    dtype = torch.get_default_dtype()
    occupied = torch.from_numpy(maps.occupied[chosen]).to(device, dtype)
    return occupied, torch.from_numpy(maps.layers[chosen]).to(device, dtype)


def cost_of(model: StructuredIDVIN) -> CostOf:
    """Return a model's cost of a map."""

    @torch.no_grad()
    def cost(maps: MapSet, k: int) -> np.ndarray:
        log_cost = model.encoder(*seen(maps, np.array([k]), device_of(model)))[0]
        cost = np.exp(log_cost.double().cpu().numpy())
        return cost if cost.ndim == 2 else cost * LENGTHS[:, None, None]

    return cost


def command(world: HiddenCost) -> Command:
    """Return the subcommand that learns a hidden cost."""

    def task(options: argparse.Namespace, settings: TrainSettings) -> DemonstrationTask:
        rng = np.random.default_rng(settings.seed)
        maps = world.draw(options.maps, options.size, rng, False)
        validation = world.draw(_VALIDATION_MAPS, options.size, rng, False)
        shown, validation_shown = (
            demonstrate(m, rng, options.paths, options.noise) for m in (maps, validation)
        )
        paths = "the way from every start" if options.paths is None else f"{options.paths} path(s)"
        source = f"{options.maps} maps of {options.size} x {options.size}, {paths} on each" + (
            f", experts misjudge costs by a factor of log-normal(0, {options.noise})"
            if options.noise
            else ""
        )
        sets = maps, shown, validation, validation_shown
        return DemonstrationTask(world, *sets, source, options.margin)

    return Command(
        world.help,
        partial(_add_options, size=world.size),
        partial(_settings, learning_rate=world.learning_rate),
        task,
    )


def _settings(options: argparse.Namespace, learning_rate: float) -> TrainSettings:
    """Return 2000 steps whatever the number of maps."""
    batch = min(8, options.maps)
    epochs = max(1, round(2000 / max(1, options.maps // batch)))
    return TrainSettings(
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        optimizer="adamw",
        validations=5,
    )


def _add_options(parser: argparse.ArgumentParser, size: int) -> None:
    add = parser.add_argument
    add("--maps", type=positive, default=400, help="maps with experts, default %(default)s")
    add("--size", type=positive, default=size, help="cells along a map, default %(default)s")
    add("--paths", type=_paths, help="expert paths on each map, or 'all' starts; default all")
    add(
        "--margin",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="by which paths shown must be the better ones; 0.03 helps where few are shown,"
        " default %(default)s",
    )
    add(
        "--noise",
        type=float,
        default=0.0,
        metavar="SIGMA",
        help="experts misjudge costs by a factor of log-normal(0, SIGMA), default %(default)s",
    )


def _paths(text: str) -> int | None:
    return None if text == "all" else positive(text)
