"""Encoders: from blocked cells and extra layers of a map to a bounded positive cost of its cells.

Each is called with the blocked cells and the extra layers of a batch and returns the log cost
[B, H, W]. Rotating or mirroring the map rotates or mirrors the cost, exactly and before any
training.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mme_ilqr_ros.learning.bellman import bordered
from mme_ilqr_ros.planning.rings import ring_index, ring_shares


class RingConvolution(nn.Module):
    """Convolution without padding, with kernels that are symmetric under rotation and mirroring.

    A 3x3 kernel has one weight for the centre, one for the four sides and one for the four corners;
    a 7x7 kernel has ten.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        generator: torch.Generator,
        size: int = 3,
        whole_rings: bool = False,
    ) -> None:
        """Make the layer; with `whole_rings` a weight is shared by a ring, see `ring_shares`."""
        super().__init__()
        self._index = torch.from_numpy(ring_index(size))
        self._shares = torch.from_numpy(ring_shares(size)) if whole_rings else torch.ones(1)
        rings = torch.randn(n_out, n_in, int(self._index.max()) + 1, generator=generator)
        self.rings = nn.Parameter(rings * math.sqrt(2.0 / (size * size * n_in)))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, n_out, H - size + 1, W - size + 1] for x [B, n_in, H, W]."""
        kernels = (self.rings * self._shares.to(self.rings))[:, :, self._index]
        return functional.conv2d(x, kernels, self.bias)


class CostEncoder(nn.Module):
    """From blocked cells to the cost of each cell, between 1 and c_max: walls are learned.

    Two ring convolutions and one linear layer per cell, then log cost = log(c_max) sigmoid(z): in
    training the cost of a wall keeps growing, that of free cells settles at 1. Beyond the map is
    blocked, or with `wrap` its opposite side.
    """

    def __init__(
        self,
        generator: torch.Generator,
        n_channels: int = 16,
        c_max: float = 1e5,
        wrap: bool = False,
    ) -> None:
        super().__init__()
        self.wrap = wrap
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
        x = bordered(blocked, 1.0, self.wrap, width=2)[:, None]
        x = functional.relu(self.second(functional.relu(self.first(x))))
        z = torch.einsum("bchw,c->bhw", x, self.head) + self.head_bias
        return torch.log(self.c_max) * torch.sigmoid(z)


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
        self.first = RingConvolution(1 + n_layers, n_channels, generator, size, whole_rings=True)
        self.second = linear_per_cell(n_channels, n_channels, math.sqrt(2.0), generator)
        self.head = linear_per_cell(n_channels, 1, 0.1, generator)
        self.register_buffer("bound", torch.tensor(float(bound)))

    def forward(self, blocked: Tensor, layers: Tensor) -> Tensor:
        """Return log cost [B, H, W] for blocked [B, H, W] in {0, 1} and layers [B, C, H, W]."""
        x = functional.relu(self.first(padded(blocked, layers, self._reach)))
        z = self.head(functional.relu(self.second(x)))[:, 0]
        return self.bound * torch.tanh(z / self.bound)


class ClearanceEncoder(nn.Module):
    """From the clearance, in radii of the robot, to the cost of each cell: a monotone table.

    The log cost is linear between 17 knots, never rises with the clearance and is 0 from the last
    knot on, so 16 numbers are learned. The 0 fixes the scale: no anchor is needed.
    """

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


def padded(blocked: Tensor, layers: Tensor, reach: int) -> Tensor:
    """Return [B, 1 + C, H + 2 reach, W + 2 reach]: blocked beyond the map, layers 0 there."""
    border = (reach,) * 4
    walls = functional.pad(blocked[:, None], border, value=1.0)
    return torch.cat([walls, functional.pad(layers, border)], dim=1)


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


def linear_per_cell(n_in: int, n_out: int, gain: float, generator: torch.Generator) -> nn.Conv2d:
    """Return a linear layer per cell."""
    layer = nn.Conv2d(n_in, n_out, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(n_out, n_in, 1, 1, generator=generator))
        layer.weight.mul_(gain / math.sqrt(n_in))
        layer.bias.zero_()
    return layer
