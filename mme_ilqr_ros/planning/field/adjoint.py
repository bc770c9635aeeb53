"""The exact gradient of a field: one pass over the cells, the last settled first.

Each value is a sum of costs along the tree of best moves. So w = (df/dV)^T w + dL/dV has the
solution that each cell passes what it has gathered on to the cell its arrow points to, and dL/dcost
of a move is what passes through it.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, U


@compiled
def edge_gradient(order, arrows, stride, n_moves, weights):
    """Return dL/dedge [A, n], where edges leave; only those of the tree have any.

    Args:
        order: [k] settled cells, each after the one its arrow points to; the goal first.
        arrows: int8 [n].
        stride: Entries of a row.
        n_moves: 4 or 8.
        weights: [n] dL/dV; becomes the solution w.
    """
    result = np.zeros((n_moves, len(weights)))
    shift = D_ROWS * stride + D_COLUMNS
    for k in range(len(order) - 1, 0, -1):
        cell = np.int64(order[U(k)])
        move = U(arrows[U(cell)])
        w = weights[U(cell)]
        weights[U(cell + shift[move])] += w
        result[move, U(cell)] = w
    return result
