"""The encoder of the lanes task: from the map to the cost of each edge, by its direction."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from studies.tasks.layer_network import linear_per_cell, padded


class LaneEncoder(nn.Module):
    """From blocked cells and layers to the cost of each edge, so that directions cost differently.

    One network reads the map turned so that the move goes up, for each of the four ways to turn it,
    and returns the costs of the move up and of the one up and to the left. So turning the map turns
    the costs; mirroring it need not mirror them.
    """

    bound: Tensor

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
        n_in = 1 + n_layers
        kernel = torch.randn(n_channels, n_in, size, size, generator=generator)
        self.kernel = nn.Parameter(kernel * math.sqrt(2.0 / (size * size * n_in)))
        self.bias = nn.Parameter(torch.zeros(n_channels))
        self.second = linear_per_cell(n_channels, n_channels, math.sqrt(2.0), generator)
        self.head = linear_per_cell(n_channels, 2, 0.1, generator)
        self.register_buffer("bound", torch.tensor(float(bound)))

    def forward(self, blocked: Tensor, layers: Tensor) -> Tensor:
        """Return log cost [B, 8, H, W] for blocked [B, H, W] in {0, 1} and layers [B, C, H, W]."""
        x = padded(blocked, layers, self._reach)
        # moves.STEPS goes round counter-clockwise, first the straight moves, then the diagonals.
        turned = [self._frame(x, quarter) for quarter in range(4)]
        z = torch.stack(turned, dim=2).flatten(1, 2)
        return self.bound * torch.tanh(z / self.bound)

    def _frame(self, x: Tensor, quarter: int) -> Tensor:
        """Return z [B, 2, H, W] of the straight and the diagonal move turned `quarter` times."""
        kernel = torch.rot90(self.kernel, quarter, (2, 3))
        x = functional.relu(functional.conv2d(x, kernel, self.bias))
        return self.head(functional.relu(self.second(x)))
