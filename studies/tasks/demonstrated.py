"""Hidden costs for research: few paths, experts who misjudge costs, and a margin."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.learning.structured import UNREACHED, edge_action_values, edges_of, exact, plan_by
from mme_ilqr_ros.planning.field import follow
from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.training.task import Command, Loss, TrainSettings, device_of
from mme_ilqr_ros.training.tasks.demonstrations import MapSet, field_of
from mme_ilqr_ros.training.tasks.hidden_cost import (
    VALIDATION_MAPS,
    DemonstrationTask,
    HiddenCost,
    add_map_options,
    map_inputs,
    path_regret_loss,
    settings_for,
)

_ANCHOR = 0.1  # weight of `anchor_loss`


@dataclass(frozen=True, eq=False)
class ScaleFreeTask(DemonstrationTask):
    """Learn a hidden cost with an encoder whose costs have no fixed scale.

    Attributes:
        margin: Fraction by which the moves shown must be better than others.
    """

    margin: float = 0.0

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return path regret and anchor on some maps."""
        device, chosen = device_of(model), indices.numpy()
        occupied, layers = map_inputs(self.maps, chosen, device)
        goals = torch.from_numpy(self.maps.goals[chosen]).to(device)
        shown = torch.from_numpy(self.shown[chosen]).to(occupied)
        log_cost = model.encoder(occupied, layers)
        edges = edges_of(log_cost, occupied > 0.5, len(STEPS))
        edges = torch.where(edges < UNREACHED, edges * (1.0 + self.margin * shown), edges)
        values, residual = exact(edges, goals)
        plan = plan_by(log_cost, edge_action_values(values, edges), values, residual)
        anchor = _ANCHOR * anchor_loss(log_cost, occupied)
        return Loss(path_regret_loss(plan, shown) + anchor, plan.residual)

    def facts(self) -> dict[str, str]:
        """Return the facts of the card."""
        return {**super().facts(), "anchor": f"{_ANCHOR}", "margin": f"{self.margin}"}


def anchor_loss(log_cost: Tensor, blocked: Tensor) -> Tensor:
    """Return the mean over maps of (mean log cost of free cells)^2.

    Paths do not change when all costs are scaled, so without it their scale drifts.

    Args:
        log_cost: [B, H, W] of cells or [B, A, H, W] of edges.
        blocked: [B, H, W] in {0, 1}.
    """
    free = (1.0 - blocked).reshape(len(blocked), *(1,) * (log_cost.dim() - 3), *blocked.shape[1:])
    free = free.expand_as(log_cost).flatten(1)
    mean = (log_cost.flatten(1) * free).sum(dim=1) / free.sum(dim=1).clamp(min=1.0)
    return (mean**2).mean()


def demonstrate_some(
    maps: MapSet, rng: np.random.Generator, paths: int | None = None, noise: float = 0.0
) -> np.ndarray:
    """Return the experts' moves: float32 [N, 8, H, W], 1 for every move made from a cell.

    Args:
        maps: Where.
        rng: Source of randomness.
        paths: Paths shown on each map, from random starts; None shows the way from every start.
        noise: The expert of a map misjudges every cost by a factor of log-normal(0, noise).
    """
    height, width = maps.occupied.shape[1:]
    shown = np.zeros((len(maps), len(STEPS), height, width), dtype=np.float32)
    for k in range(len(maps)):
        misjudged = np.exp(noise * rng.normal(size=maps.cost[k].shape))
        field = field_of(maps.cost[k] * misjudged, maps.goal(k))
        starts = np.argwhere(field.arrows >= 0)
        if paths is not None:
            chosen = starts[rng.integers(len(starts), size=paths)]
            walks = [follow(field, (int(i), int(j))).cells[:-1] for i, j in chosen]
            starts = np.concatenate(walks)
        i, j = starts.T
        shown[k, field.arrows[i, j], i, j] = 1.0
    return shown


def command(hidden: HiddenCost) -> Command:
    """Return the subcommand that learns a hidden cost."""

    def task(options: argparse.Namespace, settings: TrainSettings) -> DemonstrationTask:
        rng = np.random.default_rng(settings.seed)
        maps = hidden.draw(options.maps, options.size, rng, False)
        validation = hidden.draw(VALIDATION_MAPS, options.size, rng, False)
        shown, validation_shown = (
            demonstrate_some(m, rng, options.paths, options.noise) for m in (maps, validation)
        )
        paths = "the way from every start" if options.paths is None else f"{options.paths} path(s)"
        source = f"{options.maps} maps of {options.size} x {options.size}, {paths} on each" + (
            f", experts misjudge costs by a factor of log-normal(0, {options.noise})"
            if options.noise
            else ""
        )
        sets = maps, shown, validation, validation_shown
        return ScaleFreeTask(hidden, *sets, source, options.margin)

    return Command(
        hidden.help, partial(_add_options, size=hidden.size), partial(settings_for, hidden), task
    )


def _add_options(parser: argparse.ArgumentParser, size: int) -> None:
    add_map_options(parser, size)
    add = parser.add_argument
    add("--paths", type=_paths, help="expert paths on each map, or 'all' starts; default all")
    add(
        "--margin",
        type=float,
        default=0.0,
        metavar="FRACTION",
        help="by which paths shown must be better than others; 0.03 helps where few are shown,"
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
    return None if text == "all" else positive_int(text)
