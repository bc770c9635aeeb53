"""Encoders: from blocked cells or clearance to a bounded positive cost of the cells of a map.

Each is called with the blocked cells and the extra layers of a batch and returns the log cost
[B, H, W]. Rotating or mirroring the map rotates or mirrors the cost, exactly and before any
training.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_RINGS = torch.tensor([[2, 1, 2], [1, 0, 1], [2, 1, 2]])


class RingConvolution(nn.Module):
    """3x3 convolution without padding, symmetric under rotation and mirroring.

    One weight for the centre, one for the four sides and one for the four corners.
    """

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        rings = torch.randn(n_out, n_in, 3, generator=generator)
        self.rings = nn.Parameter(rings * math.sqrt(2.0 / (9.0 * n_in)))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, n_out, H - 2, W - 2] for x [B, n_in, H, W]."""
        return functional.conv2d(x, self.rings[:, :, _RINGS], self.bias)


class CostEncoder(nn.Module):
    """From blocked cells to the cost of each cell, between 1 and c_max: walls are learned.

    Two ring convolutions and one linear layer per cell, then log cost = log(c_max) sigmoid(z): in
    training the cost of a wall keeps growing, that of free cells settles at 1. Beyond the map is
    blocked.
    """

    c_max: Tensor

    def __init__(
        self, generator: torch.Generator, n_channels: int = 16, c_max: float = 1e5
    ) -> None:
        super().__init__()
        self.first = RingConvolution(1, n_channels, generator)
        self.second = RingConvolution(n_channels, n_channels, generator)
        # Small, so that all cells start near one cost; from random costs of 1 to c_max, one
        # training in six never recovered.
        head = torch.randn(n_channels, generator=generator)
        self.head = nn.Parameter(0.1 * head / math.sqrt(n_channels))
        self.head_bias = nn.Parameter(torch.tensor(-2.0))
        self.register_buffer("c_max", torch.tensor(float(c_max)))

    def forward(self, blocked: Tensor, layers: Tensor | None = None) -> Tensor:
        """Return log cost [B, H, W] for blocked [B, H, W] in [0, 1]."""
        x = functional.pad(blocked, (2,) * 4, value=1.0)[:, None]
        x = functional.relu(self.second(functional.relu(self.first(x))))
        z = torch.einsum("bchw,c->bhw", x, self.head) + self.head_bias
        return torch.log(self.c_max) * torch.sigmoid(z)


class ClearanceEncoder(nn.Module):
    """From the clearance, in radii of the robot, to the cost of each cell: a monotone table.

    The log cost is linear between 17 knots, never rises with the clearance and is 0 from the last
    knot on, so 16 numbers are learned. Paths determine
    only ratios of costs; the 0 fixes their scale.
    """

    gaps: Tensor
    c_max: Tensor

    def __init__(
        self, generator: torch.Generator, furthest: float = 4.0, n_knots: int = 17, c_max: float = 8
    ) -> None:
        super().__init__()
        self.register_buffer("gaps", torch.linspace(0.0, furthest, n_knots))
        steps = torch.randn(n_knots - 1, generator=generator)
        self.steps = nn.Parameter(0.1 * steps - 3.0)  # nearly flat
        self.register_buffer("c_max", torch.tensor(float(c_max)))

    def forward(self, blocked: Tensor, layers: Tensor) -> Tensor:
        """Return log cost [B, H, W] for layers [B, 1, H, W], the clearance in radii."""
        total = torch.flip(torch.cumsum(torch.flip(functional.softplus(self.steps), (0,)), 0), (0,))
        limit = torch.log(self.c_max)
        at_knots = functional.pad(limit * torch.tanh(total / limit), (0, 1))
        last = len(self.gaps) - 1
        place = (layers[:, 0] * (last / self.gaps[-1])).clamp(0.0, last)
        below = place.floor().clamp(max=last - 1).long()
        part = place - below
        return (1.0 - part) * at_knots[below] + part * at_knots[below + 1]
