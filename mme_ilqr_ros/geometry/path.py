"""Paths as polylines with an arc length, and progress along them that never jumps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.pose import FARTHEST, Pose

FloatArray = NDArray[np.float64]
MOST_POINTS = 100_000  # 5 km at 5 cm; all of them are looked at when a robot joins a path
_SAME_POINT = 1e-9  # m


class PathError(InputError):
    """Points make no path; the message says why."""


@dataclass(frozen=True, eq=False)
class Path:
    """A polyline, parametrised by arc length.

    Attributes:
        points: [N, 2] in m, N >= 1; points equal to the one before are left out.
        vias: [K] arc lengths in m, rising, of via points: who follows the path does not cut them
            off. Those at its end are left out.
        arc_length: [N] distance in m along the path from the first point to each point.

    Raises:
        PathError: There are no points or more than MOST_POINTS, they are not pairs of numbers, or
            one is not finite or beyond FARTHEST; or vias are no rising distances.
    """

    points: FloatArray
    vias: FloatArray = field(default_factory=lambda: np.zeros(0))
    arc_length: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        try:
            points = np.asarray(self.points)
            if points.dtype.kind not in "iuf":
                raise TypeError(points.dtype)
            points = np.array(points, dtype=float)
        except (TypeError, ValueError, OverflowError) as error:
            kind = type(self.points).__name__
            raise PathError(f"path: a {kind} holds no points: must be numbers [N, 2]") from error
        if points.ndim != 2 or points.shape[1:] != (2,) or len(points) == 0:
            raise PathError(f"path: points have shape {points.shape}: must be [N, 2] with N >= 1")
        if not np.isfinite(points).all():
            index = int(np.argmin(np.isfinite(points).all(axis=1)))
            raise PathError(f"path: point {index} is not finite: {points[index].tolist()}")
        if len(points) > MOST_POINTS:
            raise PathError(f"path: {len(points)} points: must be at most {MOST_POINTS}")
        if np.abs(points).max() > FARTHEST:
            index = int(np.argmax(np.abs(points).max(axis=1)))
            place = f"point {index} is {points[index].tolist()}"
            raise PathError(f"path: {place}: must lie within {FARTHEST:g} m")
        steps = np.hypot(*np.diff(points, axis=0).T)
        points = points[np.concatenate([[True], steps > _SAME_POINT])]
        steps = np.hypot(*np.diff(points, axis=0).T)
        arc_length = np.concatenate([[0.0], np.cumsum(steps)])
        # On a path of 1e8 m a short step is lost in the sum; without it, each segment has a length.
        longer = np.concatenate([[True], np.diff(arc_length) > 0.0])
        points, arc_length = points[longer], arc_length[longer]
        points.setflags(write=False)
        arc_length.setflags(write=False)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "arc_length", arc_length)
        object.__setattr__(self, "vias", self._checked_vias())

    def _checked_vias(self) -> FloatArray:
        vias = np.array(self.vias, dtype=float)
        # Written so that NaN fails; the loops are short, and empty for nearly every path.
        if vias.ndim != 1 or not (np.diff(vias, prepend=0.0) >= 0.0).all():
            raise PathError(f"path: vias = {vias.tolist()}: must be rising arc lengths [K] in m")
        vias = vias[vias < self.arc_length[-1]]
        vias.setflags(write=False)
        return vias

    @property
    def length(self) -> float:
        """Whole length in m."""
        return float(self.arc_length[-1])

    def point_at(self, s: ArrayLike) -> FloatArray:
        """Return the points [..., 2] at arc lengths [...] in m; beyond an end, that end."""
        s = np.asarray(s, dtype=float)
        x = np.interp(s, self.arc_length, self.points[:, 0])
        y = np.interp(s, self.arc_length, self.points[:, 1])
        return np.stack([x, y], axis=-1)

    def after(self, s: float) -> Path:
        """Return what comes after an arc length in m; beyond the end, the last point."""
        rest = np.vstack([self.point_at(s), self.points[self.arc_length > s]])
        return Path(rest, self.vias[self.vias > s] - s)

    def heading_at(self, s: ArrayLike) -> FloatArray:
        """Return the headings [...] in rad at arc lengths [...]; at a corner, the one after it.

        A path of a single point has heading 0.
        """
        s = np.asarray(s, dtype=float)
        if len(self.points) == 1:
            return np.zeros(s.shape)
        segment = np.searchsorted(self.arc_length, s, side="right") - 1
        segment = np.clip(segment, 0, len(self.points) - 2)
        step = self.points[segment + 1] - self.points[segment]
        return np.arctan2(step[..., 1], step[..., 0])

    def feet(self, position: FloatArray, first: int, last: int) -> FloatArray:
        """Return where on segments first to last - 1 a point [2] is nearest: arc lengths [K]."""
        start, stop = self.arc_length[first:last], self.arc_length[first + 1 : last + 1]
        tangent = np.diff(self.points[first : last + 1], axis=0) / (stop - start)[:, None]
        along = np.sum((position - self.points[first:last]) * tangent, axis=1)
        return start + np.clip(along, 0.0, stop - start)

    def first_nearest(self, position: ArrayLike, slack: float) -> float:
        """Return the arc length [m] of the first approach to a point [2] that is near enough.

        A path that crosses itself comes near the point more than once; each approach that is at
        most `slack` [m] farther away than the nearest one is near enough.
        """
        position = np.asarray(position, dtype=float)
        if len(self.points) == 1:
            return 0.0
        feet = self.feet(position, 0, len(self.points) - 1)
        distance = np.hypot(*(self.point_at(feet) - position).T)
        near = int(np.argmax(distance <= distance.min() + slack))
        rises = np.append(np.diff(distance[near:]) >= 0.0, True)  # up to where it leads away again
        return float(feet[near + int(np.argmax(rises))])

    def thinned(self, tolerance: float, spacing: float) -> Path:
        """Return a path of some of the points that leaves this one nowhere by more than a distance.

        Via points that lie between its points move to the next one.

        Args:
            tolerance: That distance [m].
            spacing: Largest distance along the path between two points that are kept [m], where
                this one has points that near.
        """
        points, kept, last = self.points, [0], len(self.points) - 1
        vias = np.searchsorted(self.arc_length, self.vias - _SAME_POINT)
        while kept[-1] < last:
            first = kept[-1]
            end = np.searchsorted(self.arc_length, self.arc_length[first] + spacing, side="right")
            end = np.append(vias[vias > first] + 1, end).min()
            offsets = points[first + 1 : max(int(end), first + 2)] - points[first]
            x, y = offsets.T
            beside = np.abs(
                x[:, None] * y - y[:, None] * x
            )  # [K, M] of point m beside the way to k
            along = x[:, None] * x + y[:, None] * y
            square = x * x + y * y
            # Before it began or beyond its end, too, a path is not near that way.
            within = (along >= 0.0) & (along <= square[:, None])
            near = within & (beside <= tolerance * np.sqrt(square)[:, None])
            good = (near | (np.arange(len(x)) > np.arange(len(x))[:, None])).all(axis=1)
            good[0] = True
            kept.append(first + 1 + int(np.flatnonzero(good)[-1]))
        thin = Path(points[kept])
        return Path(thin.points, thin.arc_length[np.searchsorted(kept, vias)])

    def opened(self, near: float) -> Path:
        """Return a path that comes back near its start with the turning point as a via point.

        That is where it is farthest from its end; another path, and one with via points, stays.

        Args:
            near: Distance from start to end up to which it has come back [m].
        """
        away = np.hypot(*(self.points - self.points[-1]).T)
        farthest = int(np.argmax(away))
        if len(self.vias) or away[0] > near or away[farthest] <= 2.0 * near:
            return self
        return Path(self.points, self.arc_length[[farthest]])

    def transformed(self, pose: Pose) -> Path:
        """Return the same path seen from a frame in which this path's frame has `pose`."""
        return Path(pose.transform(self.points), self.vias)


