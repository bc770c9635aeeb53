"""Repair a field after a few costs changed; equal to a new solve bit by bit.

    clear   Cells that no neighbour supports any more lose their value: in ascending order of the
            old values, from the cells around the change to those that relied on a cleared one.
    pull    Every cell that was looked at takes the best value that its neighbours offer now.
    spread  The cells that got lower begin a bucket wave, which lowers all that they can improve.

The values of the other cells stay what they were. The fixed point is unique and each value is one
sum, rounded the same way everywhere, so this is exact and not only close.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, best_move, move_cost
from mme_ilqr_ros.planning.field.queues import Buckets, empty_queue, with_room
from mme_ilqr_ros.planning.field.spread import CHUNK, Wave


def repair_values(
    costs: np.ndarray,
    stride: int,
    n_moves: int,
    goal: int,
    values: np.ndarray,
    buckets: Buckets,
    cells: np.ndarray,
    most_cleared: int,
) -> int:
    """Bring the values up to date with the costs.

    Args:
        costs: [n] or [n, A], already the new ones; `buckets` must hold them.
        stride: Entries of a row.
        n_moves: 4 or 8.
        goal: Index of the goal.
        values: [n] fixed point of the old costs; becomes that of the new ones.
        buckets: Of the solve.
        cells: int64 [k] all cells from which the cost of some move changed.
        most_cleared: Give up once more cells than this were cleared.

    Returns:
        Number of cells cleared. Above `most_cleared` the values are of no use any more.
    """
    grid = (costs, stride, n_moves)
    cells = cells[np.argsort(values[cells])]
    n_cleared, touched = _clear(*grid, goal, values, cells, buckets.scale, buckets.n, most_cleared)
    if n_cleared <= most_cleared:
        lowered = _pull(*grid, goal, values, touched)
        lowered = lowered[np.argsort(values[lowered])]
        wave = Wave(lowered, buckets, stride, np.empty(2 * CHUNK, np.int32))
        wave.go_on(*grid, values, fresh=False)
    return n_cleared


@compiled
def _clear(costs, stride, n_moves, goal, values, seeds, scale, n_buckets, most_cleared):
    """Set cells without support to inf. Returns (number of them, int64 [k] cells looked at).

    When the turn of a cell comes, every cell that could support it has had its own: a move leads
    to an earlier bucket. The cells that relied on a cleared one are found by their value, which is
    exactly the sum. (Where the cost of their move changed the sum says nothing, but these are
    among the seeds.) A cell may be queued, and looked at, more than once.
    """
    shift = D_ROWS * stride + D_COLUMNS
    entries, counts = empty_queue(n_buckets, 2 * stride + 8 * CHUNK)
    touched = np.empty(len(seeds) + n_moves * (most_cleared + 1), np.int64)
    for i in range(len(seeds)):
        touched[i] = seeds[i]
    n_touched, n_cleared, queued, next_seed, current = len(seeds), 0, 0, 0, 0
    n_seeds = len(seeds)
    while n_seeds > 0 and values[seeds[n_seeds - 1]] == np.inf:
        n_seeds -= 1  # what had no value has none to lose
    while queued > 0 or next_seed < n_seeds:
        if queued == 0:
            current = max(current, int(values[seeds[next_seed]] * scale))
        b = current & (n_buckets - 1)
        while next_seed < n_seeds and int(values[seeds[next_seed]] * scale) <= current:
            if counts[b] == entries.shape[1]:
                entries = with_room(entries, counts, 1)
            entries[b, counts[b]] = seeds[next_seed]
            counts[b] += 1
            queued += 1
            next_seed += 1
        n = counts[b]
        if n > 0:
            entries = with_room(entries, counts, n_moves * n)
        for i in range(n):
            cell = np.int64(entries[b, i])
            value = values[cell]
            if value == np.inf or cell == goal:
                continue
            if best_move(costs, stride, values, n_moves, cell)[0] <= value:
                continue
            values[cell] = np.inf
            n_cleared += 1
            if n_cleared > most_cleared:
                return n_cleared, touched[:n_touched]
            for a in range(n_moves):
                other = cell - shift[a]
                old = values[other]
                if old < np.inf and old == value + move_cost(costs, stride, other, a):
                    to = int(old * scale) & (n_buckets - 1)
                    entries[to, counts[to]] = other
                    counts[to] += 1
                    queued += 1
                    touched[n_touched] = other
                    n_touched += 1
        counts[b] = 0
        queued -= n
        current += 1
    return n_cleared, touched[:n_touched]


@compiled
def _pull(costs, stride, n_moves, goal, values, cells):
    """Lower cells to what their neighbours offer; return those that got lower."""
    lowered = np.empty(len(cells), np.int64)
    n = 0
    for cell in cells:
        value, _ = best_move(costs, stride, values, n_moves, cell)
        if value < values[cell] and cell != goal:
            values[cell] = value
            lowered[n] = cell
            n += 1
    return lowered[:n]
