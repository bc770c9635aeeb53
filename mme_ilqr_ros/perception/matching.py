"""What it costs to take a piece of a scan for a thing that is followed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.circle_fit import enclosing, fit, inverse
from mme_ilqr_ros.perception.past import RECENT
from mme_ilqr_ros.perception.pieces import BLOB, NOISE, ROUND
from mme_ilqr_ros.perception.track import PLACE

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
OUTLIER = 0.12  # [m] from the outline a hit is of something else
STILL = 0.8  # share of the hits where a hit was a moment ago too: a thing that stands
_MOVED = 0.15  # [m] in a moment: more than what stands seems to move
_ONE_PLACE = 0.15  # of the sum of radii: two things whose centres are nearer are one ...
_ONE_SPEED = 0.3  # [m/s] ... if their velocities differ by less
_FARTHEST = 0.7  # [m] from its outline no hit can be of a track
_TURNING = 6.0  # cost of a sharp turn
_MOST = 25.0  # cost of a pair
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
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray, BoolArray]:
    """Return what it costs to take each piece for each track, and what it would tell the track.

    A track may go on as it did, or, at a cost, turn sharply; the cheaper explanation counts.

    Args:
        hits: [K, n, 2] of the pieces.
        counts: [K] how many of them are used.
        still: [K] share of hits at places that were hit a moment ago too.
        means: [N, 5] of the tracks.
        covariances: [2, N, 5, 5] of the tracks that go on, and of those that turn.
        is_round: [N] whether each track is fitted by a circle.
        radius_max: Of a thing [m].

    Returns:
        costs: [N, K].
        places: [N, K, 3] most likely x, y, radius.
        informations: [N, K, 3, 3] of the piece alone.
        fits: [N, K] whether the hits lie on a circle.
        turns: [N, K] whether the track turned sharply.
    """
    tracks, pieces = len(means), len(counts)
    costs = np.full((tracks, pieces), NO_PAIR)
    places = np.zeros((tracks, pieces, 3))
    informations = np.zeros((tracks, pieces, 3, 3))
    fits = np.zeros((tracks, pieces), dtype=np.bool_)
    turns = np.zeros((tracks, pieces), dtype=np.bool_)
    for i in range(tracks):
        expected = means[i][PLACE]
        driven = RECENT * np.hypot(means[i, 2], means[i, 3])
        for k in range(pieces):
            points = hits[k, : counts[k]]
            dx, dy = points[0, 0] - expected[0], points[0, 1] - expected[1]
            if max(abs(dx), abs(dy)) > expected[2] + 2.0 * radius_max + _FARTHEST:
                continue
            if _aside(points, expected) > _FARTHEST or (driven > _MOVED and still[k] >= STILL):
                continue
            for turn in range(2):
                if costs[i, k] < _TURNING:
                    break
                cost, place, information, fit_well = _explain(
                    points, expected, _of_place(covariances[turn, i]), is_round[i], radius_max
                )
                cost += turn * _TURNING
                if cost < _MOST and cost < costs[i, k]:
                    costs[i, k] = cost
                    for row in range(3):
                        places[i, k, row] = place[row]
                        for column in range(3):
                            informations[i, k, row, column] = information[row, column]
                    fits[i, k], turns[i, k] = fit_well, turn == 1
    return costs, places, informations, fits, turns


@compiled
def _aside(points: FloatArray, circle: FloatArray) -> float:
    """Return how far the nearest of some points [N, 2] is from a circle's outline [m]."""
    least = np.inf
    for index in range(len(points)):
        dx, dy = points[index, 0] - circle[0], points[index, 1] - circle[1]
        least = min(least, abs(math.sqrt(dx * dx + dy * dy) - circle[2]))
    return least


@compiled
def _of_place(covariance: FloatArray) -> FloatArray:
    """Return the part [3, 3] for x, y, radius of a state's covariance [5, 5]."""
    part = np.empty((3, 3))
    for row in range(3):
        for column in range(3):
            part[row, column] = covariance[PLACE[row], PLACE[column]]
    return part


@compiled
def _explain(
    points: FloatArray,
    expected: FloatArray,
    prior: FloatArray,
    is_round: bool,
    radius_max: float,
) -> tuple[float, FloatArray, FloatArray, bool]:
    """Return cost, place [3], information [3, 3] and roundness of hits as those of one track.

    Args:
        points: [N, 2] hits.
        expected: [3] x, y, radius of the track.
        prior: [3, 3] covariance of that.
        is_round: Whether a circle is fitted to the hits; else one is put round them.
        radius_max: Of a thing [m].
    """
    certainty = inverse(prior)
    room = min(4.0 * np.sqrt(max(prior[0, 0], prior[1, 1])) + 0.1, _FARTHEST)
    if _aside(points, expected) > room:
        return NO_PAIR, expected, certainty, False
    start = expected.copy()
    place, information, rms, share = fit(points, start, expected, certainty, NOISE, room + OUTLIER)
    if rms > ROUND:  # some of the hits may be of something else
        place, information, rms, share = fit(points, place, expected, certainty, NOISE, OUTLIER)
    good = share >= 0.8 and rms < ROUND and 0.0 < place[2] <= radius_max
    cost = min(rms / NOISE, 3.0) ** 2
    if not (good and is_round):
        circle = enclosing(points)
        if circle[2] > radius_max:
            return NO_PAIR, expected, certainty, False
        information = np.diag(np.array([BLOB[0] ** -2, BLOB[0] ** -2, BLOB[1] ** -2]))
        place = inverse(information + certainty) @ (information @ circle + certainty @ expected)
        cost = 9.0
    shift = place - expected
    return cost + shift @ certainty @ shift, place, information, good


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
