"""Reading a picture in its own style: a wall looks like the border of the map, floor does not.

    y = whitened features of the pixels of a cell,  log odds = d^T (y - m) / (1 - p (1 - p) d^T d),
    log cost = log c_max sigmoid(b - g log odds)

with d = mu_f - mu_w, m = (mu_f + mu_w) / 2 and the share p of floor, all of this one map: at
first mu_w is the mean of the border, and that of the cells within is half way to mu_f; then both
are means of all cells in the parts in which they are either by the odds before. So nothing is
learned of how a wall looks, only features that tell looks apart, and a style may be new. The
gradient of the path's loss comes through all of it.

Source of the odds: Fisher, "The use of multiple measurements in taxonomic problems", 1936; by the
covariance of all cells in place of that within the classes (Sherman and Morrison, 1950).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from studies.tasks.styles import PIXELS

_ROUNDS = 3
_FILTERS = 64


class StyleReader(nn.Module):
    """From a picture and its goal to the log cost of each cell."""

    def __init__(self, generator: torch.Generator, n_features: int = 24, c_max: float = 1e5):
        super().__init__()

        def weights(n_out: int, n_in: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(n_out, n_in, generator=generator) / math.sqrt(n_in))

        self.first = weights(_FILTERS, PIXELS**2)
        self.second = weights(n_features, _FILTERS)
        self.gain, self.bias = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(0.0))
        self.register_buffer("log_c_max", torch.tensor(math.log(c_max)))

    def forward(self, pictures: Tensor, goal: Tensor) -> Tensor:
        """Return log cost [B, H, W].

        Args:
            pictures: [B, 6 H, 6 W].
            goal: [B, H, W], 1 at the goal.
        """
        odds = self.odds(pictures, goal)
        return self.log_c_max * torch.sigmoid(self.bias - self.gain * odds)

    def odds(self, pictures: Tensor, goal: Tensor) -> Tensor:
        """Return the log odds [B, H, W] of a cell to be floor."""
        y = _whitened(self.features(pictures))  # [B, H W, C]
        border = torch.ones_like(goal)
        border[:, 1:-1, 1:-1] = 0.0
        border, at_goal = border.flatten(1), goal.flatten(1)
        walls, within = _mean(y, border), _mean(y, 1.0 - border)
        odds = _odds(y, walls, 2.0 * within - walls, 0.5 * torch.ones_like(border[:, :1]))
        for _ in range(_ROUNDS):
            floor = torch.maximum(torch.sigmoid(odds) * (1.0 - border), at_goal)
            share = floor.mean(dim=1, keepdim=True)
            odds = _odds(y, _mean(y, 1.0 - floor), _mean(y, floor), share)
        return odds.view(goal.shape)

    def features(self, pictures: Tensor) -> Tensor:
        """Return z [B, H W, C] of the cells of pictures."""
        kernel = self.first.view(-1, 1, PIXELS, PIXELS)
        x = functional.conv2d(pictures[:, None], kernel, stride=PIXELS).flatten(2)
        signed = _FILTERS // 4  # the others give what they see whatever its sign or phase
        seen = torch.cat([x[:, :signed], x[:, signed:].abs()], dim=1)
        return torch.einsum("bnk,cn->bkc", seen, self.second)


def _whitened(z: Tensor) -> Tensor:
    """Return features [B, N, C] with mean 0 and covariance 1 in each map."""
    n = z.shape[2]
    z = z - z.mean(dim=1, keepdim=True)
    covariance = z.transpose(1, 2) @ z / z.shape[1]
    size = covariance.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None]
    ridge = 1e-3 * size * torch.eye(n, dtype=z.dtype, device=z.device)
    factor = torch.linalg.cholesky(covariance + ridge)
    return torch.linalg.solve_triangular(factor, z.transpose(1, 2), upper=False).transpose(1, 2)


def _mean(y: Tensor, part: Tensor) -> Tensor:
    """Return the mean [B, C] of y [B, N, C] over the parts [B, N] of cells."""
    return torch.einsum("bn,bnc->bc", part, y) / part.sum(dim=1, keepdim=True)


def _odds(y: Tensor, wall: Tensor, floor: Tensor, share: Tensor) -> Tensor:
    """Return log odds [B, N] for y [B, N, C], means [B, C] and the share of floor [B, 1]."""
    d, middle = floor - wall, (floor + wall) / 2.0
    within = 1.0 - share * (1.0 - share) * (d * d).sum(dim=1, keepdim=True)
    along = torch.einsum("bnc,bc->bn", y, d) - (d * middle).sum(dim=1, keepdim=True)
    return along / within.clamp(min=0.02)
