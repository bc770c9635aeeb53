"""Walls and floor of one map told apart by how its own cells look, from a first guess.

    p(x | k) = N(x; m_k, S_k),  k in {wall, floor},  log odds = log p(x | floor) - log p(x | wall)

with x the pixels of a cell and m_k, S_k those of the cells that the round before took for k
(expectation maximisation with hard assignments). A texture that lies anywhere in its cell fills
few directions of the pixels' space, and the covariance knows which. Needs many more cells than
pixels, so maps of some 100 x 100 and more.

Source: Celeux, Govaert, "A classification EM algorithm for clustering", 1992.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDS = 6
_RIDGE = 1e-3


def two_looks(
    cells: NDArray[np.float32], seen: NDArray[np.float32], wall: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Return which cells are walls, or None where too few were seen to tell.

    Args:
        cells: [N, P] pixels.
        seen: [n, P] pixels of some of the cells, to fit on.
        wall: [n] a first guess for them, right more often than wrong.
    """
    looks: list = []
    for _ in range(ROUNDS):
        if min(wall.sum(), (~wall).sum()) <= seen.shape[1]:
            return None
        looks = [_look(seen[wall]), _look(seen[~wall])]
        wall = _nearer(seen, looks)
    return _nearer(cells, looks)


def _look(cells: NDArray[np.float32]) -> tuple[NDArray, NDArray, float]:
    """Return mean, inverse root of the covariance and log determinant of a class."""
    mean = cells.mean(axis=0)
    off = cells - mean
    covariance = (off.T @ off).astype(np.float64) / len(cells)
    covariance += _RIDGE * np.trace(covariance) / len(mean) * np.eye(len(mean))
    root = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return mean, root.astype(np.float32), -2.0 * float(np.log(np.diag(root)).sum())


def _nearer(cells: NDArray[np.float32], looks: list) -> NDArray[np.bool_]:
    """Return where the first look explains a cell better than the second."""
    far = []
    for mean, root, log_det in looks:
        y = (cells - mean) @ root
        far.append(np.einsum("np,np->n", y, y) + log_det)
    return far[0] < far[1]
