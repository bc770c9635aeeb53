"""Settle cells bucket by bucket, without a branch that depends on the data.

The values of a grid of costs are as good as random to a branch predictor, and a wrong guess costs
as much as twenty additions. So a chunk of a bucket goes through two loops. The first writes down
each move, improving or not, and counts on only if it improves; the second applies those in the list
and does the same with the queue.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.compiled import compiled
from mme_ilqr_ros.planning.field.buckets import empty_queue, with_room
from mme_ilqr_ros.planning.field.price import D_COLUMNS, D_ROWS, HALF_LENGTHS

CHUNK = 64  # cells: their list of moves stays in the first-level cache
U = np.uintp  # unsigned indices spare the test for negative ones
_STRAIGHT, _DIAGONAL = HALF_LENGTHS[0], HALF_LENGTHS[-1]
_INF = np.inf


@compiled
def spread(prices, stride, n_moves, values, seeds, scale, n_buckets, order, fresh):
    """Settle all cells that the seeds can improve.

    Args:
        prices: [n] or [n, A], see `price.py`.
        stride: Entries of a row.
        n_moves: 4 or 8.
        values: [n]; the seeds have theirs, all others are upper bounds.
        seeds: int64 [k] cells to begin with, ascending in value.
        scale: See `Buckets`.
        n_buckets: See `Buckets`.
        order: int32 [n + CHUNK] gets the settled cells.
        fresh: Whether the values held nothing but the seeds. A cell is then queued once in a
            bucket, and settled once; otherwise `order` is scratch.

    Returns:
        Number of settled cells in `order`, if fresh.
    """
    shift = D_ROWS * stride + D_COLUMNS
    entries, counts = empty_queue(n_buckets, 2 * stride + 8 * CHUNK)
    room = 0  # entries that the fullest bucket can still take
    moves = np.empty(8 * CHUNK + 8, np.int64)
    mask = n_buckets - 1
    current, queued, n_settled, next_seed = 0, 0, 0, 0
    while queued > 0 or next_seed < len(seeds):
        if queued == 0:
            current = max(current, int(values[seeds[next_seed]] * scale))
        b = current & mask
        while next_seed < len(seeds) and int(values[seeds[next_seed]] * scale) <= current:
            entries = with_room(entries, counts, 1)
            room = 0
            entries[b, counts[b]] = seeds[next_seed]
            counts[b] += 1
            queued += 1
            next_seed += 1
        n = counts[b]
        for first in range(0, n, CHUNK):
            last = min(first + CHUNK, n)
            if room < n_moves * CHUNK:
                entries = with_room(entries, counts, n_moves * CHUNK + 1)
                room = entries.shape[1] - counts.max() - 1
            room -= n_moves * CHUNK
            if not fresh:
                n_settled = 0
            begun = n_settled
            for i in range(first, last):  # leave out what has moved to an earlier bucket
                cell = np.int64(entries[b, U(i)])
                order[U(n_settled)] = cell
                n_settled += np.int64(int(values[U(cell)] * scale) == current)
            n_improving = _improving(
                prices, stride, n_moves, values, order, begun, n_settled, moves
            )
            queued += _apply(
                prices, shift, values, moves[:n_improving], scale, mask, entries, counts, fresh
            )
        counts[b] = 0
        queued -= n
        current += 1
    return n_settled


@compiled
def _improving(prices, stride, n_moves, values, order, begun, end, moves):
    """List the moves into the cells order[begun:end] that improve the cell they leave.

    A move a into cell p is written as 8 p + a. Returns how many there are.
    """
    if prices.ndim == 1:
        return _improving_cells(prices, stride, n_moves, values, order, begun, end, moves)
    else:  # noqa: RET505 (numba prunes this branch only in this form)
        return _improving_edges(prices, stride, n_moves, values, order, begun, end, moves)


@compiled
def _improving_cells(cost, stride, n_moves, values, order, begun, end, moves):
    """`_improving` for costs of cells."""
    n = 0
    w, one = U(stride), U(1)
    for i in range(begun, end):
        p = U(order[U(i)])
        v, own, code = values[p], cost[p], np.int64(p) << 3
        up, down, left, right = p - w, p + w, p - one, p + one
        c_up, c_down, c_left, c_right = cost[up], cost[down], cost[left], cost[right]
        # Move 0 leads up, so it comes into p from the cell below.
        moves[U(n)] = code
        n += np.int64(v + _STRAIGHT * (own + c_down) < values[down])
        moves[U(n)] = code | 1
        n += np.int64(v + _STRAIGHT * (own + c_right) < values[right])
        moves[U(n)] = code | 2
        n += np.int64(v + _STRAIGHT * (own + c_up) < values[up])
        moves[U(n)] = code | 3
        n += np.int64(v + _STRAIGHT * (own + c_left) < values[left])
        if n_moves == 8:
            above, below = c_up < _INF, c_down < _INF
            before, after = c_left < _INF, c_right < _INF
            moves[U(n)] = code | 4
            q = down + one
            n += np.int64((v + _DIAGONAL * (own + cost[q]) < values[q]) & below & after)
            moves[U(n)] = code | 5
            q = up + one
            n += np.int64((v + _DIAGONAL * (own + cost[q]) < values[q]) & above & after)
            moves[U(n)] = code | 6
            q = up - one
            n += np.int64((v + _DIAGONAL * (own + cost[q]) < values[q]) & above & before)
            moves[U(n)] = code | 7
            q = down - one
            n += np.int64((v + _DIAGONAL * (own + cost[q]) < values[q]) & below & before)
    return n


@compiled
def _improving_edges(prices, stride, n_moves, values, order, begun, end, moves):
    """`_improving` for costs of edges."""
    n = 0
    for i in range(begun, end):
        p = np.int64(order[U(i)])
        v = values[U(p)]
        for a in range(n_moves):
            moves[U(n)] = (p << 3) | a
            q = p - (D_ROWS[a] * stride + D_COLUMNS[a])
            n += np.int64(v + prices[U(p), U(a)] < values[U(q)])
    return n


@compiled
def _apply(prices, shift, values, moves, scale, mask, entries, counts, fresh):
    """Lower the values of the cells that the moves leave and queue them; return how many."""
    n_queued = 0
    for i in range(len(moves)):
        p, a = moves[U(i)] >> 3, moves[U(i)] & 7
        q = p - shift[U(a)]
        if prices.ndim == 1:
            cost = HALF_LENGTHS[U(a)] * (prices[U(p)] + prices[U(q)])
        else:
            cost = prices[U(p), U(a)]
        old, new = values[U(q)], values[U(p)] + cost
        bucket = np.int64(new * scale)
        b = U(bucket & mask)
        n = counts[b]
        values[U(q)] = min(new, old)
        entries[b, U(n)] = q
        # In a fresh solve a cell that was queued in this bucket before need not be again. The old
        # value may be inf, which has no bucket: compare numbers.
        queue = np.int64((new < old) & ((old * scale >= bucket + 1) | (not fresh)))
        counts[b] = n + queue
        n_queued += queue
    return n_queued
