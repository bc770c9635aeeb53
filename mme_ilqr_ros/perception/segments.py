"""Segments of a scan: neighbouring hits that may be of one thing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MISSED = 2  # rays that may miss between two hits of one thing


@compiled
def split(
    ends: FloatArray, hit: NDArray[np.bool_], ranges: FloatArray, gap: float, slope: float
) -> tuple[IntArray, IntArray]:
    """Split the hits of a scan where neighbours lie far apart.

    Args:
        ends: [B, 2] where the rays end, in the order in which they turn.
        hit: [B] whether something is there.
        ranges: [B] measured distances in m.
        gap: Neighbours of one thing are nearer to each other than this [m] ...
        slope: ... and this times their distance from the scanner.

    Returns:
        order: [H] indices of hits, segment by segment.
        bounds: [K + 1] segment k is `order[bounds[k]:bounds[k + 1]]`. A segment across the seam of
            a full turn is whole.
    """
    indices = np.flatnonzero(hit)
    count, total = len(indices), len(hit)
    starts = np.zeros(count, dtype=np.bool_)
    for at in range(count):
        here, before = indices[at], indices[at - 1]
        steps = (here - before) % total
        apart = math.hypot(ends[here, 0] - ends[before, 0], ends[here, 1] - ends[before, 1])
        limit = gap + slope * steps * min(ranges[here], ranges[before])
        starts[at] = steps > _MISSED + 1 or steps == 0 or apart > limit
    breaks = np.flatnonzero(starts)
    if len(breaks) == 0:  # one closed ring, or nothing
        ring = np.array([0, count]) if count else np.array([0])
        return indices, ring
    first = breaks[0]
    order = np.concatenate((indices[first:], indices[:first]))
    bounds = np.empty(len(breaks) + 1, dtype=np.int64)
    for k in range(len(breaks)):
        bounds[k] = breaks[k] - first
    bounds[-1] = count
    return order, bounds


@compiled
def cut(
    order: IntArray,
    bounds: IntArray,
    ends: FloatArray,
    stands: NDArray[np.bool_],
    widest: float,
    least: int,
) -> tuple[IntArray, IntArray]:
    """Return the segments that may be things that move: small ones, most of which does not stand.

    Of a segment that is too wide, or stands, the runs of hits that do not stand are segments of
    their own: something that moves close to a wall.

    Args:
        order: Of `split`.
        bounds: Of `split`.
        ends: [B, 2] where the rays end.
        stands: [B] hits at places that have been occupied for long.
        widest: Segments with ends further apart than this [m] are too wide.
        least: Smaller ones are left out [hits].
    """
    kept = np.empty(len(order), dtype=np.int64)
    limits = [0]
    filled = 0
    for k in range(len(bounds) - 1):
        part = order[bounds[k] : bounds[k + 1]]
        standing = np.sum(stands[part])
        if len(part) >= least and standing <= 0.5 * len(part) and _width(ends, part) <= widest:
            for hit in part:
                kept[filled] = hit
                filled += 1
            limits.append(filled)
            continue
        begin = filled
        for at in range(len(part) + 1):
            ends_here = at == len(part) or stands[part[at]]
            if not ends_here:
                kept[filled] = part[at]
                filled += 1
                continue
            run = kept[begin:filled]
            if len(run) >= least and _width(ends, run) <= widest:
                limits.append(filled)
            else:
                filled = begin
            begin = filled
    return kept[:filled], np.array(limits)


@compiled
def claim(
    ends: FloatArray, loose: NDArray[np.bool_], circles: FloatArray, within: FloatArray
) -> IntArray:
    """Return the circle [B] on whose outline each hit lies, the nearest one; -1 where on none.

    So two things side by side stay two, and one with a nearer thing before its middle stays one.

    Args:
        ends: [B, 2] where the rays end.
        loose: [B] hits that may be claimed.
        circles: [M, 3] x, y, radius of what is followed, where it is expected.
        within: [M] how near to the outline a hit must be [m].
    """
    owner = np.full(len(ends), -1, dtype=np.int64)
    for index in np.flatnonzero(loose):
        best = np.inf
        for number in range(len(circles)):
            dx, dy = ends[index, 0] - circles[number, 0], ends[index, 1] - circles[number, 1]
            reach = circles[number, 2] + within[number]
            if abs(dx) > reach or abs(dy) > reach:
                continue
            aside = abs(math.sqrt(dx * dx + dy * dy) - circles[number, 2])
            if aside < min(best, within[number]):
                best = aside
                owner[index] = number
    return owner


@compiled
def _width(ends: FloatArray, part: IntArray) -> float:
    """Return the larger side of the box round the hits [m]."""
    low_x = high_x = ends[part[0], 0]
    low_y = high_y = ends[part[0], 1]
    for index in part:
        low_x, high_x = min(low_x, ends[index, 0]), max(high_x, ends[index, 0])
        low_y, high_y = min(low_y, ends[index, 1]), max(high_y, ends[index, 1])
    return max(high_x - low_x, high_y - low_y)
