"""Parts of a scan that may each be a thing that moves, and the circle that each could be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.circle_fit import enclosing, fit, inverse, kasa
from mme_ilqr_ros.perception.past import Past
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.segments import claim, cut, split
from mme_ilqr_ros.perception.track_settings import TrackSettings

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
NOISE = 0.015  # [m] of a hit's distance to the outline of what it is on
ROUND = 0.02  # [m] rms of hits on a circle
BLOB = (0.06, 0.08)  # [m] standard deviations of place and radius of what is not round
_HITS = 24  # of a piece that a fit looks at
_FIRST_RADIUS = (0.3, 0.3)  # [m] mean and standard deviation
_SLOPE = 2.5  # times the distance between neighbouring rays: hits on one thing seen aslant


@dataclass(frozen=True, eq=False)
class Pieces:
    """Parts of a scan that may each be a thing.

    Attributes:
        hits: [K, 24, 2] some of the hits of each, evenly chosen.
        counts: [K] how many of them are used.
        order: Indices of all hits, piece by piece.
        bounds: [K + 1] piece k is `order[bounds[k]:bounds[k + 1]]`.
        new: [K] share of hits at places that an earlier scan saw free.
        still: [K] share of hits at places that were hit a moment ago too.
    """

    hits: FloatArray
    counts: NDArray[np.int64]
    order: NDArray[np.int64]
    bounds: NDArray[np.int64]
    new: FloatArray
    still: FloatArray

    def of(self, index: int) -> FloatArray:
        """Return the chosen hits [N, 2] of a piece."""
        return self.hits[index, : self.counts[index]]

    @classmethod
    def of_scan(
        cls, points: ScanPoints, past: Past, expected: FloatArray, settings: TrackSettings
    ) -> Pieces:
        """Return the parts of a scan that may be things that move.

        Args:
            points: The scan.
            past: What earlier scans say about its hits.
            expected: [M, 4] x, y, radius of what moves, and how near hits on it are [m].
            settings: Parameters.
        """
        s, ends, loose = settings, points.ends, points.hit & ~past.stands
        owner = claim(ends, loose, expected[:, :3], expected[:, 3])
        rest = points.hit & (owner < 0)
        order, bounds = split(ends, rest, points.ranges, s.gap, _SLOPE * points.increment)
        order, bounds = cut(order, bounds, ends, past.stands, 2.2 * s.radius_max, s.least_hits)
        claimed = np.argsort(owner, kind="stable")[np.count_nonzero(owner < 0) :]
        sizes = np.bincount(owner[claimed], minlength=len(expected))
        order = np.concatenate([claimed, order])
        bounds = np.concatenate([[0], np.cumsum(sizes), bounds[1:] + len(claimed)])
        bounds = np.unique(bounds)  # nobody's claim may be empty
        hits, counts = _chosen(order, bounds, ends, _HITS)
        new, still = (_shares(order, bounds, part) for part in (past.new, past.still))
        return cls(hits, counts, order, bounds, new, still)


@compiled
def _chosen(
    order: NDArray[np.int64], bounds: NDArray[np.int64], ends: FloatArray, most: int
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return at most `most` hits of each piece [K, most, 2], and how many they are [K]."""
    pieces = len(bounds) - 1
    hits = np.zeros((pieces, most, 2))
    counts = np.zeros(pieces, dtype=np.int64)
    for k in range(pieces):
        size = bounds[k + 1] - bounds[k]
        counts[k] = min(size, most)
        for at in range(counts[k]):
            end = order[bounds[k] + (at * size) // counts[k]]
            hits[k, at, 0], hits[k, at, 1] = ends[end, 0], ends[end, 1]
    return hits, counts


@compiled
def _shares(order: NDArray[np.int64], bounds: NDArray[np.int64], chosen: BoolArray) -> FloatArray:
    """Return the share [K] of each piece's hits that are chosen."""
    shares = np.empty(len(bounds) - 1)
    for k in range(len(shares)):
        shares[k] = np.mean(chosen[order[bounds[k] : bounds[k + 1]]])
    return shares


@compiled
def first_place(
    points: FloatArray, sensor: FloatArray, radius_min: float, radius_max: float
) -> tuple[FloatArray, FloatArray, bool]:
    """Return x, y, radius [3] of a new thing, their covariance [3, 3], and whether it is round.

    Args:
        points: [N, 2] hits on it.
        sensor: [2] where they were seen from.
        radius_min: Of a round thing [m].
        radius_max: Of a round thing [m].
    """
    start = kasa(points)
    middle = np.array([points[:, 0].mean(), points[:, 1].mean()])
    away = middle - sensor
    distance = np.hypot(away[0], away[1]) + 1e-9
    if not radius_min <= start[2] <= radius_max:
        start = np.array([0.0, 0.0, _FIRST_RADIUS[0]])
        for axis in range(2):
            start[axis] = middle[axis] + away[axis] / distance * _FIRST_RADIUS[0]
    expected = start.copy()
    expected[2] = _FIRST_RADIUS[0]
    certainty = np.zeros((3, 3))
    certainty[2, 2] = 1.0 / _FIRST_RADIUS[1] ** 2
    place, information, rms, _ = fit(points, start, expected, certainty, NOISE, 1e3)
    behind = np.hypot(place[0] - sensor[0], place[1] - sensor[1]) > distance
    if rms < ROUND and radius_min <= place[2] <= radius_max and behind:
        return place, inverse(information + certainty + 1e-6 * np.eye(3)), True
    covariance = np.diag(np.array([BLOB[0] ** 2, BLOB[0] ** 2, BLOB[1] ** 2]))
    return enclosing(points), covariance, False
