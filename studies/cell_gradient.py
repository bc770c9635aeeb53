"""The exact gradient of a field for costs of cells; `Field.edge_adjoint` is that for edges."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field import Field
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, HALF_LENGTHS, U, bordered, inner


def cell_adjoint(field: Field, gradient: np.ndarray) -> np.ndarray:
    """Return dL/dcost of the cells [H, W] for dL/dV = `gradient` [H, W]."""
    arrows = bordered(field.arrows, -1)
    weights = bordered(np.asarray(gradient, dtype=np.float64), 0.0)
    return inner(cell_gradient(field.order, arrows, field.stride, weights), field.stride)


@compiled
def cell_gradient(order, arrows, stride, weights):
    """Return dL/dcost [n] of cells: half a move's length counts for either end.

    Args:
        order: [k] settled cells, each after the one its arrow points to; the goal first.
        arrows: int8 [n].
        stride: Entries of a row.
        weights: [n] dL/dV; becomes the solution w.
    """
    result = np.zeros(len(weights))
    shift = D_ROWS * stride + D_COLUMNS
    for k in range(len(order) - 1, 0, -1):
        cell = np.int64(order[U(k)])
        move = arrows[U(cell)]
        other = cell + shift[U(move)]
        w = weights[U(cell)]
        half = HALF_LENGTHS[U(move)] * w
        weights[U(other)] += w
        result[U(cell)] += half
        result[U(other)] += half
    return result
