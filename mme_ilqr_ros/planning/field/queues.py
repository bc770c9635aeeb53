"""The two queues of the exact solver: buckets of values, and a binary heap.

A bucket is a little narrower than the least cost of a move, so a move always leads from a bucket to
a later one and the cells of a bucket may be settled in any order. No move leads further than the
largest cost, so a ring of buckets serves them all. The heap is for costs that lie too far apart,
and for tests; both give the same values, bit by bit.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, U, move_cost

_NARROWER = 0.98  # the rest covers the rounding of the values
MOST_BUCKETS = 1 << 11
"""From here on the buckets are mostly empty and far apart in memory: a heap is the better queue."""


class Buckets(NamedTuple):
    """Which bucket a value falls into, and how many there are.

    Attributes:
        scale: Bucket of a value v: int(scale * v), counted modulo n.
        n: Buckets in the ring, a power of two.
        least: Least cost of a move that the width allows.
        largest: Largest one that the ring holds.
    """

    scale: float
    n: int
    least: float
    largest: float

    @classmethod
    def between(cls, least: float, largest: float) -> Buckets | None:
        """Return buckets for moves of these costs, or None when they would be too many."""
        if not math.isfinite(least):
            least = largest = 1.0  # there is no move at all
        scale = 1.0 / (_NARROWER * least)
        if not largest * scale + 2.0 <= MOST_BUCKETS:
            return None
        n = 1 << math.ceil(math.log2(largest * scale + 2.0))
        return cls(scale, n, least, (n - 2.0) / scale)

    def hold(self, least: float, largest: float) -> bool:
        """Whether moves of other costs fit too."""
        return least >= self.least and largest <= self.largest


@compiled
def empty_queue(n_buckets, capacity):
    """Return (entries int32 [n, capacity], counts int64 [n])."""
    return np.empty((n_buckets, capacity), np.int32), np.zeros(n_buckets, np.int64)


@compiled
def with_room(entries, counts, more):
    """Return entries with room for `more` in every bucket: the same array, or a larger copy."""
    n_buckets, capacity = entries.shape
    needed = counts.max() + more
    if needed <= capacity:
        return entries
    larger = np.empty((n_buckets, max(needed, 2 * capacity)), np.int32)
    for b in range(n_buckets):
        for n in range(counts[b]):
            larger[b, n] = entries[b, n]
    return larger


@compiled
def solve_by_heap(costs, stride, n_moves, goal, values):
    """Settle all cells from which the flat cell `goal` can be reached.

    Args:
        costs: [n] or [n, A], see `costs.py`.
        stride: Entries of a row.
        n_moves: 4 or 8.
        goal: Index of the goal.
        values: [n] filled with inf; gets the cost-to-go.

    Returns:
        int32 [k] settled cells, ascending in value.
    """
    order = np.empty(len(values), dtype=np.int32)
    is_settled = np.zeros(len(values), dtype=np.bool_)
    n_settled = 0
    values[goal] = 0.0
    queue = [(0.0, goal)]
    while len(queue) > 0:
        value, cell = heapq.heappop(queue)
        if is_settled[cell]:  # it was queued again at a lower value
            continue
        is_settled[cell] = True
        order[n_settled] = cell
        n_settled += 1
        for move in range(n_moves):
            other = cell - D_ROWS[move] * stride - D_COLUMNS[move]
            offer = value + move_cost(costs, stride, other, move)
            if offer < values[U(other)]:
                values[other] = offer
                heapq.heappush(queue, (offer, other))
    return order[:n_settled]
