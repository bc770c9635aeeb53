"""The world: walls that stand, circles that move, and the exact distance to the nearest of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from mme_ilqr_ros.geometry import circles as circle_math
from mme_ilqr_ros.geometry.grid_map import GridMap

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Shuttle:
    """A circle that goes to and fro between two points at constant speed.

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


class World:
    """Everything that a robot can touch.

    Circles [M, 5] move at constant velocity for ever, shuttles go to and fro, and the occupied
    cells of the map stand. Unknown cells hold nothing.
    """

    def __init__(
        self, circles: ArrayLike, grid: GridMap, shuttles: tuple[Shuttle, ...] = ()
    ) -> None:
        """Take circles as they are at time 0, the map and the shuttles, all in one frame.

        Raises:
            CircleError: Rows of `circles` are not x, y, radius and perhaps vx, vy.
        """
        self.grid = grid
        self.shuttles = shuttles
        self._circles = circle_math.as_circles(circles)
        self._to_grid = grid.origin.inverse()
        # In the grid's own frame and in cells, so that squares are unit squares on the axes.
        self._centres = np.argwhere(grid.occupied)[:, ::-1] + 0.5
        self._tree = cKDTree(self._centres) if len(self._centres) else None

    def circles_at(self, t: float) -> FloatArray:
        """Return all circles [M, 5] with their true velocities at time `t` in s."""
        moving = [shuttle.at(t) for shuttle in self.shuttles]
        return np.vstack([circle_math.predict(self._circles, t), *moving])

    def clearance(self, position: ArrayLike, t: float) -> float:
        """Return the distance in m from a point [2] to the nearest thing at time `t` in s.

        It is exact: to the edges of the circles (negative inside one) and to the squares of the
        occupied cells (zero inside one). A disc touches something when it is below its radius.
        """
        to_circles = float(circle_math.clearance(position, self.circles_at(t)))
        return min(to_circles, self._distance_to_cells(position))

    def _distance_to_cells(self, position: ArrayLike) -> float:
        if self._tree is None:
            return math.inf
        point = self._to_grid.transform(position) / self.grid.resolution
        nearest, _ = self._tree.query(point)
        # A square reaches between 1/2 and sqrt(1/2) cells from its centre, so the nearest square
        # is among those whose centre is at most the difference further than the nearest centre.
        reach = nearest + math.sqrt(0.5) - 0.5 + 1e-9
        candidates = self._centres[self._tree.query_ball_point(point, reach)]
        gaps = np.maximum(np.abs(candidates - point) - 0.5, 0.0)
        return float(np.hypot(gaps[:, 0], gaps[:, 1]).min()) * self.grid.resolution
