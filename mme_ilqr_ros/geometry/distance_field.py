"""Distance to the nearest obstacle of a grid, with its gradient."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from mme_ilqr_ros.geometry.grid_map import MapError, check_place
from mme_ilqr_ros.geometry.pose import FARTHEST, Pose

Parts = tuple[NDArray, ...]
_STRIP = 512  # rows of a map that are worked on at a time


@dataclass(frozen=True, eq=False)
class DistanceField:
    """Signed distance to the nearest obstacle, sampled at cell centres.

    Attributes:
        values: [H, W] distance in m, negative inside obstacles, within +-`max_distance`.
        resolution: Side of a cell in m.
        origin: Pose of the corner of cell (0, 0), as in `GridMap`.
        max_distance: Distance in m beyond which the field says no more; also the value outside.

    Raises:
        MapError: `values` is no grid, or resolution, origin or `max_distance` make no sense.
    """

    values: NDArray[np.float64]
    resolution: float
    origin: Pose
    max_distance: float

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        if values.ndim != 2 or values.size == 0 or values.dtype.kind != "f":
            kind = f"{values.dtype} of shape {values.shape}"
            raise MapError(f"distance field: values are {kind}: must be floats [H, W]")
        if not 0.0 < self.max_distance <= FARTHEST:
            raise MapError(f"distance field: max_distance = {self.max_distance}: must be above 0 m")
        check_place(self.resolution, self.origin, "distance field")
        # What the controller reads in every cycle is laid out for it once.
        object.__setattr__(self, "values", np.ascontiguousarray(values, np.float64))

    @cached_property
    def is_sound(self) -> bool:
        """Whether every value is a number; looked at once, for a map may be large."""
        return bool(self.values.min() >= -FARTHEST and self.values.max() <= FARTHEST)

    def transformed(self, pose: Pose) -> DistanceField:
        """Return the same field seen from a frame in which this field's frame has `pose`."""
        check_place(self.resolution, origin := pose.compose(self.origin), "distance field")
        moved = copy.copy(self)  # with what is known of the values
        object.__setattr__(moved, "origin", origin)
        return moved

    def covers(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Return [...] True where the field says something of points [..., 2] in m."""
        local = self.origin.inverse().transform(points) / self.resolution
        height, width = self.values.shape
        return np.all((local >= 0.0) & (local <= (width, height)), axis=-1)

    def value_and_gradient(
        self, points: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Interpolate bilinearly between cell centres.

        Between the outermost centres and the edge of the map the value is held constant; outside
        the map it is `max_distance` and the gradient zero.

        Args:
            points: [..., 2] in m, in the frame in which `origin` is given.

        Returns:
            Distances [...] in m and their gradients [..., 2] with respect to the point.
        """
        inside, corners, parts, free = self._corners(points)
        low_left, low_right, high_left, high_right = corners
        row_part = parts[1]
        value, low, high = _interpolated(corners, parts)

        left_change = low_right - low_left
        right_change = high_right - high_left
        along_x = (left_change + row_part * (right_change - left_change)) * free[0]
        along_y = (high - low) * free[1]
        gradient = self.origin.rotate(np.stack([along_x, along_y], axis=-1)) / self.resolution
        value = np.where(inside, value, self.max_distance)
        return value, np.where(inside[..., None], gradient, 0.0)

    def value(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return the distances [...] of `value_and_gradient`, in half the time."""
        inside, corners, parts, _ = self._corners(points)
        return np.where(inside, _interpolated(corners, parts)[0], self.max_distance)

    def _corners(self, points: ArrayLike) -> tuple[NDArray[np.bool_], Parts, Parts, Parts]:
        """Return which points [...] lie on the map, and of each what `_interpolated` needs.

        That is the values at the four centres round it, row by row; which part of the way it lies
        between them, along the row and across; and if it lies between them.
        """
        local = self.origin.inverse().transform(points)
        local /= self.resolution
        height, width = self.values.shape
        x, y = local[..., 0], local[..., 1]
        inside = (x >= 0.0) & (x <= width) & (y >= 0.0) & (y <= height)
        column, column_part, column_free = _interval(np.where(inside, x, 0.0), width)
        row, row_part, row_free = _interval(np.where(inside, y, 0.0), height)
        next_column = np.minimum(column + 1, width - 1)
        next_row = np.minimum(row + 1, height - 1)
        values = self.values
        below = values[row, column], values[row, next_column]
        above = values[next_row, column], values[next_row, next_column]
        return inside, (*below, *above), (column_part, row_part), (column_free, row_free)


def _interpolated(corners: Parts, parts: Parts) -> Parts:
    """Return the values between four centres, and those on the row below and above."""
    low_left, low_right, high_left, high_right = corners
    low = low_left + parts[0] * (low_right - low_left)
    high = high_left + parts[0] * (high_right - high_left)
    return low + parts[1] * (high - low), low, high


def _interval(
    coordinate: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the centre below a coordinate in cells, the part of the way on, and if not clamped."""
    among_centres = coordinate - 0.5
    clamped = np.clip(among_centres, 0.0, count - 1.0)
    index = np.minimum(clamped.astype(np.int64), max(count - 2, 0))
    return index, clamped - index, clamped == among_centres


def build_distance_field(
    blocked: NDArray[np.bool_], resolution: float, origin: Pose, max_distance: float = 2.0
) -> DistanceField:
    """Build the signed distance field of a grid with the exact Euclidean distance transform.

    The distance from a free centre is taken to the near face of the nearest blocked cell, which
    lies half a cell before that cell's centre (exact straight on, 0.2 cells long on the diagonal);
    from a blocked centre likewise to the nearest free cell, with a minus sign.

    Args:
        blocked: [H, W], True where the robot must not go.
        resolution: Side of a cell in m.
        origin: Pose of the corner of cell (0, 0).
        max_distance: Values are cut off at +- this, in m.
    """
    blocked = np.asarray(blocked, dtype=bool)
    # In strips, as nothing beyond the cut-off counts: a whole map of millions of cells would take
    # gigabytes, and twice as long.
    values = np.empty(blocked.shape)
    reach = math.ceil(max_distance / resolution + 0.5)
    for first in range(0, len(blocked), _STRIP):
        begin, last = max(first - reach, 0), first + _STRIP
        near = _signed_distance(blocked[begin : last + reach])
        part = near[first - begin : last - begin] * resolution
        values[first:last] = np.clip(part, -max_distance, max_distance)
    return DistanceField(values, resolution, origin, max_distance)


def _signed_distance(blocked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance [H, W] in cells to the nearest cell of the other kind; inf without."""
    if not blocked.any():  # the transform has nothing to measure to
        return np.full(blocked.shape, np.inf)
    if blocked.all():
        return np.full(blocked.shape, -np.inf)
    outside = ndimage.distance_transform_edt(~blocked) - 0.5
    inside = ndimage.distance_transform_edt(blocked) - 0.5
    return np.where(blocked, -inside, outside)
