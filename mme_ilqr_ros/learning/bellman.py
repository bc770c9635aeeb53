"""The min-plus Bellman operator of known moves on batches of grids, as plain torch functions.

    Q(p, a) = V(q) + E(p, a)        for the legal move a from p to q
    f(V)(p) = min_a Q(p, a),    f(V)(goal) = 0

E is the cost of an edge. Where cells have a cost, E(p, a) = length_a (cost(p) + cost(q)) / 2.
With positive costs f has one fixed point, which exact search finds.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS, check_n_moves

UNREACHED = 1e30
"""Value of a cell without a way to the goal, and cost of a move that is not legal. Finite, so that
differences stay numbers; so large that adding an edge cost does not change it."""


def edge_costs(cost: Tensor, blocked: Tensor | None = None, n_moves: int = 8) -> Tensor:
    """Return the cost E [B, A, H, W] of every move from every cell; UNREACHED where not legal.

    Args:
        cost: [B, H, W] costs of the cells, > 0.
        blocked: bool [B, H, W] cells that no move may touch; None for none.
        n_moves: A, 8 or 4.
    """
    check_n_moves(n_moves)
    padded = bordered(cost, 1.0)
    moves = [
        LENGTHS[a] * (0.5 * (cost + _at(padded, d_row, d_column)))
        for a, (d_row, d_column) in enumerate(STEPS[:n_moves].tolist())
    ]
    return legal_only(torch.stack(moves, dim=1), blocked)


def legal_only(edges: Tensor, blocked: Tensor | None = None) -> Tensor:
    """Return edge costs [B, A, H, W] with UNREACHED where the move is not legal.

    Args:
        edges: [B, A, H, W], A = 8 or 4.
        blocked: bool [B, H, W] cells that no move may touch; None for none.
    """
    if blocked is None:
        blocked = torch.zeros_like(edges[:, 0], dtype=torch.bool)
    closed = bordered(blocked, True)
    illegal = []
    for a, (d_row, d_column) in enumerate(STEPS[: edges.shape[1]].tolist()):
        stopped = blocked | _at(closed, d_row, d_column)
        if a >= N_STRAIGHT:
            stopped = stopped | _at(closed, d_row, 0) | _at(closed, 0, d_column)
        illegal.append(stopped)
    return edges.masked_fill(torch.stack(illegal, dim=1), UNREACHED)


def edge_action_values(values: Tensor, edges: Tensor) -> Tensor:
    """Return Q [B, A, H, W] of every move from every cell, UNREACHED where it leads nowhere.

    Args:
        values: [B, H, W] values of the cells.
        edges: [B, A, H, W] cost of the moves, UNREACHED where not legal.
    """
    padded = bordered(values, UNREACHED)
    after = [_at(padded, *step) for step in STEPS[: edges.shape[1]].tolist()]
    q = torch.stack(after, dim=1) + edges
    return q.masked_fill(q >= UNREACHED, UNREACHED)


def bordered(x: Tensor, beyond: float | bool, width: int = 1) -> Tensor:
    """Return maps [B, H, W] with a border `width` cells wide of the value `beyond`."""
    return functional.pad(x, (width,) * 4, value=beyond)


def _at(padded: Tensor, d_row: int, d_column: int) -> Tensor:
    """Return the neighbour of each cell at an offset, of a grid padded by one cell."""
    height, width = padded.shape[-2] - 2, padded.shape[-1] - 2
    row, column = 1 + d_row, 1 + d_column
    return padded[..., row : row + height, column : column + width]
