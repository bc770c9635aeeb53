"""What the scans of the last second say about the hits of a new one."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import difference
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.view import FREE, HIT, View

BoolArray = NDArray[np.bool_]
RECENT = 0.5  # [s] ago: what moves was elsewhere then, 5 cm or more at 0.1 m/s
_ALONG = 2.0  # times drift: the error of a place in a metre, beside that of the heading
_LATE = 0.3  # times the wanted age: a view may be that much older or younger ...
_LATE_ANYWAY = 0.15  # [s] ... or this, for scanners that turn five times a second


@dataclass(frozen=True, eq=False)
class Past:
    """What was where the hits of a scan are.

    Attributes:
        stands: [B] hits at places that were hit long ago too.
        still: [B] hits at places that were hit a moment ago too.
        new: [B] hits at places that were seen free, long ago or a moment ago.
        error: How far the poses of then may be wrong, seen from now: in m and rad.
    """

    stands: BoolArray
    still: BoolArray
    new: BoolArray
    error: tuple[float, float]


class Views:
    """The views of the last seconds, of every scanner."""

    def __init__(self) -> None:
        self._views: dict[tuple[float, float], deque[View]] = {}

    def add(self, view: View, kept: float) -> None:
        """Add a newer view, and drop those that are `kept` s older."""
        views = self._views.setdefault(view.mount, deque())
        views.append(view)
        while views[0].stamp < view.stamp - kept:
            views.popleft()

    def newest(self, mount: tuple[float, float]) -> float:
        """Return when the newest view of a scanner was measured [s]; -inf before the first."""
        views = self._views.get(mount)
        return views[-1].stamp if views else -math.inf

    def past_of(self, points: ScanPoints, now: View, settled: float, drift: float) -> Past:
        """Return what was seen at the hits of a scan `settled` s before, and a moment before.

        Args:
            points: The scan.
            now: Its view.
            settled: See above [s].
            drift: By how much odometry errs in a metre, and in a radian.
        """
        hit = points.hit
        hits = points.ends[hit]
        largest = (0.0, 0.0)
        stands, still, new = (np.zeros(len(hit), dtype=bool) for _ in range(3))
        for age, there in ((settled, stands), (RECENT, still)):
            for view in self._at(points.stamp - age, max(_LATE * age, _LATE_ANYWAY)):
                error = _error(view, now, drift)
                largest = max(largest, error)
                said = view.at(hits, *error)
                new[hit] |= said == FREE
                there[hit] |= said == HIT
        return Past(stands & ~new, still, new, largest)

    def _at(self, stamp: float, within: float) -> list[View]:
        """Return the view of every scanner nearest to a time [s], where it is that near."""
        nearest = [
            min(views, key=lambda view: abs(view.stamp - stamp)) for views in self._views.values()
        ]
        return [view for view in nearest if abs(view.stamp - stamp) <= within]


def _error(before: View, now: View, drift: float) -> tuple[float, float]:
    """Return how far a pose may be wrong, seen from another: in m and rad."""
    driven = math.hypot(*(now.origin - before.origin))
    turned = abs(float(difference(now.yaw, before.yaw)))
    return _ALONG * drift * driven, drift * (driven + turned)
