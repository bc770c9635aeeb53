"""The terms that habits add to the log cost: linear in their weights, which are never negative.

Each term spreads weights to cells and gathers the derivative by cells back to its weights, the
adjoint. Places and directions at places are sums of bumps of four sizes, all equally likely before
a drive is seen: one wide dislike is a simpler explanation than forty narrow ones.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.planning.directed import along_axes

SIZES = (0.4, 0.8, 1.6, 2.4)
"""Sides [m] of the bumps of places."""
_WIDE = (0.8, 2.4)  # those of directions
_SMOOTH = 0.4  # of a bump's edge, in sides


class Term(Protocol):
    """One term of the log cost."""

    size: int
    directed: bool

    def spread(self, weights: np.ndarray) -> np.ndarray:
        """Return the log cost, [H, W] or if directed [8, H, W], of weights [size]."""

    def gather(self, gradient: np.ndarray) -> np.ndarray:
        """Return the derivative [size] by the weights for that by the log cost."""


class Places:
    """A smooth cost of places."""

    directed = False

    def __init__(self, shape: tuple[int, int], side: float, sizes: tuple[float, ...] = SIZES):
        """Lay bumps of several sizes [m] over cells of a side [m]."""
        blocks = sorted({max(1, round(size / side)) for size in sizes})
        self._bumps = [tuple(_bumps(n, b) for n in shape) for b in blocks]
        self._sizes = [rows.shape[1] * columns.shape[1] for rows, columns in self._bumps]
        self.size = sum(self._sizes)

    def spread(self, weights: np.ndarray) -> np.ndarray:
        """See `Term`."""
        parts = np.split(weights, np.cumsum(self._sizes)[:-1])
        shaped = (
            rows @ part.reshape(rows.shape[1], -1) @ columns.T
            for (rows, columns), part in zip(self._bumps, parts, strict=True)
        )
        return sum(shaped)

    def gather(self, gradient: np.ndarray) -> np.ndarray:
        """See `Term`."""
        return np.concatenate(
            [(rows.T @ gradient @ columns).ravel() for rows, columns in self._bumps]
        )


def _bumps(n: int, block: int) -> np.ndarray:
    """Return [n, ceil(n / block)]: smoothed boxes that add up to 1 in each cell."""
    boxes = np.repeat(np.eye(-(-n // block)), block, axis=0)[:n]
    return ndimage.gaussian_filter1d(boxes, _SMOOTH * block, axis=0)


class Directions:
    """A smooth cost of driving along each half axis of the map's frame, place by place."""

    directed = True

    def __init__(self, shape: tuple[int, int], side: float) -> None:
        """Lay bumps over cells of a side [m]."""
        self._places = Places(shape, side, _WIDE)
        self.size = 4 * self._places.size
        self._share = along_axes(np.eye(4))  # [8, 4]

    def fields(self, weights: np.ndarray) -> np.ndarray:
        """Return [4, H, W] the cost along -row, -column, +row, +column."""
        return np.stack([self._places.spread(part) for part in np.split(weights, 4)])

    def spread(self, weights: np.ndarray) -> np.ndarray:
        """See `Term`."""
        return along_axes(self.fields(weights))

    def gather(self, gradient: np.ndarray) -> np.ndarray:
        """See `Term`."""
        by_axis = np.tensordot(self._share.T, gradient, axes=1)
        return np.concatenate([self._places.gather(part) for part in by_axis])


class Table:
    """A cost as a function of something seen in [0, 1], linear between even knots.

    NaN in the argument costs nothing. With an argument [8, H, W] the term is directed.
    """

    def __init__(self, argument: np.ndarray, n_knots: int) -> None:
        """Take the argument of the function."""
        self.size, self.directed = n_knots, argument.ndim == 3
        known = ~np.isnan(argument)
        at = np.where(known, argument, 0.0) * (n_knots - 1)
        self._lower = np.minimum(at.astype(np.int64), n_knots - 2)
        self._share = np.where(known, at - self._lower, 0.0)
        self._rest = np.where(known, 1.0 - self._share, 0.0)

    def spread(self, weights: np.ndarray) -> np.ndarray:
        """See `Term`."""
        return self._rest * weights[self._lower] + self._share * weights[self._lower + 1]

    def gather(self, gradient: np.ndarray) -> np.ndarray:
        """See `Term`."""
        lower = self._lower.ravel()
        left = np.bincount(lower, (gradient * self._rest).ravel(), self.size)
        right = np.bincount(lower + 1, (gradient * self._share).ravel(), self.size)
        return left + right
