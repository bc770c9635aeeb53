"""How a field lies in memory: flat arrays with a closed border one cell wide.

No move leads over the border, so the inner loops need not ask where the map ends. Cell (i, j) of
an [H, W] map is entry (i + 1) (W + 2) + j + 1; a move adds a fixed offset to it.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.moves import STEPS

NO_MOVE = -1
"""In place of a move: there is none (the goal, and cells from which it cannot be reached)."""


def bordered(array: np.ndarray, border: float) -> np.ndarray:
    """Return the [H, W] array flat, with a border one cell wide."""
    height, width = array.shape
    out = np.empty((height + 2, width + 2), dtype=array.dtype)
    out[[0, -1]] = border
    out[:, [0, -1]] = border
    out[1:-1, 1:-1] = array
    return out.reshape(-1)


def inner(flat: np.ndarray, stride: int) -> np.ndarray:
    """Return the [H, W] view of a flat bordered array with rows of `stride` = W + 2 entries."""
    return flat.reshape(-1, stride)[1:-1, 1:-1]


def offsets(stride: int) -> np.ndarray:
    """Return [8] what each move adds to the index of a cell."""
    return STEPS[:, 0] * stride + STEPS[:, 1]
