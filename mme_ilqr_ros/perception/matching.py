"""What it costs to take a piece of a scan for a thing that is followed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.circle_fit import enclosing, fit
from mme_ilqr_ros.perception.past import RECENT
from mme_ilqr_ros.perception.pieces import BLOB, NOISE, ROUND

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
OUTLIER = 0.12  # [m] from the outline a hit is of something else
STILL = 0.8  # share of the hits where a hit was a moment ago too: a thing that stands
_MOVED = 0.15  # [m] in a moment: more than what stands seems to move
_ONE_PLACE = 0.15  # of the sum of radii: two things whose centres are nearer are one ...
_ONE_SPEED = 0.3  # [m/s] ... if their velocities differ by less
NO_PAIR = 1e6  # cost of a pair that cannot be


@compiled
def pair_costs(
    hits: FloatArray,
    counts: NDArray[np.int64],
    still: FloatArray,
    means: FloatArray,
    covariances: FloatArray,
    is_round: BoolArray,
    radius_max: float,
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Return what it costs to take each piece for each track, and what it would tell the track.

    Args:
        hits: [K, n, 2] of the pieces.
        counts: [K] how many of them are used.
        still: [K] share of hits at places that were hit a moment ago too.
        means: [N, 5] of the tracks.
        covariances: [N, 5, 5] of the tracks.
        is_round: [N] whether each track is fitted by a circle.
        radius_max: Of a thing [m].

    Returns:
        costs: [N, K].
        places: [N, K, 3] most likely x, y, radius.
        informations: [N, K, 3, 3] of the piece alone.
        fits: [N, K] whether the hits lie on a circle.
    """
    tracks, pieces = len(means), len(counts)
    costs = np.full((tracks, pieces), NO_PAIR)
    places = np.zeros((tracks, pieces, 3))
    informations = np.zeros((tracks, pieces, 3, 3))
    fits = np.zeros((tracks, pieces), dtype=np.bool_)
    chosen = np.array([0, 1, 4])
    prior = np.empty((3, 3))
    for i in range(tracks):
        expected = means[i][chosen]
        for row in range(3):
            for column in range(3):
                prior[row, column] = covariances[i, chosen[row], chosen[column]]
        certainty = np.linalg.inv(prior)
        room = 4.0 * np.sqrt(max(prior[0, 0], prior[1, 1])) + 0.1
        driven = RECENT * np.hypot(means[i, 2], means[i, 3])
        for k in range(pieces):
            if driven > _MOVED and still[k] >= STILL:
                continue
            points = hits[k, : counts[k]]
            aside = np.hypot(points[:, 0] - expected[0], points[:, 1] - expected[1]) - expected[2]
            nearest = np.min(np.abs(aside))
            if nearest > min(room, 0.7):
                continue
            start = expected.copy()
            outlier = min(room, 0.7) + OUTLIER
            place, information, rms, share = fit(points, start, expected, certainty, NOISE, outlier)
            if rms > ROUND:  # some of the hits may be of something else
                place, information, rms, share = fit(
                    points, place, expected, certainty, NOISE, OUTLIER
                )
            good = share >= 0.8 and rms < ROUND and 0.0 < place[2] <= radius_max
            if not (good and is_round[i]):
                circle = enclosing(points)
                information = np.zeros((3, 3))
                information[0, 0] = information[1, 1] = 1.0 / BLOB[0] ** 2
                information[2, 2] = 1.0 / BLOB[1] ** 2
                whole = np.linalg.inv(information + certainty)
                place = whole @ (information @ circle + certainty @ expected)
                if circle[2] > radius_max:
                    continue
            shift = place - expected
            cost = shift @ certainty @ shift
            if good and is_round[i]:
                cost += min(rms / NOISE, 3.0) ** 2
            else:
                cost += 9.0
            if cost < 25.0:
                costs[i, k] = cost
                places[i, k] = place
                informations[i, k] = information
                fits[i, k] = good
    return costs, places, informations, fits


@compiled
def doubles(means: FloatArray, moving: BoolArray, deviations: FloatArray) -> BoolArray:
    """Return which tracks [N] follow what an older track that moves follows too.

    Args:
        means: [N, 5] x, y, vx, vy, radius of the tracks, the oldest first.
        moving: [N] whether each moves.
        deviations: [N] of their velocities [m/s].
    """
    double = np.zeros(len(means), dtype=np.bool_)
    for younger in range(1, len(means)):
        for older in range(younger):
            if not moving[older] or double[older]:
                continue
            x, y, vx, vy, _ = means[younger] - means[older]
            near = _ONE_PLACE * (means[younger, 4] + means[older, 4])
            slow = max(_ONE_SPEED, 2.0 * deviations[younger])
            if x * x + y * y < near * near and vx * vx + vy * vy < slow * slow:
                double[younger] = True
    return double