class PathProgress:
    """How far a robot has come along a path.

    Each call looks for the nearest point of the path only a little way ahead of where the last one
    ended, so where a path crosses or touches itself the progress cannot jump to the other branch,
    and it never goes back. A via point is passed by coming near it, or abreast of it.
    """

    def __init__(self, path: Path, window: float = 1.0, reach: float = 0.0) -> None:
        """Start at the beginning of `path`.

        Args:
            path: To follow.
            window: How far ahead each call looks [m].
            reach: Distance at which a via point counts as passed [m].
        """
        if not window > 0.0:
            raise PathError(f"path: window = {window}: must be above 0 m")
        self.path = path
        self.window = window
        self.reach = reach
        self.s = 0.0

    @property
    def vias_ahead(self) -> FloatArray:
        """Arc lengths [K] in m of the via points that are not passed yet."""
        return self.path.vias[self.path.vias > self.s]

    def advance(self, position: ArrayLike) -> float:
        """Move on to the point of the window nearest to `position` [2]; return its arc length.

        A position that is not finite moves nothing.
        """
        position = np.asarray(position, dtype=float)
        if self.s >= self.path.length or not np.isfinite(position).all():
            return self.s
        for via in self.vias_ahead.tolist():
            s = self._advance(position, via)
            # Near it as the crow flies is not enough: a wall may be between.
            is_near = np.hypot(*(self.path.point_at(via) - position)) <= self.reach
            if not (is_near and via - s <= 2.0 * self.reach) and s < via:
                return s
            self.s = via
        return self._advance(position, self.path.length)

    def _advance(self, position: FloatArray, limit: float) -> float:
        """Move on as far as an arc length; return where that is."""
        path = self.path
        end = min(self.s + self.window, limit)
        first = int(np.searchsorted(path.arc_length, self.s, side="right")) - 1
        last = int(np.searchsorted(path.arc_length, end, side="left"))
        start, stop = path.arc_length[first:last], path.arc_length[first + 1 : last + 1]
        foot = path.feet(position, first, last)
        foot = np.clip(foot, np.maximum(start, self.s), np.minimum(stop, end))
        distance = np.hypot(*(path.point_at(foot) - position).T)
        self.s = float(foot[np.argmin(distance)])
        return self.s
