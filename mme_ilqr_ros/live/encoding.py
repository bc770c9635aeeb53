"""Arrays as a page gets them: places in whole millimetres, cells as base64 of their bytes."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState

PER_METRE = 1000
LARGEST_FIELD = 400  # cells to a side that are sent of a cost-to-go
UNREACHABLE = 255
MOST_POINTS = 4000  # of what was seen


def millimetres(points: ArrayLike) -> list[int]:
    """Return finite numbers of any shape, in m, as a flat list of whole mm."""
    return np.rint(np.ravel(np.asarray(points, dtype=float)) * PER_METRE).astype(int).tolist()


def thinned(points: NDArray[Any], most: int = MOST_POINTS) -> NDArray[Any]:
    """Return at most `most` of some points [N, ...], evenly taken."""
    return points[:: max(1, -(-len(points) // most))]


def pose_of(pose: Pose | RobotState) -> list[float]:
    """Return x, y [m] and yaw [rad], rounded."""
    return [round(pose.x, 3), round(pose.y, 3), round(pose.yaw, 4)]


def grid_of(grid: GridMap) -> dict[str, Any]:
    """Return a map: a byte a cell, 0 free, 1 occupied, 2 unknown, row 0 with the lowest y."""
    cells = grid.occupied.astype(np.uint8)
    if grid.unknown is not None:
        cells[grid.unknown] = 2
    return cells_of(cells, grid.resolution, grid.origin)


def field_of(field: CostToGo) -> dict[str, Any]:
    """Return a cost-to-go: a byte a cell, 0 at the goal, 254 furthest, 255 unreachable.

    Of a large map every second cell, or third, and so on; `highest` [m of cost 1] is what 254
    stands for.
    """
    step = -(-max(field.values.shape) // LARGEST_FIELD)
    values = np.asarray(field.values[::step, ::step], dtype=np.float64)
    reachable = np.isfinite(values)
    highest = float(values[reachable].max(initial=0.0))
    shares = np.where(reachable, values, 0.0) / max(highest, 1e-9)
    cells = np.where(reachable, np.rint(254 * shares), UNREACHABLE).astype(np.uint8)
    return cells_of(cells, field.resolution * step, field.origin) | {"highest": round(highest, 2)}


def plans_of(
    points: NDArray[Any], weights: NDArray[Any], feasible: NDArray[Any], chosen: int
) -> dict[str, Any]:
    """Return plans [N, K, 2] in m with their weights [N], and the one that is driven."""
    return {
        "count": len(points),
        "points": millimetres(points),
        "weights": [round(float(weight), 3) for weight in weights],
        "feasible": [int(fits) for fits in feasible],
        "chosen": int(chosen),
    }


def cells_of(cells: NDArray[np.uint8], resolution: float, origin: Pose) -> dict[str, Any]:
    """Return bytes [H, W] and where they are."""
    return {
        "rows": cells.shape[0],
        "columns": cells.shape[1],
        "resolution": resolution,
        "origin": pose_of(origin),
        "cells": base64.b64encode(np.ascontiguousarray(cells).tobytes()).decode("ascii"),
    }
