"""The min-plus Bellman operator of known moves on batches of grids, as plain torch functions.

    Q(p, a) = V(q) + length_a (cost(p) + cost(q)) / 2       for the legal move a from p to q
    f(V)(p) = min_a Q(p, a),    f(V)(goal) = 0

With positive costs, iterating f from V = UNREACHED reaches its fixed point exactly, after as many
sweeps as the longest best path has moves; every sweep after that changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS, check_n_moves

UNREACHED = 1e30
"""Value of a cell without a way to the goal. Finite, so that differences stay numbers; so large
that adding an edge cost does not change it."""


def action_values(
    values: Tensor, cost: Tensor, blocked: Tensor | None = None, n_moves: int = 8
) -> Tensor:
    """Return Q [B, A, H, W] of every move from every cell; UNREACHED where it is not legal.

    Args:
        values: [B, H, W] values of the cells.
        cost: [B, H, W] costs of the cells, > 0.
        blocked: bool [B, H, W] cells that no move may touch; None for none.
        n_moves: A, 8 or 4.
    """
    check_n_moves(n_moves)
    height, width = values.shape[1:]
    if blocked is None:
        blocked = torch.zeros(values.shape, dtype=torch.bool)
    padded_values = functional.pad(values, (1, 1, 1, 1), value=UNREACHED)
    padded_cost = functional.pad(cost, (1, 1, 1, 1), value=1.0)
    closed = functional.pad(blocked, (1, 1, 1, 1), value=True)

    def seen(padded: Tensor, d_row: int, d_column: int) -> Tensor:
        """Return what each cell sees at an offset."""
        row, column = 1 + d_row, 1 + d_column
        return padded[:, row : row + height, column : column + width]

    moves = []
    for a, (d_row, d_column) in enumerate(STEPS[:n_moves].tolist()):
        edge = LENGTHS[a] * (0.5 * (cost + seen(padded_cost, d_row, d_column)))
        illegal = blocked | seen(closed, d_row, d_column)
        if a >= N_STRAIGHT:
            illegal = illegal | seen(closed, d_row, 0) | seen(closed, 0, d_column)
        q = seen(padded_values, d_row, d_column) + edge
        moves.append(q.masked_fill(illegal, UNREACHED))
    return torch.stack(moves, dim=1)


def bellman(
    values: Tensor, cost: Tensor, goal: Tensor, blocked: Tensor | None = None, n_moves: int = 8
) -> Tensor:
    """Apply the operator f once.

    Args:
        values: [B, H, W].
        cost: [B, H, W], > 0.
        goal: bool [B, H, W], True at the goal cells.
        blocked: bool [B, H, W] or None.
        n_moves: 8 or 4.

    Returns:
        [B, H, W]. Of equal moves one is taken (not their average), so that the best moves form a
        tree and the adjoint of the fixed point ends after finitely many steps.
    """
    best = action_values(values, cost, blocked, n_moves).min(dim=1).values
    # A constant where nothing is reached: there the best moves may run in circles.
    best = best.masked_fill(best >= UNREACHED, UNREACHED)
    return best.masked_fill(goal, 0.0)


def unreached_like(cost: Tensor) -> Tensor:
    """Return the values to start iterating from: UNREACHED everywhere."""
    return torch.full_like(cost, UNREACHED, requires_grad=False)
