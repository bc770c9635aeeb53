"""Which cells around a cell are alike when the map may be turned or mirrored."""

from __future__ import annotations

import math

import numpy as np


def ring_index(size: int) -> np.ndarray:
    """Return int64 [size, size]: which weight a symmetric kernel has where, the centre first.

    Cells share a weight when turning or mirroring the kernel takes one to the other.
    """
    middle = size // 2
    offsets = [
        [tuple(sorted((abs(i - middle), abs(j - middle)))) for j in range(size)]
        for i in range(size)
    ]
    rings = sorted({ring for row in offsets for ring in row}, key=lambda r: (math.hypot(*r), r))
    return np.array([[rings.index(ring) for ring in row] for row in offsets])


def ring_shares(size: int) -> np.ndarray:
    """Return float32 [R]: what a cell of each ring counts where a weight is that of the whole ring.

    Otherwise rings of eight cells learn eight times as fast as the centre, and what is far away is
    believed too soon. Twice the mean, so that a typical ring of four keeps its size in the sum of
    squares.
    """
    return (2.0 / np.bincount(ring_index(size).ravel())).astype(np.float32)


def ring_sums(x: np.ndarray, size: int) -> np.ndarray:
    """Return [C, R, H - size + 1, W - size + 1]: sums over the cells of each ring, x [C, H, W]."""
    index = ring_index(size)
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    sums = np.zeros((len(x), index.max() + 1, height, width), dtype=x.dtype)
    for (i, j), ring in np.ndenumerate(index):
        sums[:, ring] += x[:, i : i + height, j : j + width]
    return sums
