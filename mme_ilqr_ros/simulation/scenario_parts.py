"""The parts of a scenario file: start, goal, path and map."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.path import Path as PlannedPath
from mme_ilqr_ros.geometry.path import PathError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.keys import Keys

FloatArray = NDArray[np.float64]

_RESOLUTION = 0.05  # m
_MARGIN = 3.0  # m of free map around everything, room to drive round the outermost obstacle
_MOST_CELLS = 25_000_000


def read_ends(keys: Keys) -> tuple[Pose, Pose]:
    """Return start and goal; a goal with two numbers has the direction from the start."""
    start = Pose(*keys.numbers("start", (3,)))
    goal_x, goal_y, *goal_yaw = keys.numbers("goal", (2, 3, 4))  # a fourth would be a speed
    ahead = math.atan2(goal_y - start.y, goal_x - start.x)
    return start, Pose(goal_x, goal_y, goal_yaw[0] if goal_yaw else ahead)


def read_path(keys: Keys) -> PlannedPath | None:
    """Return the reference path under `path`, or under `reference_path`; None without one."""
    key = "path" if "path" in keys else "reference_path"
    if key not in keys:
        return None
    try:
        return PlannedPath(np.array([row[:2] for row in keys.values[key]], dtype=float))
    except (PathError, TypeError, ValueError) as error:
        raise keys.error(key, f"must be a list of points [x, y]: {error}") from error


def read_map(
    keys: Keys,
    folder: Path,
    extent: FloatArray,
) -> GridMap:
    """Return the map a world names, or a free one of the size it gives or that holds everything.

    Args:
        keys: The world.
        folder: Where the files lie that it names.
        extent: Points [N, 2] that a map without a size of its own must hold.
    """
    value = keys.values.get("map")
    block = Keys({"file": value}, keys.file, keys.world, "map") if isinstance(value, str) else None
    block = block or keys.block("map")
    try:
        if "file" in block:
            return load_map(folder / block.text("file", ""))
        if "size" in block:
            return _free_map(block, block.numbers("size", (2,)), block.numbers("origin", (2,)))
    except MapError as error:
        raise block.error("file" if "file" in block else "size", str(error)) from error
    if block.values:
        raise block.error("size", "is missing; a map needs a file, or a size and an origin")
    low, high = extent.min(axis=0) - _MARGIN, extent.max(axis=0) + _MARGIN
    return _free_map(block, (high - low).tolist(), low.tolist())


def _free_map(block: Keys, size: list[float], origin: list[float]) -> GridMap:
    resolution = block.number("resolution", _RESOLUTION, above=0.0)
    if size[0] * size[1] > _MOST_CELLS * resolution**2:
        raise block.error("size", f"{size[0]} x {size[1]} m at {resolution} m is too large a map")
    return GridMap.empty(*size, resolution, Pose(*origin, 0.0))
