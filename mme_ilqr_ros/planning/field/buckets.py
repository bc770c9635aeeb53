"""The bucket queue: cells sorted by value no finer than the cheapest move.

A bucket is a little narrower than the cheapest move, so a move always leads from a bucket to a
later one: the cells of a bucket may be settled in any order. No move leads further than the dearest
one, so a ring of buckets serves them all.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mme_ilqr_ros.compiled import compiled

_NARROWER = 0.98  # the rest covers the rounding of the values
MOST_BUCKETS = 1 << 11
"""From here on the buckets are mostly empty and far apart in memory: a heap is the better queue."""


class Buckets(NamedTuple):
    """Which bucket a value falls into, and how many there are.

    Attributes:
        scale: Bucket of a value v: int(scale * v), counted modulo n.
        n: Buckets in the ring, a power of two.
        cheapest: Least price that the width allows.
        dearest: Largest price that the ring holds.
    """

    scale: float
    n: int
    cheapest: float
    dearest: float

    @classmethod
    def between(cls, cheapest: float, dearest: float) -> Buckets | None:
        """Return buckets for moves of these prices, or None when they would be too many."""
        if not math.isfinite(cheapest):
            cheapest = dearest = 1.0  # there is no move at all
        scale = 1.0 / (_NARROWER * cheapest)
        if not dearest * scale + 2.0 <= MOST_BUCKETS:
            return None
        n = 1 << math.ceil(math.log2(dearest * scale + 2.0))
        return cls(scale, n, cheapest, (n - 2.0) / scale)

    def hold(self, cheapest: float, dearest: float) -> bool:
        """Whether moves of other prices fit too."""
        return cheapest >= self.cheapest and dearest <= self.dearest


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
        larger[b, : counts[b]] = entries[b, : counts[b]]
    return larger
