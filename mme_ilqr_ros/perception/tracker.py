"""Things that move, followed from scan to scan.

What moves is decided by space and time, not by the filter's velocity alone: something moves only
if it is where an earlier scan saw free space, or where it was is seen free now. What is still hit
where it was hit a second ago stands, and is left to the map.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mme_ilqr_ros.geometry.circles import no_circles, predict
from mme_ilqr_ros.perception.matching import NO_PAIR, OUTLIER, STILL, doubles, pair_costs
from mme_ilqr_ros.perception.past import Past, Views
from mme_ilqr_ros.perception.pieces import Pieces, first_place
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.track import PLACE, Track
from mme_ilqr_ros.perception.track_settings import TrackSettings
from mme_ilqr_ros.perception.view import FREE, View

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_FIRST_SPEED = 1.2  # [m/s] standard deviation of a velocity that nothing is known about
_LOST = 0.35  # [s] what does not move is forgotten after
_SEEN_THROUGH = 2  # scans that saw through the place of a thing: it is not there
_OVERTAKEN = 0.1  # [s] by which the scans of several scanners may come in a wrong order
_CHANGED = 0.3  # share of the hits that must be new, or gone, of what moves ...
_CHANGED_MUCH = 0.5  # ... and where its velocity is not certain, but it went ...
_LONG_WAY = 0.4  # ... so far [m]


class Tracker:
    """Follows what moves.

    Attributes:
        settings: Parameters; may be replaced at any time.
        tracks: All that is followed; those with `moving` move.
        began: Those of them that began to move with the newest scan.
        moving_hits: [B] of the newest scan: hits on what moves. None of what stands.
    """

    def __init__(self, settings: TrackSettings, settled: float, drift: float) -> None:
        """Follow nothing yet.

        Args:
            settings: Parameters.
            settled: What has been at a place for so long stands [s].
            drift: By how much odometry errs in a metre.
        """
        self.settings = settings
        self.settled = settled
        self.drift = drift
        self._next = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything but which numbers were given."""
        self.tracks: list[Track] = []
        self.began: list[Track] = []
        self.moving_hits: BoolArray = np.zeros(0, dtype=bool)
        self._views = Views()
        self._stamp = -np.inf

    def circles(self, now: float) -> FloatArray:
        """Return what moves [M, 5], where it is at a time [s] by its velocity."""
        rows = [predict(t.circle[None], now - t.stamp) for t in self.tracks if t.moving]
        return np.vstack(rows) if rows else no_circles()

    def update(self, points: ScanPoints) -> list[Track]:
        """Take a scan in the fixed frame and return all tracks."""
        self.began = []
        view = View.of(points)
        past = self._views.past_of(points, view, self.settled, self.drift)
        overtaken = view.stamp <= max(self._views.newest(view.mount), self._stamp - _OVERTAKEN)
        if not overtaken:
            self._follow(points, view, past)
        self._mark(points.ends, points.hit & ~past.stands)
        return self.tracks

    def _follow(self, points: ScanPoints, view: View, past: Past) -> None:
        """Move all tracks to the time of a scan, a newer one or another scanner's."""
        self._stamp = points.stamp
        for track in self.tracks:
            track.predict(self._stamp, self.settings.acceleration, self.settings.sharpest)
        self.tracks = [track for track in self.tracks if track.is_sound]
        pieces = Pieces.of_scan(points, past, self._expected(), self.settings)
        taken = self._match(pieces)
        self._decide(pieces, taken, view, past.error)
        self._forget(view)
        self._begin(pieces, set(taken.values()), view.origin)
        self._views.add(view, 1.5 * self.settled)

    def _expected(self) -> FloatArray:
        """Return x, y, radius of what moves, and how near to the outline its hits are [M, 4]."""
        rows = [
            [*track.mean[PLACE], OUTLIER + 2.0 * track.place_deviation]
            for track in self.tracks
            if track.moving and track.is_round
        ]
        return np.array(rows).reshape(-1, 4)

    def _match(self, pieces: Pieces) -> dict[int, int]:
        """Update the tracks that are seen; return the piece of each, by indices."""
        if not self.tracks or not len(pieces.counts):
            return {}
        means = np.stack([track.mean for track in self.tracks])
        covariances = np.array(
            [
                [t.covariance for t in self.tracks],
                [t.turning if t.moving else t.covariance for t in self.tracks],
            ]
        )
        is_round = np.array([track.is_round for track in self.tracks])
        costs, places, informations, fits, turns = pair_costs(
            pieces.hits,
            pieces.counts,
            pieces.still,
            means,
            covariances,
            is_round,
            self.settings.radius_max,
        )
        rows, columns = linear_sum_assignment(costs)
        taken = {
            int(i): int(k) for i, k in zip(rows, columns, strict=True) if costs[i, k] < NO_PAIR
        }
        for i, k in taken.items():
            track = self.tracks[i]
            track.update(places[i, k], informations[i, k], fits[i, k], turns[i, k])
            track.remember(pieces.of(k), self.settled)
        return taken

    def _decide(
        self, pieces: Pieces, taken: dict[int, int], view: View, error: tuple[float, float]
    ) -> None:
        """Decide which of the tracks that were seen move."""
        s = self.settings
        for i, k in taken.items():
            track = self.tracks[i]
            if track.moving:
                track.moving = s.speed_max > track.speed > 0.4 * s.speed_min
                continue
            slow = track.speed < max(s.speed_min, track.speed_deviation)
            track.stands = bool(slow and pieces.still[k] >= STILL)
            track.moving = self._moves(track, pieces.new[k], view, error)
            if track.moving:
                self.began.append(track)

    def _moves(self, track: Track, new: float, view: View, error: tuple[float, float]) -> bool:
        """Return whether a track began to move: by its velocity, its way, and what was seen free.

        Args:
            track: That was seen in this view.
            new: Share of its hits at places that were seen free before.
            view: The newest.
            error: How far earlier poses may be wrong [m], [rad].
        """
        s = self.settings
        far = track.gone > max(0.2, 0.5 * track.mean[4])
        if track.seen < 3 or not far or not s.speed_min < track.speed < s.speed_max:
            return False
        if track.speed > 2.5 * track.speed_deviation:
            needed = _CHANGED
        elif track.gone > max(_LONG_WAY, 0.5 * track.mean[4]):
            needed = _CHANGED_MUCH
        else:
            return False
        gone = view.at(track.past[0][1], *error) == FREE
        return bool(max(new, float(np.mean(gone))) >= needed)

    def _forget(self, view: View) -> None:
        """Drop tracks that were not seen for long, whose place is seen free, and doubles."""
        coasting = [track for track in self.tracks if track.last < track.stamp]
        if coasting:
            said = view.at(np.stack([track.behind_face(view.origin) for track in coasting]))
            for track, word in zip(coasting, said, strict=True):
                track.free += int(word == FREE)
        coast = self.settings.coast
        self.tracks = [
            track
            for track in self.tracks
            if not track.stands
            and track.free < _SEEN_THROUGH
            and track.stamp - track.last <= (coast if track.moving else _LOST)
        ]
        if not self.tracks:
            return
        moving = np.array([track.moving for track in self.tracks])
        deviations = np.array([track.speed_deviation for track in self.tracks])
        double = doubles(np.stack([track.mean for track in self.tracks]), moving, deviations)
        self.tracks = [track for track, same in zip(self.tracks, double, strict=True) if not same]

    def _begin(self, pieces: Pieces, taken: set[int], sensor: FloatArray) -> None:
        """Begin a track for every piece that no track took."""
        s = self.settings
        for k in range(len(pieces.counts)):
            if k in taken or pieces.still[k] >= STILL:
                continue
            place, covariance, is_round = first_place(
                pieces.of(k), sensor, s.radius_min, s.radius_max
            )
            if place[2] > s.radius_max:
                continue
            mean = np.array([place[0], place[1], 0.0, 0.0, place[2]])
            whole = np.diag(np.full(5, _FIRST_SPEED**2))
            whole[np.ix_(PLACE, PLACE)] = covariance
            track = Track(
                self._next, self._stamp, self._stamp, self._stamp, mean, whole, mean[:2].copy()
            )
            track.roundness = float(is_round)
            track.remember(pieces.of(k), self.settled)
            self.tracks.append(track)
            self._next += 1

    def _mark(self, ends: FloatArray, loose: BoolArray) -> None:
        """Note which hits are on what moves."""
        self.moving_hits = np.zeros(len(ends), dtype=bool)
        for track in self.tracks:
            if track.moving:
                x, y, radius = track.mean[PLACE]
                squares = (ends[:, 0] - x) ** 2 + (ends[:, 1] - y) ** 2
                self.moving_hits |= squares < (radius + OUTLIER) ** 2
        self.moving_hits &= loose
