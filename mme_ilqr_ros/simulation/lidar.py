"""What rays hit in a world: circles, boxes and the occupied squares of a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.obstacles import Box
from mme_ilqr_ros.simulation.rays import cast

FloatArray = NDArray[np.float64]


class Standing:
    """What stops rays and does not move, laid out once."""

    def __init__(self, grid: GridMap, boxes: Sequence[Box] = ()) -> None:
        """Take the map and the walls; occupied cells stop rays, unknown ones do not."""
        origin = grid.origin
        turned = (math.cos(origin.yaw), math.sin(origin.yaw))
        self._frame = np.array([origin.x, origin.y, *turned, grid.resolution])
        # Through a map of free cells no ray has to be followed. A copy, for what is compiled for
        # an array that may be written is not for one that may not.
        followed = grid.occupied if grid.occupied.any() else np.zeros((0, 0), dtype=bool)
        self._occupied = followed.copy()
        self._boxes = np.array([_row(box) for box in boxes], dtype=np.float64).reshape(-1, 7)

    def hits(
        self,
        poses: FloatArray,
        angles: FloatArray,
        ages: FloatArray,
        circles: FloatArray,
        range_max: float,
    ) -> FloatArray:
        """Return distances [B] in m to the first hit of rays, infinite where there is none.

        Args:
            poses: [B, 3] x, y, yaw of the scanner when it sends each ray.
            angles: [B] directions of the rays in rad, counted from the scanner's x axis.
            ages: [B] time in s by which circles have moved on for each ray.
            circles: [M, 5] as in `geometry.circles`.
            range_max: Distance in m beyond which nothing is seen.
        """
        directions = poses[:, 2] + angles
        ways = np.stack([np.cos(directions), np.sin(directions)], axis=-1)
        origins = np.ascontiguousarray(poses[:, :2])
        circles = np.ascontiguousarray(circles, dtype=np.float64)
        standing = (self._boxes, self._occupied, self._frame)
        return cast(origins, ways, ages, circles, *standing, float(range_max))


def warm_up() -> None:
    """Compile the casting of rays, or load it; seconds on a machine's first time."""
    nothing = GridMap.empty(1.0, 1.0, 1.0, Pose(0.0, 0.0, 0.0))
    scan(Pose(0.0, 0.0, 0.0), np.zeros(1), no_circles(), nothing, 1.0)


def _row(box: Box) -> tuple[float, ...]:
    """Return a box as `rays.cast` takes it."""
    at, (along, across) = box.pose, box.half_size
    return (at.x, at.y, math.cos(at.yaw), math.sin(at.yaw), along, across, float(box.mirror))


def scan(
    pose: Pose,
    angles: FloatArray,
    circles: FloatArray,
    grid: GridMap,
    range_max: float,
    boxes: Sequence[Box] = (),
) -> FloatArray:
    """Cast rays into a world, all at once.

    Args:
        pose: The scanner, in the frame of the circles, the grid and the boxes.
        angles: [B] directions of the rays in rad, counted from the scanner's x axis.
        circles: [M, 5] as in `geometry.circles`.
        grid: Occupied cells stop rays, unknown ones do not.
        range_max: Distance in m beyond which nothing is seen.
        boxes: Walls.

    Returns:
        Distances [B] in m to the first hit, infinite where there is none; zero inside something.
    """
    poses = np.tile([pose.x, pose.y, pose.yaw], (len(angles), 1)).astype(np.float64)
    ages = np.zeros(len(angles))
    return Standing(grid, boxes).hits(poses, angles, ages, circles, range_max)
