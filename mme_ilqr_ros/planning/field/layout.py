"""How a field lies in memory: flat arrays with a closed border one cell wide.

No move leads over the border, so the inner loops need not ask where the map ends. Cell (i, j) of
an [H, W] map is entry (i + 1) (W + 2) + j + 1; a move adds a fixed offset to that.
"""

from __future__ import annotations

import numpy as np

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


def around(
    corner: tuple[int, int], changed: np.ndarray, shape: tuple[int, int], stride: int
) -> np.ndarray:
    """Return int64 [k] in flat form: the changed cells and their neighbours.

    The cost of a move depends on the cells it touches, and each of them is at most one cell from
    where the move begins.

    Args:
        corner: Cell (row, column) of the first entry of `changed`.
        changed: bool [h, w].
        shape: (H, W) of the map.
        stride: W + 2.
    """
    height, width = changed.shape
    touched = np.zeros((height + 2, width + 2), dtype=bool)
    for row in range(3):
        for column in range(3):
            touched[row : row + height, column : column + width] |= changed
    rows, columns = np.nonzero(touched)
    rows, columns = rows + corner[0], columns + corner[1]  # of the bordered grid
    inside = (rows > 0) & (rows <= shape[0]) & (columns > 0) & (columns <= shape[1])
    return (rows * stride + columns)[inside]
