"""Parts of a scan that may each be a thing that moves, and the circle that each could be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.circle_fit import enclosing, fit, kasa
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.segments import cut, split
from mme_ilqr_ros.perception.track_settings import TrackSettings

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
NOISE = 0.015  # [m] of a hit's distance to the outline of what it is on
ROUND = 0.03  # [m] rms of hits on a circle
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
    """

    hits: FloatArray
    counts: NDArray[np.int64]
    order: NDArray[np.int64]
    bounds: NDArray[np.int64]
    new: FloatArray

    def of(self, index: int) -> FloatArray:
        """Return the chosen hits [N, 2] of a piece."""
        return self.hits[index, : self.counts[index]]

    @classmethod
    def of_scan(
        cls, points: ScanPoints, stands: BoolArray, new: BoolArray, settings: TrackSettings
    ) -> Pieces:
        """Return the parts of a scan that may be things that move.

        Args:
            points: The scan.
            stands: [B] hits on what stands.
            new: [B] hits at places that an earlier scan saw free.
            settings: Parameters.
        """
        s, ends = settings, points.ends
        order, bounds = split(ends, points.hit, points.ranges, s.gap, _SLOPE * points.increment)
        order, bounds = cut(order, bounds, ends, stands, 2.2 * s.radius_max, s.least_hits)
        hits, counts = _chosen(order, bounds, ends, _HITS)
        shares = [new[order[a:b]].mean() for a, b in pairwise(bounds)]
        return cls(hits, counts, order, bounds, np.array(shares))


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
            hits[k, at] = ends[order[bounds[k] + (at * size) // counts[k]]]
    return hits, counts


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
        start[:2] = middle + away / distance * _FIRST_RADIUS[0]
    expected = start.copy()
    expected[2] = _FIRST_RADIUS[0]
    certainty = np.zeros((3, 3))
    certainty[2, 2] = 1.0 / _FIRST_RADIUS[1] ** 2
    place, information, rms, _ = fit(points, start, expected, certainty, NOISE, 1e3)
    behind = np.hypot(place[0] - sensor[0], place[1] - sensor[1]) > distance
    if rms < ROUND and radius_min <= place[2] <= radius_max and behind:
        return place, np.linalg.inv(information + certainty + 1e-6 * np.eye(3)), True
    covariance = np.diag(np.array([BLOB[0] ** 2, BLOB[0] ** 2, BLOB[1] ** 2]))
    return enclosing(points), covariance, False
