"""From a recorded drive to a legal walk over cells: near it, and no longer than it has to be.

A recording wiggles and a robot on its way back crosses its own trace; neither is a preference. So
the walk is the shortest one within a tube around the drive.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.habits.drive import Drive, DriveError
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.planning.field import follow, solve_field

_TUBES = (0.15, 0.3, 0.6)  # [m] radius; wider only where the drive touches what is blocked
_MOST_OUTSIDE = 0.1  # of a drive, off the map or where the robot has no room
_FOLLOWING = 1.0  # weight of the squared distance from the drive, in tubes


def snapped(drive: Drive, ground: Ground) -> np.ndarray:
    """Return the cells [N, 2] of a walk along a drive, N >= 2.

    Raises:
        DriveError: The drive lies off the map, or no legal walk leads along it, or it ends in the
            cell where it began.
    """
    cells = ground.cells_at(_dense(drive.points, 0.5 * ground.side))
    inside = ground.contains(cells)
    if np.mean(~inside) > _MOST_OUTSIDE:
        raise DriveError(f"{drive.source}: {100 * np.mean(~inside):.0f} % of it is off the map")
    cells = cells[inside]
    away = ndimage.distance_transform_edt(~_marked(cells, ground.shape)) * ground.side
    for radius in _TUBES:
        free = ground.free & (away <= radius + ground.side)
        if not free.any():
            continue
        start, goal = _nearest(free, cells[0]), _nearest(free, cells[-1])
        if _apart(start, cells[0], goal, cells[-1]) * ground.side > 2.0 * _TUBES[-1]:
            continue
        if start == goal:
            raise DriveError(f"{drive.source}: it ends where it began")
        price = np.where(free, 1.0 + _FOLLOWING * (away / (radius + ground.side)) ** 2, np.inf)
        walk = follow(solve_field(price, goal), start)
        if walk.reached:
            return walk.cells
    raise DriveError(
        f"{drive.source}: no legal walk of this robot leads within {_TUBES[-1]} m of it"
        " (another map, another robot, or a pose that is off)"
    )


def _dense(points: np.ndarray, spacing: float) -> np.ndarray:
    """Return points at most `spacing` m apart on the polyline [N, 2]."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    s = np.append(0.0, np.cumsum(lengths))
    at = np.linspace(0.0, s[-1], max(2, int(np.ceil(s[-1] / spacing)) + 1))
    return np.stack([np.interp(at, s, points[:, 0]), np.interp(at, s, points[:, 1])], axis=-1)


def _marked(cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    marked = np.zeros(shape, dtype=bool)
    marked[cells[:, 0], cells[:, 1]] = True
    return marked


def _nearest(free: np.ndarray, cell: np.ndarray) -> tuple[int, int]:
    """Return the free cell nearest to one."""
    cells = np.argwhere(free)
    row, column = cells[np.argmin(((cells - cell) ** 2).sum(axis=1))]
    return int(row), int(column)


def _apart(*cells: object) -> float:
    """Return the larger of the distances of two pairs of cells [cells]."""
    a, b, c, d = (np.asarray(cell, dtype=float) for cell in cells)
    return float(max(np.hypot(*(a - b)), np.hypot(*(c - d))))
