"""Settle cells bucket by bucket, without a branch that depends on the data.

The values of a grid of costs are as good as random to a branch predictor, and a wrong guess costs
as much as twenty additions. So a chunk of a bucket goes through two loops. The first writes down
what each cell offers to each neighbour, and counts on only if that is an improvement; the second
applies the offers in the list and does the same with the queue.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled, inlined
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, DIAGONAL, STRAIGHT, U
from mme_ilqr_ros.planning.field.queues import Buckets, empty_queue, with_room

CHUNK = 128  # cells: the list of their offers stays in the first-level cache
_INF = np.inf
ENDLESS = 1 << 62


class Wave:
    """A spread that can stop at the end of a bucket and go on later."""

    def __init__(self, seeds: np.ndarray, buckets: Buckets, stride: int, order: np.ndarray) -> None:
        """Begin at cells that have their values.

        Args:
            seeds: int64 [k] cells, ascending in value.
            buckets: For the costs of the moves.
            stride: Entries of a row.
            order: int32 [n + CHUNK] gets the settled cells; scratch of 2 CHUNK if not fresh.
        """
        self._seeds, self._scale, self._order = seeds, buckets.scale, order
        self._entries, self._counts = empty_queue(buckets.n, 4 * stride + 8 * CHUNK)
        self._state = np.zeros(4, np.int64)  # bucket, queued, settled, next seed

    @property
    def n_settled(self) -> int:
        """Number of cells in `order` so far, if fresh."""
        return int(self._state[2])

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to settle."""
        return not self._state[1] and int(self._state[3]) == len(self._seeds)

    def has_passed(self, value: float) -> bool:
        """Whether all values up to this one are final."""
        return self.is_over or value * self._scale < self._state[0]

    def go_on(
        self,
        costs: np.ndarray,
        stride: int,
        n_moves: int,
        values: np.ndarray,
        *,
        fresh: bool = True,
        until: int = -1,
        most: int = ENDLESS,
    ) -> None:
        """Settle cells that the seeds can improve.

        Args:
            costs: [n] or [n, A], see `costs.py`.
            stride: Entries of a row.
            n_moves: 4 or 8.
            values: [n]; the seeds have theirs, all others are upper bounds.
            fresh: Whether the values held nothing but the seeds. A cell is then queued once in a
                bucket, and settled once.
            until: Stop when this cell, and all of lower value, are settled; -1 for none.
            most: Stop when so many cells were settled, at the end of a bucket.
        """
        self._entries = _spread(
            costs, stride, n_moves, values, self._seeds, self._scale, self._entries, self._counts,
            self._state, self._order, fresh, until, most,
        )  # fmt: skip
        if self.is_over:
            self._entries = self._entries[:, :0].copy()


@compiled
def _spread(
    costs, stride, n_moves, values, seeds, scale, entries, counts, state, order, fresh, until, most
):
    """Settle cells bucket by bucket; return the queue, which may have grown. See `Wave`."""
    n_buckets = len(counts)
    room = 0  # entries that the fullest bucket can still take
    targets, offers = np.empty(8 * CHUNK + 8, np.int64), np.empty(8 * CHUNK + 8)
    current, queued, n_settled, next_seed = state[0], state[1], state[2], state[3]
    begun_with = n_settled
    while queued > 0 or next_seed < len(seeds):
        if n_settled - begun_with >= most or (until >= 0 and values[until] * scale < current):
            break
        if queued == 0:
            current = max(current, int(values[seeds[next_seed]] * scale))
        b = current & (n_buckets - 1)
        while next_seed < len(seeds) and int(values[seeds[next_seed]] * scale) <= current:
            if counts[b] == entries.shape[1]:
                entries = with_room(entries, counts, 1)
            entries[b, counts[b]] = seeds[next_seed]
            counts[b] += 1
            room -= 1
            queued += 1
            next_seed += 1
        n = counts[b]
        for first in range(0, n, CHUNK):
            last = min(first + CHUNK, n)
            if not fresh:
                n_settled = 0
            begun = n_settled
            for i in range(first, last):  # leave out what has moved to an earlier bucket
                cell = np.int64(entries[b, U(i)])
                order[U(n_settled)] = cell
                n_settled += np.int64(int(values[U(cell)] * scale) == current)
            if costs.ndim == 1:  # known when this is compiled
                n_offers = _improving_cells(
                    costs, stride, n_moves, values, order, begun, n_settled, targets, offers
                )
            else:
                n_offers = _improving_edges(
                    costs, stride, n_moves, values, order, begun, n_settled, targets, offers
                )
            if room < n_offers:
                entries = with_room(entries, counts, n_offers + 1)
                room = entries.shape[1] - counts.max() - 1
            room -= n_offers
            queued += _apply(values, targets, offers, n_offers, scale, entries, counts, fresh)
        counts[b] = 0
        queued -= n
        current += 1
    state[0], state[1], state[2], state[3] = current, queued, n_settled, next_seed
    return entries


@inlined
def _improving_cells(cost, stride, n_moves, values, order, begun, end, targets, offers):
    """List the cells that the cells order[begun:end] improve, and the values that these offer.

    A cell may be listed more than once. Returns how long the list is. For costs of cells.
    """
    n = 0
    w, one = U(stride), U(1)
    for i in range(begun, end):
        p = U(order[U(i)])
        v, own = values[p], cost[p]
        up, down, left, right = p - w, p + w, p - one, p + one
        c_up, c_down, c_left, c_right = cost[up], cost[down], cost[left], cost[right]
        for q, c in ((up, c_up), (down, c_down), (left, c_left), (right, c_right)):
            offer = v + STRAIGHT * (own + c)
            targets[U(n)] = q
            offers[U(n)] = offer
            n += np.int64(offer < values[q])
        if n_moves == 8:
            above, below = c_up < _INF, c_down < _INF
            before, after = c_left < _INF, c_right < _INF
            for q, free in (
                (up - one, above & before),
                (up + one, above & after),
                (down - one, below & before),
                (down + one, below & after),
            ):
                offer = v + DIAGONAL * (own + cost[q])
                targets[U(n)] = q
                offers[U(n)] = offer
                n += np.int64((offer < values[q]) & free)
    return n


@inlined
def _improving_edges(costs, stride, n_moves, values, order, begun, end, targets, offers):
    """Do what `_improving_cells` does, for costs of edges."""
    n = 0
    shift = D_ROWS * stride + D_COLUMNS
    for i in range(begun, end):
        p = np.int64(order[U(i)])
        v = values[U(p)]
        for a in range(n_moves):
            q = p - shift[U(a)]
            offer = v + costs[U(p), U(a)]
            targets[U(n)] = q
            offers[U(n)] = offer
            n += np.int64(offer < values[U(q)])
    return n


@inlined
def _apply(values, targets, offers, n, scale, entries, counts, fresh):
    """Lower values to the first n offers and queue the cells; return how many were queued."""
    mask = len(counts) - 1
    n_queued = 0
    for i in range(n):
        q, new = targets[U(i)], offers[U(i)]
        old = values[U(q)]
        bucket = np.int64(new * scale)
        b = U(bucket & mask)
        count = counts[b]
        values[U(q)] = min(new, old)
        entries[b, U(count)] = q
        # In a fresh solve a cell that was queued in this bucket before need not be again. The old
        # value may be inf, which has no bucket: compare numbers.
        queue = np.int64((new < old) & ((old * scale >= bucket + 1) | (not fresh)))
        counts[b] = count + queue
        n_queued += queue
    return n_queued
