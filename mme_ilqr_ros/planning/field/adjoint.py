"""The exact gradient of a field: one pass over the cells, the last settled first.

Each value is a sum of prices along the tree of best moves. So w = (df/dV)^T w + dL/dV has the
solution that each cell hands what it has gathered on to the cell its arrow points to, and dL/dprice
of a move is what passes through it.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.compiled import compiled
from mme_ilqr_ros.planning.field.price import D_COLUMNS, D_ROWS, HALF_LENGTHS


@compiled
def gather(order, arrows, stride, weights):
    """Turn dL/dV [n] into the solution w of the adjoint equation, in place.

    Args:
        order: [k] settled cells, each after the one its arrow points to; the goal first.
        arrows: int8 [n].
        stride: Entries of a row.
        weights: [n] dL/dV in, w out.
    """
    for k in range(len(order) - 1, 0, -1):
        cell = order[k]
        move = arrows[cell]
        weights[cell + D_ROWS[move] * stride + D_COLUMNS[move]] += weights[cell]


@compiled
def cell_gradient(order, arrows, stride, weights):
    """Return dL/dcost [n] of cells for w [n]: a move charges half its length to either end."""
    result = np.zeros(len(weights))
    for k in range(1, len(order)):
        cell = order[k]
        move = arrows[cell]
        share = HALF_LENGTHS[move] * weights[cell]
        result[cell] += share
        result[cell + D_ROWS[move] * stride + D_COLUMNS[move]] += share
    return result


@compiled
def edge_gradient(order, arrows, n_moves, weights):
    """Return dL/dedge [A, n] for w [n]; only the edges of the tree have any."""
    result = np.zeros((n_moves, len(weights)))
    for k in range(1, len(order)):
        cell = order[k]
        result[arrows[cell], cell] = weights[cell]
    return result
