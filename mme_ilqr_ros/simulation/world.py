"""The world: static walls, moving circles, and the exact distance to the nearest of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from mme_ilqr_ros.geometry import circles as circle_math
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.obstacles import Box, KeyframedDisc, Shuttle
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.shapes import polygon_to_boxes, polygon_to_circles

FloatArray = NDArray[np.float64]
ROOM_TO_ENTER = 2.0  # m from the robot: no controller can avoid a disc that appears beside it
_HALF_CELL = np.array([0.5, 0.5])


class World:
    """Everything that a robot can touch.

    Circles [M, 5] keep a constant velocity, shuttles move back and forth, keyframed discs
    come and go, and boxes and the occupied cells of the map stand. Unknown cells hold nothing.
    The only thing that depends on the robot is when discs enter again: see `update`.
    """

    def __init__(
        self,
        circles: ArrayLike,
        grid: GridMap,
        shuttles: tuple[Shuttle, ...] = (),
        discs: Sequence[KeyframedDisc] = (),
        boxes: Sequence[Box] = (),
    ) -> None:
        """Take circles as they are at time 0, the map and the rest, all in one frame.

        Raises:
            CircleError: Rows of `circles` are not x, y, radius and perhaps vx, vy.
        """
        self.grid = grid
        self.shuttles = shuttles
        self.discs = tuple(discs)
        self.boxes = tuple(boxes)
        self._entered: list[float | None] = [0.0] * len(self.discs)
        self._circles = circle_math.as_circles(circles)
        self._since = 0.0  # time at which they are where they are
        self._to_grid = grid.origin.inverse()
        # In the grid's own frame and in cells, so that squares are unit squares on the axes.
        self._centres = np.argwhere(grid.occupied)[:, ::-1].astype(np.float64) + 0.5
        self._tree = cKDTree(self._centres) if len(self._centres) else None

    def update(self, t: float, robot: ArrayLike) -> None:
        """Let discs leave and enter; call it as time goes on.

        A disc at the end of its keyframes leaves, and enters again at its first keyframe as soon
        as the robot [2] is more than 2 m from there.
        """
        for index, disc in enumerate(self.discs):
            entered = self._entered[index]
            if entered is not None and t - entered < disc.duration:
                continue
            room = float(np.hypot(*(np.asarray(robot) - disc.entrance))) > ROOM_TO_ENTER
            back_at = t if entered is None else entered + disc.duration
            self._entered[index] = back_at if room and disc.returns else None

    def put_circles(self, circles: ArrayLike, t: float) -> None:
        """Put circles [M, 5], as they are at time `t` in s, in place of those that are free.

        Free are those at rest or at constant velocity; shuttles and discs stay.

        Raises:
            CircleError: As on construction; then nothing changes.
        """
        self._circles, self._since = circle_math.as_circles(circles), t

    def free_circles_at(self, t: float) -> FloatArray:
        """Return the circles [M, 5] at rest or at constant velocity at time `t` in s.

        They are the first rows of `circles_at`.
        """
        return circle_math.predict(self._circles, t - self._since)

    def circles_at(self, t: float) -> FloatArray:
        """Return all circles [M, 5] with their true velocities at time `t` in s."""
        moving = [shuttle.at(t) for shuttle in self.shuttles]
        moving += [
            disc.at(t - entered)
            for disc, entered in zip(self.discs, self._entered, strict=True)
            if entered is not None
        ]
        return np.vstack([self.free_circles_at(t), *moving])

    def clearance(self, position: ArrayLike, t: float) -> float:
        """Return the distance in m from a point [2] to the nearest thing at time `t` in s.

        It is exact: to the edges of circles and boxes (negative inside one) and to the squares of
        the occupied cells (zero inside one). A disc touches something when it is below its radius.
        """
        to_circles = float(circle_math.clearance(position, self.circles_at(t)))
        to_boxes = [float(box.distance(position)) for box in self.boxes]
        return min(to_circles, self._distance_to_cells(position), *to_boxes)

    def polygon_clearance(self, polygon: FloatArray, t: float) -> float:
        """Return the exact distance in m from a polygon [K, 2] to the nearest thing at time `t`.

        It is negative when they overlap.
        """
        to_boxes = [
            polygon_to_boxes(box.pose.inverse().transform(polygon), np.zeros((1, 2)), box.half_size)
            for box in self.boxes
        ]
        to_circles = polygon_to_circles(polygon, self.circles_at(t))
        return min(to_circles, self._polygon_to_cells(polygon), *to_boxes)

    def _distance_to_cells(self, position: ArrayLike) -> float:
        point = self._to_grid.transform(position) / self.grid.resolution
        candidates = self._near_cells(point, 0.0)
        beyond = np.maximum(np.abs(candidates - point) - 0.5, 0.0)
        return float(np.hypot(*beyond.T).min(initial=math.inf)) * self.grid.resolution

    def _polygon_to_cells(self, polygon: FloatArray) -> float:
        corners = self._to_grid.transform(polygon) / self.grid.resolution
        centre = corners.mean(axis=0)
        reach = float(np.hypot(*(corners - centre).T).max())
        near = self._near_cells(centre, reach)
        return polygon_to_boxes(corners, near, _HALF_CELL) * self.grid.resolution

    def _near_cells(self, point: FloatArray, reach: float) -> FloatArray:
        """Return the centres [N, 2] of cells that may be nearest to a shape; all in cells.

        Args:
            point: The middle of the shape [2].
            reach: How far the shape goes from there.
        """
        if self._tree is None:
            return self._centres
        nearest, _ = self._tree.query(point)
        # A square reaches between 1/2 and sqrt(1/2) cells from its centre, so the nearest square
        # is among those whose centre is at most the difference further than the nearest centre.
        # A corner of the shape may lie `reach` further from it, or nearer.
        bound = nearest + 2.0 * reach + math.sqrt(0.5) - 0.5 + 1e-9
        return self._centres[self._tree.query_ball_point(point, bound)]


def clearance_of(robot: RobotSpec, pose: Pose, world: World, t: float) -> float:
    """Return the distance in m from a robot's edge to the nearest thing at time `t` in s.

    It is exact for a disc and for a footprint, and negative when the robot touches something.
    """
    if robot.footprint:
        return world.polygon_clearance(pose.transform(np.array(robot.footprint)), t)
    return world.clearance((pose.x, pose.y), t) - robot.radius
