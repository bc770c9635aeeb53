"""A short drive past what stands and what moves, by which everything is compiled beforehand."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.circles import predict
from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.perception.scan import Scan

RAYS, TURN = 360, 0.1  # rays, and s of a turn
ROOM = 4.0  # [m] from the middle to the walls
DISCS = np.array(  # x, y, radius, vx, vy: some cross, one is hidden now and then, some stand
    [
        [2.0, -1.5, 0.3, 0.0, 1.0],
        [-2.0, 1.5, 0.2, 0.3, -0.8],
        [1.2, 0.6, 0.15, 0.0, 0.0],
        [-1.5, -1.0, 0.4, 0.0, 0.0],
        [0.5, 2.5, 0.25, -1.0, 0.0],
    ]
)


def turns(count: int) -> Iterator[tuple[RobotState, Scan]]:
    """Return so many turns of a scanner on a robot that stands in a room, and the robot."""
    angles = -math.pi + 2.0 * math.pi / RAYS * np.arange(RAYS, dtype=np.float64)
    for turn in range(count):
        stamp = turn * TURN
        ranges = _ranges(angles, predict(DISCS, stamp))
        scan = Scan(ranges, -math.pi, 2.0 * math.pi / RAYS, 0.05, 10.0, stamp)
        yield RobotState(0.0, 0.0, 0.0), scan


def _ranges(angles: NDArray[np.float64], discs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance [B] in m along rays from the middle of the room."""
    rays = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    ranges = ROOM / np.abs(rays).max(axis=1)
    for x, y, radius, _, _ in discs:
        ahead = rays @ (x, y)
        depth = radius**2 - (x * x + y * y - ahead**2)
        reached = (depth > 0.0) & (ahead > 0.0)
        near = ahead - np.sqrt(np.maximum(depth, 0.0))
        ranges = np.where(reached, np.minimum(ranges, near), ranges)
    return ranges
