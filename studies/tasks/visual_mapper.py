"""From panoramas of a maze to its map.

One small network reads every picture, whatever the place and the direction. A cell is then judged
by what is seen from the cells around it and never from itself: a wall has no picture, so that the
mere presence of a picture would tell everything and nothing would have to be seen.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from studies.tasks.panoramas import PIXELS

_PATCH = 4  # pixels along the side of the first kernel


class VisualMapper(nn.Module):
    """A network on pictures, one convolution that leaves out its centre, then one of cells."""

    def __init__(
        self, generator: torch.Generator, n_features: int = 16, n_hidden: int = 32, reach: int = 2
    ) -> None:
        """Make a mapper.

        Args:
            generator: Of the weights.
            n_features: Of what a picture shows.
            n_hidden: Of what is known of a cell.
            reach: How far away the cells are whose panoramas count, in rows and columns.
        """
        super().__init__()
        c, f = n_features, _PATCH

        def weights(*shape: int) -> nn.Parameter:
            scale = math.sqrt(2.0 / math.prod(shape[1:]))
            return nn.Parameter(torch.randn(shape, generator=generator) * scale)

        self.first, self.second = weights(c, 3, f, f), weights(2 * c, c, 2, 2)
        self.third = weights(c, 2 * c * (PIXELS // (2 * f)) ** 2)
        self.around = weights(n_hidden, 4 * c, 2 * reach + 1, 2 * reach + 1)
        self.hidden, self.head = weights(n_hidden, n_hidden, 1, 1), weights(1, n_hidden, 1, 1)
        sizes = (c, 2 * c, c, n_hidden, n_hidden, 1)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(n)) for n in sizes)
        not_itself = torch.ones(2 * reach + 1, 2 * reach + 1)
        not_itself[reach, reach] = 0.0
        self.register_buffer("not_itself", not_itself, persistent=False)

    def forward(self, panoramas: Tensor) -> Tensor:
        """Return log odds [B, H, W] of a wall for uint8 [B, H, W, 4, 32, 32, 3]."""
        seen = panoramas.flatten(3).amax(dim=3) > 0
        features = self._features(panoramas[seen])
        grid = features.new_zeros(*seen.shape, features.shape[1])
        grid[seen] = features
        *_, around, hidden, head = self.biases
        kernel = self.around * self.not_itself
        x = functional.conv2d(
            grid.permute(0, 3, 1, 2), kernel, around, padding=len(kernel[0, 0]) // 2
        )
        x = functional.conv2d(x.relu(), self.hidden, hidden)
        return functional.conv2d(x.relu(), self.head, head)[:, 0]

    def _features(self, pictures: Tensor) -> Tensor:
        """Return [F, 4 C] of panoramas uint8 [F, 4, 32, 32, 3]."""
        x = pictures.flatten(0, 1).permute(0, 3, 1, 2).to(self.first.dtype) / 127.5 - 1.0
        first, second, third, *_ = self.biases
        x = functional.conv2d(x, self.first, first, stride=_PATCH).relu()
        x = functional.conv2d(x, self.second, second, stride=2).relu()
        x = functional.linear(x.flatten(1), self.third, third).relu()
        return x.unflatten(0, (-1, pictures.shape[1])).flatten(1)
