"""Obstacles that are more than a circle at constant velocity: shuttles, keyframed discs, boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.circles import clearance
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.shapes import CORNERS, distance_to_box

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Shuttle:
    """A circle that moves back and forth between two points at constant speed.

    Attributes:
        radius: In m.
        start: Point (x, y) in m where it is at time 0.
        end: Point (x, y) in m where it turns round.
        speed: In m/s, above 0.
    """

    radius: float
    start: tuple[float, float]
    end: tuple[float, float]
    speed: float

    def at(self, t: float) -> FloatArray:
        """Return the circle [5] x, y, radius, vx, vy at time `t` in s."""
        way = np.subtract(self.end, self.start)
        length = float(np.hypot(*way))
        driven = (self.speed * t) % (2.0 * length)
        going = driven < length
        along = driven if going else 2.0 * length - driven
        velocity = (self.speed if going else -self.speed) * way / length
        return np.array([*(self.start + way * along / length), self.radius, *velocity])


@dataclass(frozen=True, eq=False)
class KeyframedDisc:
    """A disc that moves straight from keyframe to keyframe, as in the DynaBARN worlds.

    Attributes:
        radius: In m.
        times: [K] times of the keyframes in s since it entered, rising.
        points: [K, 2] its centre there, in m.
        duration: Time in s after which it leaves; between the last keyframe and then it stands.
        returns: Whether it enters again after it left.
    """

    radius: float
    times: FloatArray
    points: FloatArray
    duration: float
    returns: bool = True

    @property
    def entrance(self) -> FloatArray:
        """Where it enters [2]."""
        return self.points[0]

    def at(self, age: float) -> FloatArray:
        """Return the circle [5] x, y, radius, vx, vy at `age` s after it entered."""
        if not self.times[0] <= age < self.times[-1]:
            end = 0 if age < self.times[0] else -1
            return np.array([*self.points[end], self.radius, 0.0, 0.0])
        leg = int(np.searchsorted(self.times, age, side="right")) - 1
        velocity = (self.points[leg + 1] - self.points[leg]) / (
            self.times[leg + 1] - self.times[leg]
        )
        centre = self.points[leg] + velocity * (age - self.times[leg])
        return np.array([*centre, self.radius, *velocity])


@dataclass(frozen=True)
class Box:
    """A wall: a static rectangle.

    Attributes:
        pose: Its centre and the direction of its first side.
        size: Lengths (along, across) of its sides in m.
        mirror: Whether a scanner sees in it what it reflects.
    """

    pose: Pose
    size: tuple[float, float]
    mirror: bool = False

    @property
    def half_size(self) -> FloatArray:
        """Half of its size [2] in m."""
        return 0.5 * np.array(self.size)

    def distance(self, points: ArrayLike) -> FloatArray:
        """Return signed distances [...] in m from points [..., 2]; negative inside."""
        return distance_to_box(self.pose.inverse().transform(points), self.half_size)

    @property
    def corners(self) -> FloatArray:
        """Its corners [4, 2] in order."""
        return self.pose.transform(CORNERS * self.half_size)


def draw_shapes(grid: GridMap, circles: FloatArray, boxes: Sequence[Box]) -> GridMap:
    """Return the map with circles [M, >=3] and boxes as occupied cells.

    A cell is occupied when its centre is less than half a cell from the shape: shapes that end on
    the lines of the grid are drawn exactly, and no other loses anything of its size.
    """
    if not len(circles) and not boxes:
        return grid
    occupied = grid.occupied.copy()
    for circle in circles:
        _fill(occupied, grid, circle[:2], circle[2], partial(clearance, circles=circle[None]))
    for box in boxes:
        middle = np.array([box.pose.x, box.pose.y])
        _fill(occupied, grid, middle, float(np.hypot(*box.half_size)), box.distance)
    unknown = None if grid.unknown is None else grid.unknown & ~occupied
    return replace(grid, occupied=occupied, unknown=unknown)


def _fill(
    occupied: NDArray[np.bool_],
    grid: GridMap,
    centre: FloatArray,
    reach: float,
    distance: Callable[[FloatArray], FloatArray],
) -> None:
    """Occupy the cells less than half a cell from a shape that lies within `reach` of `centre`."""
    row, column = grid.cell_at(centre)
    cells = int(np.ceil(reach / grid.resolution)) + 1
    rows = np.arange(max(row - cells, 0), min(row + cells + 1, grid.height))
    columns = np.arange(max(column - cells, 0), min(column + cells + 1, grid.width))
    if len(rows) and len(columns):
        window = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
        near = distance(grid.centre_of(window)) < 0.5 * grid.resolution - 1e-9
        occupied[np.ix_(rows, columns)] |= near
