"""Roll out a grid policy and check every move against the map."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field import Walk
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS

_D_ROWS, _D_COLUMNS = STEPS[:, 0].copy(), STEPS[:, 1].copy()


def follow_arrows(arrows: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> Walk:
    """Follow moves int8 [H, W], indices into `moves.STEPS` or -1, from a cell to another.

    The walk also ends where there is no move, where a move leaves the map, and before the first
    cell that it would visit twice.
    """
    cells = _follow(arrows, start[0], start[1], goal[0], goal[1], _D_ROWS, _D_COLUMNS)
    row, column = cells[-1]
    return Walk(cells, bool(row == goal[0] and column == goal[1]))


@compiled
def _follow(arrows, row, column, goal_row, goal_column, d_rows, d_columns):
    """Return the cells [N, 2] from the start to the goal, or to where the moves end or repeat."""
    height, width = arrows.shape
    # Counted first: a walk in circles is recognised by its length, without a mark on every cell.
    n, r, c = 1, row, column
    while n <= arrows.size and not (r == goal_row and c == goal_column):
        move = arrows[r, c]
        if move < 0:
            break
        r, c = r + d_rows[move], c + d_columns[move]
        if r < 0 or c < 0 or r >= height or c >= width:
            break
        n += 1
    circles = n > arrows.size
    visited = np.zeros(arrows.size if circles else 0, dtype=np.bool_)
    cells = np.empty((min(n, arrows.size), 2), dtype=np.int64)
    r, c = row, column
    for k in range(len(cells)):
        cells[k, 0], cells[k, 1] = r, c
        if circles:
            if visited[r * width + c]:
                return cells[:k]
            visited[r * width + c] = True
        if k + 1 < len(cells):
            move = arrows[r, c]
            r, c = r + d_rows[move], c + d_columns[move]
    return cells


def arrivals(
    arrows: np.ndarray, blocked: np.ndarray, goal: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Follow the moves from every cell at once and check each of them against a map.

    Args:
        arrows: int8 [H, W] indices into `moves.STEPS`, -1 for none.
        blocked: bool [H, W].
        goal: Cell (row, column).

    Returns:
        Whether the goal is reached by legal moves only, bool [H, W], and over what length [cells]
        [H, W], inf where it is not reached.
    """
    return _arrivals(arrows, blocked, goal[0], goal[1], _D_ROWS, _D_COLUMNS, LENGTHS)


@compiled
def _arrivals(arrows, blocked, goal_row, goal_column, d_rows, d_columns, lengths):
    """Walk from each cell to one whose fate is known, then tell it to all cells on the way."""
    height, width = arrows.shape
    length = np.full(arrows.shape, np.nan)  # nan: not known yet; inf: never arrives
    trail = np.empty((arrows.size, 2), dtype=np.int64)
    if not blocked[goal_row, goal_column]:
        length[goal_row, goal_column] = 0.0
    for row in range(height):
        for column in range(width):
            n, r, c = 0, row, column
            while np.isnan(length[r, c]):
                length[r, c] = np.inf  # until the end of this walk; meeting it again is a circle
                trail[n, 0], trail[n, 1] = r, c
                n += 1
                move = arrows[r, c]
                if move < 0 or not _is_legal(blocked, r, c, d_rows[move], d_columns[move]):
                    break
                r, c = r + d_rows[move], c + d_columns[move]
            total = length[r, c]
            for k in range(n - 1, -1, -1):
                r, c = trail[k, 0], trail[k, 1]
                total = total + lengths[max(arrows[r, c], 0)]
                length[r, c] = total
    return np.isfinite(length), length


@compiled
def _is_legal(blocked, row, column, d_row, d_column):
    """Whether a move stays on the map, ends on a free cell, starts on one and cuts no corner."""
    r, c = row + d_row, column + d_column
    if r < 0 or c < 0 or r >= blocked.shape[0] or c >= blocked.shape[1]:
        return False
    return not (blocked[row, column] or blocked[r, c] or blocked[row, c] or blocked[r, column])
