"""The parts of a scenario file: goal, robot, circles, shuttles and map."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from mme_ilqr_ros.geometry.circles import CircleError, FloatArray, as_circles, no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.keys import Keys
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.world import Shuttle

_RESOLUTION = 0.05  # m
_MARGIN = 3.0  # m of free map around everything, room to drive round the outermost obstacle
_MOST_CELLS = 25_000_000


def refuse_what_is_not_simulated(keys: Keys) -> None:
    """Complain about obstacles that would otherwise silently not be there."""
    for key in ("walls", "obstacles"):
        if keys.values.get(key):
            raise keys.error(key, "is not simulated yet; use circles, moving and map")


def read_goal(keys: Keys, start: Pose) -> Pose:
    """Return the goal; with two numbers its heading is the direction from the start."""
    x, y, *yaw = keys.numbers("goal", (2, 3))
    return Pose(x, y, yaw[0] if yaw else math.atan2(y - start.y, x - start.x))


def read_robot(keys: Keys) -> RobotSpec:
    """Return the robot; what its block does not say is as in `RobotSpec`."""
    block, usual = keys.block("robot"), RobotSpec()
    return RobotSpec(
        radius=block.number("radius", _radius_of_footprint(block, usual.radius), above=0.0),
        vx_min=block.number("v_min", usual.vx_min, at_most=0.0),
        vx_max=block.number("v_max", usual.vx_max, above=0.0),
        wz_max=block.number("w_max", usual.wz_max, above=0.0),
        ax_max=block.number("a_max", usual.ax_max, above=0.0),
        az_max=block.number("aw_max", usual.az_max, above=0.0),
    )


def _radius_of_footprint(block: Keys, usual: float) -> float:
    """Return the radius of the disc that holds a footprint polygon, if there is one."""
    if "footprint" not in block:
        return usual
    try:
        corners = np.array(block.values["footprint"], dtype=float).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise block.error("footprint", "must be a list of corners [x, y]") from error
    return float(np.hypot(*corners.T).max(initial=0.0))


def read_circles(keys: Keys) -> FloatArray:
    """Return the rows of `circles`, or of `cylinders` as some data sets call them."""
    key = "circles" if "circles" in keys else "cylinders"
    if key not in keys:
        return no_circles()
    try:
        return as_circles(keys.values[key])
    except CircleError as error:
        raise keys.error(key, str(error).removeprefix("circles: ")) from error


def read_shuttles(keys: Keys) -> tuple[Shuttle, ...]:
    """Return the circles of `moving`, which go to and fro."""
    return tuple(_shuttle(block) for block in keys.blocks("moving"))


def _shuttle(block: Keys) -> Shuttle:
    start, end = block.numbers("from", (2,)), block.numbers("to", (2,))
    if start == end:
        raise block.error("to", "must differ from 'from'")
    radius, speed = block.number("radius", above=0.0), block.number("speed", above=0.0)
    return Shuttle(radius, (start[0], start[1]), (end[0], end[1]), speed)


def read_map(
    keys: Keys,
    folder: Path,
    start: Pose,
    goal: Pose,
    circles: FloatArray,
    shuttles: tuple[Shuttle, ...],
) -> GridMap:
    """Return the map a world names, or a free one of the size it gives or that holds everything."""
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
    corners = [[[start.x, start.y], [goal.x, goal.y]]]
    corners += [circles[:, :2] - circles[:, 2:3], circles[:, :2] + circles[:, 2:3]]
    corners += [[shuttle.start, shuttle.end] for shuttle in shuttles]
    points = np.vstack(corners)
    low, high = points.min(axis=0) - _MARGIN, points.max(axis=0) + _MARGIN
    return _free_map(block, (high - low).tolist(), low.tolist())


def _free_map(block: Keys, size: list[float], origin: list[float]) -> GridMap:
    resolution = block.number("resolution", _RESOLUTION, above=0.0)
    if size[0] * size[1] > _MOST_CELLS * resolution**2:
        raise block.error("size", f"{size[0]} x {size[1]} m at {resolution} m is too large a map")
    return GridMap.empty(*size, resolution, Pose(*origin, 0.0))
