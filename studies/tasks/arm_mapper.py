"""From a picture of an arm's workspace to its configuration space.

No pixel of a workspace belongs to one cell of the configuration space, so the skips of a U-Net,
which lay the two over one another, have nothing to join. What the two do share is a symmetry: when
the workspace is turned about the base, the first joint's axis is rolled. So the picture is read in
polar coordinates about the base, whose place in it is known; from there on all is convolutions
along that axis. How long the links are, how wide, and what blocks what, is learned.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from studies.family.convolution import convolve

_RINGS = 32  # radii at which the picture is read
_PER_CELL = 4  # directions for each cell of the first joint


class ArmMapper(nn.Module):
    """Polar picture, two convolutions, one over the whole circle, two on the torus."""

    def __init__(
        self, generator: torch.Generator, size: int, n_channels: int = 8, n_hidden: int = 8
    ) -> None:
        """Make a mapper.

        Args:
            generator: Of the weights.
            size: Cells along either side of the configuration space.
            n_channels: Of what is seen at a place of the polar picture.
            n_hidden: Of what is known of a configuration.
        """
        super().__init__()
        c, self.size, self._n_hidden = n_channels, size, n_hidden
        self.register_buffer("places", _polar_places(size), persistent=False)
        self.first = _weights((c, 1, 3, 3), generator)
        self.second = _weights((c, c, 3, 3), generator)
        self.circle = _weights((n_hidden * size, c * _RINGS // 2, size), generator)
        self.third = _weights((2 * n_hidden, n_hidden, 3, 3), generator)
        self.head = _weights((1, 2 * n_hidden, 3, 3), generator)
        biases = (c, c, n_hidden, 2 * n_hidden, 1)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(n)) for n in biases)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return log odds [B, size, size] of collision for pictures [B, H, W] in [0, 1]."""
        places = self.places.expand(len(pictures), -1, -1, -1)
        x = functional.grid_sample(pictures[:, None], places, align_corners=False)
        x = _around(x, self.first, self.biases[0], stride=(2, 2)).relu()
        x = _around(x, self.second, self.biases[1], stride=(1, 2)).relu()
        x = x.flatten(1, 2)  # [B, channel and ring, direction]
        x = functional.conv1d(torch.cat([x, x[..., :-1]], dim=2), self.circle)
        x = x.unflatten(1, (self._n_hidden, self.size)).transpose(2, 3)
        x = (x + self.biases[2][:, None, None]).relu()
        x = convolve(x, self.third, self.biases[3], wrap=True).relu()
        return convolve(x, self.head, self.biases[4], wrap=True)[:, 0]


def _weights(shape: tuple[int, ...], generator: torch.Generator) -> nn.Parameter:
    """Return weights [n_out, n_in, ...] that keep the size of what goes through them and a relu."""
    fan_in = math.prod(shape[1:])
    return nn.Parameter(torch.randn(shape, generator=generator) * math.sqrt(2.0 / fan_in))


def _around(x: Tensor, weight: Tensor, bias: Tensor, stride: tuple[int, int]) -> Tensor:
    """Convolve polar pictures [B, C, ring, direction]; directions go round, rings do not."""
    x = functional.pad(x, (1, 1, 0, 0), mode="circular")
    return functional.conv2d(x, weight, bias, stride=stride, padding=(1, 0))


def _polar_places(size: int) -> Tensor:
    """Return [1, ring, direction, 2]: where to read, as (x, y) in units of half the picture."""
    radius = (torch.arange(_RINGS) + 0.5) / _RINGS
    angle = torch.arange(_PER_CELL * size) * (2.0 * math.pi / (_PER_CELL * size))
    x, y = (radius[:, None] * f(angle) for f in (torch.cos, torch.sin))
    return torch.stack([x, y], dim=-1)[None]
