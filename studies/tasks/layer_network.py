"""What the encoders of places and of directions share, and rings: weights alike by symmetry."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


def padded(blocked: Tensor, layers: Tensor, reach: int) -> Tensor:
    """Return [B, 1 + C, H + 2 reach, W + 2 reach]: blocked beyond the map, layers 0 there."""
    border = (reach,) * 4
    walls = functional.pad(blocked[:, None], border, value=1.0)
    return torch.cat([walls, functional.pad(layers, border)], dim=1)


def linear_per_cell(n_in: int, n_out: int, gain: float, generator: torch.Generator) -> nn.Conv2d:
    """Return a linear layer per cell."""
    layer = nn.Conv2d(n_in, n_out, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(n_out, n_in, 1, 1, generator=generator))
        layer.weight.mul_(gain / math.sqrt(n_in))
        layer.bias.zero_()
    return layer


def ring_index(size: int) -> np.ndarray:
    """Return int64 [size, size]: which weight a symmetric kernel has where, the centre first.

    Cells share a weight when rotating or mirroring the kernel takes one to the other.
    """
    middle = size // 2
    offsets = [
        [tuple(sorted((abs(i - middle), abs(j - middle)))) for j in range(size)]
        for i in range(size)
    ]
    rings = sorted({ring for row in offsets for ring in row}, key=lambda r: (math.hypot(*r), r))
    return np.array([[rings.index(ring) for ring in row] for row in offsets])


class WideRingConvolution(nn.Module):
    """Convolution without padding and symmetric as `RingConvolution`; a weight is of a whole ring.

    Otherwise rings of eight cells learn eight times as fast as the centre, and what is far away is
    believed too soon. A cell gets twice the mean, so that a typical ring of four keeps its size in
    the sum of squares.
    """

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator, size: int) -> None:
        super().__init__()
        index = ring_index(size)
        self._index = torch.from_numpy(index)
        self._factors = torch.from_numpy((2.0 / np.bincount(index.ravel())).astype(np.float32))
        rings = torch.randn(n_out, n_in, len(self._factors), generator=generator)
        self.rings = nn.Parameter(rings * math.sqrt(2.0 / (size * size * n_in)))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, n_out, H - size + 1, W - size + 1] for x [B, n_in, H, W]."""
        kernels = (self.rings * self._factors.to(self.rings))[:, :, self._index]
        return functional.conv2d(x, kernels, self.bias)
