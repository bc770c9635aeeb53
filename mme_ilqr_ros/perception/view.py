"""What a scan saw at a place: something there, free space beyond it, or nothing at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.perception.points import ScanPoints

FloatArray = NDArray[np.float64]
HIDDEN, FREE, HIT = 0, 1, 2  # what a view says about a place
_BESIDE = 0.04  # [m] rays that pass a place this near must all go on beyond it: four times noise
_BEYOND = 0.1  # [m] so far beyond it
_NEAR = 0.04  # [m] a hit this near, and half the way to the next ray, is at the place
_TURN = 0.004  # [rad] that a heading is wrong anyway
_WIDEST = 0.1  # [rad] between neighbouring rays; between two further apart nothing is known


@dataclass(frozen=True, eq=False)
class View:
    """A scan, sorted by bearing round one point.

    Attributes:
        stamp: When it was measured [s].
        origin: Where it was measured [2]: the mean over its rays.
        yaw: Heading of the robot then [rad].
        mount: The scanner on the robot [m], to the centimetre: its name.
        bearings: [B] directions of the rays' ends from there, rising in (-pi, pi].
        reach: [B] how far away the ends are in m; negative: nothing stopped the ray there.
    """

    stamp: float
    origin: FloatArray
    yaw: float
    mount: tuple[float, float]
    bearings: FloatArray
    reach: FloatArray

    @classmethod
    def of(cls, points: ScanPoints) -> View:
        """Return the view of a scan."""
        origin = points.origins.mean(axis=0)
        bearings, reach = _by_bearing(points.ends, points.hit, points.valid, origin)
        x, y = points.pose.inverse().transform(points.origins[-1])
        mount = round(float(x), 2), round(float(y), 2)
        return cls(points.stamp, origin, points.pose.yaw, mount, bearings, reach)

    def at(self, points: FloatArray, shift: float = 0.0, turn: float = 0.0) -> NDArray[np.int8]:
        """Return HIT, FREE or HIDDEN for places [N, 2].

        Args:
            points: In m.
            shift: How far the view's place may be wrong, seen from now [m]; what is told to be free
                is free in any case.
            turn: And its heading [rad].
        """
        return _look(points, self.origin, self.bearings, self.reach, shift, turn + _TURN)


@compiled
def _by_bearing(
    ends: FloatArray, hit: NDArray[np.bool_], valid: NDArray[np.bool_], origin: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return bearings and reach of `View`."""
    used = np.flatnonzero(valid)
    count = len(used)
    bearings, reach = np.empty(count), np.empty(count)
    seam, seams = 0, 0
    for at in range(count):
        dx, dy = ends[used[at], 0] - origin[0], ends[used[at], 1] - origin[1]
        bearings[at] = math.atan2(dy, dx)
        reach[at] = math.sqrt(dx * dx + dy * dy) * (1.0 if hit[used[at]] else -1.0)
        if at > 0 and bearings[at] < bearings[at - 1]:
            seam, seams = at, seams + 1
    if seams == 0:
        return bearings, reach
    turned = np.concatenate((bearings[seam:], bearings[:seam]))
    if seams == 1 and bearings[0] >= bearings[-1]:
        return turned, np.concatenate((reach[seam:], reach[:seam]))
    order = np.argsort(bearings)  # near things, seen while the robot drove
    return bearings[order], reach[order]


@compiled
def _look(
    points: FloatArray,
    origin: FloatArray,
    bearings: FloatArray,
    reach: FloatArray,
    shift: float,
    turn: float,
) -> NDArray[np.int8]:
    """Return what the rays near each place say.

    A place was free only if all rays that pass within a few centimetres went on beyond it, and one
    on either side too: so noise at an edge, or along a wall, is not taken for free space.
    """
    found = np.zeros(len(points), dtype=np.int8)
    count = len(bearings)
    if count < 2:
        return found
    for index in range(len(points)):
        dx, dy = points[index, 0] - origin[0], points[index, 1] - origin[1]
        away, bearing = math.hypot(dx, dy), math.atan2(dy, dx)
        slack = shift + turn * away
        half = (_BESIDE + slack) / (away + _BESIDE)
        middle = np.searchsorted(bearings, bearing)
        free, hit, known = True, False, True
        for side in (-1, 1):
            ray = middle - 1 if side < 0 else middle
            last = 0.0
            for _ in range(count):
                beside = side * (bearings[ray % count] - bearing)
                if beside < -1e-12:  # round the seam
                    beside += 2.0 * math.pi
                if beside - last > _WIDEST:
                    known = False
                    break
                end = reach[ray % count]
                near = _NEAR + _TURN * away + 0.5 * (beside - last) * away
                # the end's distance from the place, by the law of cosines at a small angle
                if end >= 0.0 and (away - end) ** 2 + away * end * beside * beside < near * near:
                    hit = True
                    break
                free = free and abs(end) > away + _BEYOND + slack
                # a hit at the place is no further beside it
                if beside >= half or (not free and beside * away > 2.0 * near):
                    break
                last = beside
                ray += side
            if hit:
                break
        if hit:
            found[index] = HIT
        elif free and known:
            found[index] = FREE
    return found
