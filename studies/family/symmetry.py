"""Convolutions that commute with the eight symmetries of the square.

What lives in a cell is a representation: a set that the symmetries permute. Three are needed:
`TRIVIAL` (one channel that stays), `REGULAR` (eight channels, one for each symmetry) and `MOVES`
(the eight steps, turned along with the map). A kernel W[o, i, x] from a set to another over offsets
x commutes with the symmetries when

    W[g o, g i, g x] = W[o, i, x]    for all g,

so it has one free number for each orbit of triples (o, i, x).

Sources: Cohen and Welling, "Group Equivariant Convolutional Networks", ICML 2016; Ravanbakhsh,
Schneider, Poczos, "Equivariance Through Parameter-Sharing", ICML 2017.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.planning.moves import STEPS
from studies.family.convolution import convolve, uniform


def _square() -> np.ndarray:
    """Return [8, 2, 2]: the symmetries as matrices on (row, column)."""
    axes = [np.eye(2, dtype=np.int64), np.array([[0, 1], [1, 0]], dtype=np.int64)]
    signs = itertools.product((1, -1), repeat=2)
    return np.stack([np.diag(sign) @ axis for sign in signs for axis in axes])


def _permutations(points: np.ndarray) -> np.ndarray:
    """Return [8, n]: where each symmetry takes each of the points [n, ...] that it permutes."""
    place = {point.tobytes(): k for k, point in enumerate(points)}
    moved = [[g @ p for p in points] for g in SYMMETRIES]
    return np.array([[place[np.ascontiguousarray(p).tobytes()] for p in row] for row in moved])


SYMMETRIES = _square()
TRIVIAL = np.zeros((8, 1), dtype=np.int64)
REGULAR = _permutations(SYMMETRIES)
MOVES = _permutations(STEPS)


def _offsets(size: int) -> np.ndarray:
    """Return [8, size^2]: how the symmetries permute the cells of a kernel, row by row."""
    half = size // 2
    return _permutations(np.argwhere(np.ones((size, size), dtype=bool)) - half)


def orbits(of_output: np.ndarray, of_input: np.ndarray, size: int) -> np.ndarray:
    """Return [n_o, n_i, size^2]: which free number each entry of a kernel is.

    Args:
        of_output: [8, n_o] permutations.
        of_input: [8, n_i] permutations.
        size: Cells along a side of the kernel, odd.
    """
    offsets = _offsets(size)
    shape = of_output.shape[1], of_input.shape[1], offsets.shape[1]
    triples = np.indices(shape)
    images = [
        np.ravel_multi_index((o[triples[0]], i[triples[1]], x[triples[2]]), shape)
        for o, i, x in zip(of_output, of_input, offsets, strict=True)
    ]
    representative = np.min(images, axis=0)
    return np.unique(representative, return_inverse=True)[1].reshape(shape)


class SymmetricKernel(nn.Module):
    """The weight of a convolution from fields of one representation to fields of another."""

    def __init__(
        self,
        n_in: int,
        of_input: np.ndarray,
        n_out: int,
        of_output: np.ndarray,
        size: int,
        generator: torch.Generator,
    ) -> None:
        """Draw n_out x n_in kernels; channels are ordered field by field."""
        super().__init__()
        table = orbits(of_output, of_input, size)
        fan_in = n_in * table.shape[1] * size * size
        self.free = uniform((n_out, n_in, table.max() + 1), fan_in, generator)
        self.register_buffer("_table", torch.from_numpy(table), persistent=False)
        self._shape = n_out * table.shape[0], n_in * table.shape[1], size, size

    def forward(self) -> Tensor:
        """Return the weight [fields x channels out, fields x channels in, size, size]."""
        return self.free[:, :, self._table].permute(0, 2, 1, 3, 4).reshape(self._shape)


class SymmetricConvolution(nn.Module):
    """A convolution with a symmetric kernel; see `convolve`."""

    def __init__(self, kernel: SymmetricKernel, *, wrap: bool, bias: Tensor | None = None) -> None:
        """Take a kernel and, for outputs that stay in place, a bias for each."""
        super().__init__()
        self.kernel, self.bias, self.wrap = kernel, bias, wrap

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, n_out, H, W] for x [B, n_in, H, W]."""
        return convolve(x, self.kernel(), self.bias, wrap=self.wrap)
