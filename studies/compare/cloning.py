"""Behaviour cloning: a network that predicts the next move directly, without planning."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mme_ilqr_ros.learning.structured import UNREACHED, edge_costs
from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.training.tasks.demonstrations import MapSet

_DILATIONS = (1, 2, 4, 8, 1)


class CloningNetwork(nn.Module):
    """Convolutions that see 33 cells across; the goal is given by its direction and distance."""

    def __init__(self, n_layers: int, generator: torch.Generator, n_channels: int = 48) -> None:
        super().__init__()
        n_in, layers = n_layers + 4, []
        for dilation in _DILATIONS:
            layer = nn.Conv2d(n_in, n_channels, 3, padding=dilation, dilation=dilation)
            _init(layer, generator)
            layers += [layer, nn.ReLU()]
            n_in = n_channels
        head = nn.Conv2d(n_in, len(STEPS), 1)
        _init(head, generator)
        self.layers = nn.Sequential(*layers, head)

    def forward(self, occupied: Tensor, layers: Tensor, goals: Tensor) -> Tensor:
        """Return logits [B, 8, H, W] of the moves."""
        height, width = occupied.shape[1:]
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        here = torch.stack([rows, columns])
        to_goal = (goals[:, :, None, None] - here).to(occupied)
        away = to_goal.norm(dim=1, keepdim=True)
        direction = to_goal / away.clamp(min=1.0)
        x = torch.cat([occupied[:, None], layers, direction, torch.exp(-away / 8.0)], dim=1)
        return self.layers(x)


def clone(
    maps: MapSet, shown: np.ndarray, seed: int = 0, steps: int = 1500, batch: int = 8
) -> CloningNetwork:
    """Return a network trained by cross entropy on what experts did, [N, 8, H, W]."""
    generator = torch.Generator().manual_seed(seed)
    network = CloningNetwork(maps.layers.shape[1], generator)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        chosen = rng.choice(len(maps), batch, replace=False)
        labels = torch.from_numpy(shown[chosen])
        logits = _logits(network, maps, chosen)
        loss = -(functional.log_softmax(logits, dim=1) * labels).sum() / labels.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network


@torch.no_grad()
def cloned_regrets(network: CloningNetwork, maps: MapSet, k: int) -> np.ndarray:
    """Return regrets [K] in % of the network's legal moves from every start; inf if it fails."""
    cost, truth = move_costs(maps, k), maps.truth(k).values
    logits = _logits(network, maps, np.array([k]))[0].numpy()
    arrows = np.where(np.isfinite(cost), logits, -np.inf).argmax(axis=0)
    starts = np.isfinite(truth) & (truth > 0.0)
    return 100.0 * (walk_all(arrows, cost, maps.goal(k))[starts] / truth[starts] - 1.0)


def move_costs(maps: MapSet, k: int) -> np.ndarray:
    """Return the true cost [8, H, W] of the moves of map k, inf where not legal."""
    cost = maps.cost[k]
    if cost.ndim == 3:
        return cost
    known = torch.from_numpy(np.where(np.isfinite(cost), cost, 1.0))[None]
    edges = edge_costs(known, torch.from_numpy(maps.occupied[k])[None])[0].numpy()
    return np.where(edges < UNREACHED, edges, np.inf)


def walk_all(arrows: np.ndarray, cost: np.ndarray, goal: tuple[int, int]) -> np.ndarray:
    """Return [H, W] what following arrows [H, W] costs from every cell, inf if it never arrives.

    Args:
        arrows: Index of a move.
        cost: [8, H, W] of the moves.
        goal: Cell (row, column).
    """
    height, width = arrows.shape
    rows, columns = np.indices(arrows.shape)
    row = np.clip(rows + STEPS[arrows, 0], 0, height - 1)
    column = np.clip(columns + STEPS[arrows, 1], 0, width - 1)
    place = (row * width + column).ravel()
    spent = np.take_along_axis(cost, arrows[None], axis=0).ravel()
    at_goal = goal[0] * width + goal[1]
    place[at_goal], spent[at_goal] = at_goal, 0.0
    for _ in range(math.ceil(math.log2(arrows.size)) + 1):  # each round doubles the moves made
        spent = spent + spent[place]
        place = place[place]
    return np.where(place == at_goal, spent, np.inf).reshape(arrows.shape)


def _logits(network: CloningNetwork, maps: MapSet, chosen: np.ndarray) -> Tensor:
    occupied = torch.from_numpy(maps.occupied[chosen].astype(np.float32))
    layers, goals = torch.from_numpy(maps.layers[chosen]), torch.from_numpy(maps.goals[chosen])
    return network(occupied, layers, goals)


def _init(layer: nn.Conv2d, generator: torch.Generator) -> None:
    fan_in = layer.weight[0].numel()
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
        layer.weight.mul_(math.sqrt(2.0 / fan_in))
        layer.bias.zero_()
