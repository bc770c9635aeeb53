"""Costs that depend on the direction of a move: edges for the field, lines for straightening.

A directed cost [8, H, W] is what a cell costs per length while it is crossed in the direction of
each move of `moves.STEPS`; inf where blocked. A move pays half its length in either cell, as for
costs of cells, and a line in another direction the mean of the two moves that it lies between.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS

CORRIDOR = 4.0
"""Widest free width across a move [m] of which the place in it is a habit's argument."""


@compiled
def edge_costs(cost):
    """Return edge costs [8, H, W] for `solve_edges` of a directed cost [8, H, W].

    They are inf for moves that leave the map, enter a blocked cell or cut a corner.
    """
    n_moves, height, width = cost.shape
    edges = np.empty(cost.shape)
    for a in range(n_moves):
        row, column = STEPS[a]
        for i in range(height):
            for j in range(width):
                p, q = i + row, j + column
                price = np.inf
                if 0 <= p < height and 0 <= q < width:
                    corners = cost[0, p, j] + cost[0, i, q]
                    if corners < np.inf:
                        price = 0.5 * LENGTHS[a] * (cost[a, i, j] + cost[a, p, q])
                edges[a, i, j] = price
    return edges


def along_axes(directions: np.ndarray, turned: float = 0.0) -> np.ndarray:
    """Return the term of each move for terms [4, ...] of driving along the half axes.

    A move along one has its term, one between two the sum of theirs times the cosines with them; a
    diagonal one lies between two.

    Args:
        directions: Terms of -row, -column, +row, +column.
        turned: By how much their axes are turned against the rows and columns of the moves [rad].
    """
    row, column = STEPS.T / LENGTHS
    cos, sin = np.cos(turned), np.sin(turned)  # a column counts along x, a row along y
    units = np.stack([cos * row - sin * column, cos * column + sin * row], axis=-1)
    axes = STEPS[:N_STRAIGHT]  # -row, -column, +row, +column
    return np.tensordot(np.maximum(units @ axes.T, 0.0), directions, axes=1)


def across(occupied: np.ndarray, resolution: float) -> np.ndarray:
    """Return float32 [8, H, W]: where in a corridor a cell is, for each direction of move.

    0 at the wall on the right, 1 at the wall on the left, 1/2 in the middle; NaN where the free
    width across the move is more than CORRIDOR.

    Args:
        occupied: bool [H, W].
        resolution: Side of a cell [m].
    """
    # Row 0 has the lowest y: the right hand of a move (row, column) is (-column, row).
    right_hand = np.stack([-STEPS[:, 1], STEPS[:, 0]], axis=-1)
    n_most = int(np.ceil(CORRIDOR / resolution)) + 1
    away = np.stack([_ray(occupied, step, n_most) for step in STEPS])  # cells to what stands
    index = {tuple(step): k for k, step in enumerate(STEPS.tolist())}
    result = np.empty(away.shape, dtype=np.float32)
    for a, (row, column) in enumerate(right_hand.tolist()):
        right, left = away[index[row, column]], away[index[-row, -column]]
        width = (right + left - 1.0) * LENGTHS[a] * resolution  # of free cells
        in_corridor = (right > 0) & (width <= CORRIDOR)
        place = (right - 0.5) / np.maximum(right + left - 1.0, 1.0)
        result[a] = np.where(in_corridor, place, np.nan)
    return result


def _ray(occupied: np.ndarray, step: np.ndarray, n_most: int) -> np.ndarray:
    """Return float64 [H, W]: steps to the first occupied cell or the map's edge, at most n_most."""
    return _counted(occupied, int(step[0]), int(step[1]), n_most).astype(np.float64)


@compiled
def _counted(occupied, row, column, n_most):
    """Do what `_ray` does, from the far side of the map, so that each cell asks one other."""
    height, width = occupied.shape
    out = np.zeros((height, width), np.int32)
    for k in range(height):
        i = height - 1 - k if row > 0 else k
        for m in range(width):
            j = width - 1 - m if column > 0 else m
            if occupied[i, j]:
                continue
            p, q = i + row, j + column
            if 0 <= p < height and 0 <= q < width:
                out[i, j] = min(out[p, q] + 1, n_most)
            else:
                out[i, j] = 1
    return out
