"""A planar laser scanner: exact first hits of rays on circles, boxes and squares of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.obstacles import Box

FloatArray = NDArray[np.float64]

# In cells: a ray through a corner is looked up just behind it, or it would slip between cells.
_PAST_THE_LINE = 1e-9


def scan(
    pose: Pose,
    angles: FloatArray,
    circles: FloatArray,
    grid: GridMap,
    range_max: float,
    boxes: Sequence[Box] = (),
) -> FloatArray:
    """Cast rays into a world.

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
    ranges = np.minimum(
        hits_on_circles(pose, angles, circles), hits_on_grid(pose, angles, grid, range_max)
    )
    for box in boxes:
        ranges = np.minimum(ranges, hits_on_box(pose, angles, box))
    return np.where(ranges <= range_max, ranges, np.inf)


def hits_on_circles(pose: Pose, angles: FloatArray, circles: FloatArray) -> FloatArray:
    """Return distances [B] to the first circle on each ray, infinite where there is none."""
    directions = _directions(pose.yaw + angles)
    offsets = circles[:, :2] - np.array([pose.x, pose.y])
    # |s d - o| = r  <=>  s = d.o -+ sqrt((d.o)^2 - (|o|^2 - r^2))
    ahead = directions @ offsets.T
    outside = np.sum(offsets**2, axis=1) - circles[:, 2] ** 2
    root = ahead**2 - outside
    near = ahead - np.sqrt(np.maximum(root, 0.0))
    hit = (root >= 0.0) & (near >= 0.0)
    distance = np.where(outside <= 0.0, 0.0, np.where(hit, near, np.inf))
    return distance.min(axis=1, initial=np.inf)


def hits_on_box(pose: Pose, angles: FloatArray, box: Box) -> FloatArray:
    """Return distances [B] to a box on each ray: zero inside it, infinite where it is missed.

    A ray is in the box while it is between both pairs of parallel sides.
    """
    local = box.pose.inverse().compose(pose)
    start, directions = np.array([local.x, local.y]), _directions(local.yaw + angles)
    pace = np.where(np.abs(directions) < 1e-15, 1e-15, directions)
    sides = np.stack([(-box.half_size - start) / pace, (box.half_size - start) / pace])
    enter, leave = sides.min(axis=0).max(axis=-1), sides.max(axis=0).min(axis=-1)
    return np.where(leave >= np.maximum(enter, 0.0), np.maximum(enter, 0.0), np.inf)


def hits_on_grid(pose: Pose, angles: FloatArray, grid: GridMap, range_max: float) -> FloatArray:
    """Return distances [B] to the first occupied cell on each ray, infinite where there is none.

    A ray enters a new cell exactly where it crosses a line of the grid, so it is enough to look at
    its crossings with the vertical lines and with the horizontal ones; both lists are in order.
    """
    local = grid.origin.inverse().compose(pose)
    start = np.array([local.x, local.y]) / grid.resolution
    cell = grid.cell_at([pose.x, pose.y])
    if grid.contains(cell) and grid.occupied[tuple(cell)]:
        return np.zeros(len(angles))
    directions = _directions(local.yaw + angles)
    reach = range_max / grid.resolution
    across_x = _first_crossing(start, directions, grid.occupied.T, reach)
    across_y = _first_crossing(start[::-1], directions[:, ::-1], grid.occupied, reach)
    return np.minimum(across_x, across_y) * grid.resolution


def _first_crossing(
    start: FloatArray, directions: FloatArray, occupied: NDArray[np.bool_], reach: float
) -> FloatArray:
    """Return how far [B] rays go until they cross a line u = const into an occupied cell.

    Args:
        start: [2] as (u, v) in cells.
        directions: [B, 2] unit vectors as (du, dv).
        occupied: [U, V] indexed by the cell's place along u and v.
        reach: Length of the rays in cells.
    """
    (u, v), (du, dv) = start, directions.T[..., None]
    sign = np.where(du >= 0.0, 1.0, -1.0)
    count = min(int(np.ceil(reach)) + 1, _cells_to_the_far_side(u, occupied.shape[0]))
    entered = np.floor(u) + sign * np.arange(1, count + 1)
    line = np.where(sign > 0.0, entered, entered + 1.0)
    per_cell = np.where(du == 0.0, np.inf, 1.0 / np.where(du == 0.0, 1.0, du))
    with np.errstate(invalid="ignore"):  # rays along the lines: 0 * inf, never a hit
        way = (line - u) * per_cell
        beside = np.floor(v + (way + _PAST_THE_LINE) * dv)
    on_map = (entered >= 0) & (entered < occupied.shape[0])
    on_map &= (beside >= 0) & (beside < occupied.shape[1]) & (way <= reach)
    cells = (
        np.where(on_map, entered, 0).astype(np.intp),
        np.where(on_map, beside, 0).astype(np.intp),
    )
    hit = on_map & occupied[cells]
    first = hit.argmax(axis=1)[:, None]
    way = np.where(np.take_along_axis(hit, first, 1), np.take_along_axis(way, first, 1), np.inf)
    return way[:, 0]


def _cells_to_the_far_side(u: float, size: int) -> int:
    """Return how many lines a ray from `u` crosses at most before it has left [0, size)."""
    return int(max(np.ceil(abs(u)), np.ceil(abs(size - u)))) + 1


def _directions(angles: FloatArray) -> FloatArray:
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)
