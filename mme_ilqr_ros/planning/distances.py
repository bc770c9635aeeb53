"""Exact distances of all cells to the nearest occupied one, up to a reach."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled


def squared_distance(occupied: np.ndarray, reach: int) -> np.ndarray:
    """Return int32 [H, W]: squared distance [cells^2] between centres to the nearest occupied cell.

    Args:
        occupied: bool [H, W].
        reach: Distance [cells] beyond which it is not looked for; there it is reach^2.
    """
    return _nearest(occupied, np.arange(reach + 1, dtype=np.int32) ** 2)


def face_distance(occupied: np.ndarray, reach: int) -> np.ndarray:
    """Return float64 [H, W]: distance [cells] from a centre to the nearest occupied square.

    The same measure as that of `geometry.distance_field.inflate`: 0 in an occupied cell.

    Args:
        occupied: bool [H, W].
        reach: Cells beyond which it is not looked for; there it is reach - 1/2.
    """
    doubled = np.maximum(2 * np.arange(reach + 1, dtype=np.int32) - 1, 0)
    return 0.5 * np.sqrt(_nearest(occupied, doubled**2))


def _nearest(occupied: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return int32 [H, W]: the least sum of a square along the rows and one along the columns.

    Args:
        occupied: bool [H, W].
        squares: int32 [reach + 1] by the distance in whole cells, ascending.
    """
    along = np.full(occupied.shape, len(squares) - 1, dtype=np.int32)
    along[occupied] = 0
    _sweep_columns(along)
    return _across(squares[along], squares)


@compiled
def _sweep_columns(along):
    """Lower each entry to the distance to the nearest zero of its column, in place."""
    for i in range(1, len(along)):
        for j in range(along.shape[1]):
            along[i, j] = min(along[i, j], along[i - 1, j] + 1)
    for i in range(len(along) - 2, -1, -1):
        for j in range(along.shape[1]):
            along[i, j] = min(along[i, j], along[i + 1, j] + 1)


@compiled
def _across(squared, squares):
    """Return the least of `squared[i, k] + squares[abs(j - k)]` over the k of each row."""
    height, width = squared.shape
    result = squared.copy()
    for i in range(height):
        row, best = squared[i], result[i]
        for step in range(1, min(len(squares) - 1, width)):
            extra = squares[step]
            if extra >= best.max():  # no cell of this row can be nearer sideways
                break
            for j in range(width - step):
                best[j] = min(best[j], row[j + step] + extra)
            for j in range(step, width):
                best[j] = min(best[j], row[j - step] + extra)
    return result
