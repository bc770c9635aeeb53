"""The encoder of the terrain task: from the map and its layers to the cost of each cell."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from studies.tasks.layer_network import WideRingConvolution, linear_per_cell, padded


class TerrainEncoder(nn.Module):
    """From blocked cells and layers to the cost of each cell: one wide ring convolution.

    Wide, because the cost of a cell may depend on cells nearby; then two layers per cell and
    log cost = bound tanh(z / bound). Paths determine only ratios of costs, so only `anchor_loss`
    sets where between 1 / exp(bound) and exp(bound) they lie.
    """

    def __init__(
        self,
        generator: torch.Generator,
        n_layers: int,
        n_channels: int = 32,
        bound: float = 3.0,
        size: int = 7,
    ) -> None:
        super().__init__()
        self._reach = size // 2
        self.first = WideRingConvolution(1 + n_layers, n_channels, generator, size)
        self.second = linear_per_cell(n_channels, n_channels, math.sqrt(2.0), generator)
        self.head = linear_per_cell(n_channels, 1, 0.1, generator)
        self.register_buffer("bound", torch.tensor(float(bound)))

    def forward(self, blocked: Tensor, layers: Tensor) -> Tensor:
        """Return log cost [B, H, W] for blocked [B, H, W] in {0, 1} and layers [B, C, H, W]."""
        x = functional.relu(self.first(padded(blocked, layers, self._reach)))
        z = self.head(functional.relu(self.second(x)))[:, 0]
        return self.bound * torch.tanh(z / self.bound)
