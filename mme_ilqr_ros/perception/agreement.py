"""Whether two scanners see the same world: a wrong mount, or one that is broken, shows in this."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import wrap
from mme_ilqr_ros.perception.points import ScanPoints

TOLERANCE = 0.25  # [m] scanners at other heights and times see other parts of a thing
SLOPE = 0.05  # by which the tolerance grows with the distance
MANY, SHARE = 15, 0.1  # hits that are seen through, and their share, to speak of it
EVERY, IN_A_ROW = 0.3, 3  # [s] between two looks; looks


class Agreement:
    """Compares the newest scans of several scanners now and then."""

    def __init__(self) -> None:
        """Start without doubt."""
        self._looked = -math.inf
        self._doubts = 0
        self._found = ""

    def look_at(self, scans: Mapping[str, ScanPoints | None]) -> str:
        """Return which scanners contradict each other, by their names; empty where none do."""
        known = [(name, points) for name, points in scans.items() if points is not None]
        newest = max((points.stamp for _, points in known), default=-math.inf)
        if len(known) > 1 and not 0.0 <= newest - self._looked < EVERY:
            self._looked = newest
            found = [text for pair in permutations(known, 2) if (text := _doubt(*pair))]
            self._doubts = self._doubts + 1 if found else 0
            self._found = found[0] if self._doubts >= IN_A_ROW else ""
        return self._found


def _doubt(one: tuple[str, ScanPoints], other: tuple[str, ScanPoints]) -> str:
    """Return a text where one scanner sees through too much of what another one hits."""
    (name, points), (other_name, other_points) = one, other
    through, seen = contradicted(points, other_points)
    if through < MANY or through < SHARE * seen:
        return ""
    return (
        f"{name} disagrees with {other_name}, which sees through {through} of {seen} of its points;"
        " what either sees counts. Check their poses"
    )


def contradicted(points: ScanPoints, other: ScanPoints) -> tuple[int, int]:
    """Return how many hits another scanner sees through, and how many it sees at all.

    What is hidden from the other scanner, or not looked at by it, counts as neither.
    """
    hits = points.ends[points.hit]
    place = other.origins[len(other.origins) // 2]
    offsets = hits - place
    away = np.hypot(*offsets.T)
    ray = _nearest_ray(np.arctan2(offsets[:, 1], offsets[:, 0]), other)
    looked = ray >= 0
    reach = np.hypot(*(other.ends - other.origins).T)  # of a ray without a hit: how far it is free
    reach = np.where(other.valid, reach, 0.0)
    # An edge is hit by one of two neighbouring rays only.
    near = np.stack([np.roll(reach, 1), reach, np.roll(reach, -1)])
    tolerance = TOLERANCE + SLOPE * away
    through = looked & (near.min(axis=0)[ray] > away + tolerance)
    seen = through | (looked & (near.max(axis=0)[ray] > away - tolerance))
    return int(np.count_nonzero(through)), int(np.count_nonzero(seen))


def _nearest_ray(directions: NDArray[np.float64], scan: ScanPoints) -> NDArray[np.int64]:
    """Return the number [N] of the ray next to each direction in rad; -1 where none is near."""
    along = scan.ends - scan.origins
    rays = np.arctan2(along[:, 1], along[:, 0])
    order = np.argsort(rays)
    place = np.searchsorted(rays, directions, sorter=order)
    candidates = order[np.stack([place - 1, place % len(order)])]
    off = np.abs(wrap(rays[candidates] - directions))
    best = np.argmin(off, axis=0)
    columns = np.arange(len(directions))
    near = off[best, columns] <= scan.increment
    return np.where(near, candidates[best, columns], -1)
