"""The parts of a scenario file: start, goal, path, map, robot and obstacles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.geometry.circles import CircleError, FloatArray, as_circles, no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.path import Path as PlannedPath
from mme_ilqr_ros.geometry.path import PathError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.obstacles import Box, KeyframedDisc, Shuttle
from mme_ilqr_ros.simulation.robot import RobotSpec, radius_round
from mme_ilqr_ros.simulation.robot_file import load_robot
from mme_ilqr_ros.simulation.world_file import Keys

_RESOLUTION = 0.05  # m
_MARGIN = 3.0  # m of free map around everything, room to pass the outermost obstacle
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
    except (OverflowError, PathError, TypeError, ValueError) as error:
        raise keys.error(key, f"must be a list of points [x, y]: {error}") from error


def read_map(keys: Keys, folder: Path, extent: FloatArray) -> GridMap:
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
    return GridMap.empty(size[0], size[1], resolution, Pose(origin[0], origin[1], 0.0))


def read_robot(keys: Keys) -> RobotSpec:
    """Return the robot, by name or of a block; what that lacks is as usual in such worlds."""
    if isinstance(named := keys.values.get("robot"), str):
        return load_robot(named)
    block, usual = keys.block("robot"), _usual_robot(keys)
    footprint = _footprint(block) or (() if "radius" in block else usual.footprint)
    around = radius_round(footprint) if footprint else usual.radius
    return RobotSpec(
        radius=block.number("radius", around, above=0.0),
        vx_min=block.number("v_min", usual.vx_min, at_most=0.0),
        vx_max=block.number("v_max", usual.vx_max, above=0.0),
        wz_max=block.number("w_max", usual.wz_max, above=0.0),
        ax_max=block.number("a_max", usual.ax_max, above=0.0),
        az_max=block.number("aw_max", usual.az_max, above=0.0),
        footprint=footprint,
    )


def says_top_speed(keys: Keys) -> bool:
    """Return whether the world itself limits the speed."""
    if isinstance(keys.values.get("robot"), str):
        return True
    return "v_max" in keys.block("robot")


def _usual_robot(keys: Keys) -> RobotSpec:
    """Return the Jackal in BARN and DynaBARN worlds, else the package's own robot.

    Only such a world has the robot's name, the official optimum, the index in the challenge, or
    keyframed obstacles without any robot.
    """
    block = keys.block("robot")
    named = "jackal" in str(block.values.get("name", "")).lower()
    of_the_challenge = "official" in keys or "barn_index" in keys
    keyframed = not block.values and len(read_discs(keys)) > 0
    return RobotSpec.jackal() if named or of_the_challenge or keyframed else RobotSpec()


def _footprint(block: Keys) -> tuple[tuple[float, float], ...]:
    corners = block.points("footprint")
    if len(corners) in (1, 2):
        raise block.error("footprint", "needs at least three corners [x, y]")
    return tuple((x, y) for x, y in corners)


def read_circles(keys: Keys) -> FloatArray:
    """Return the circles [M, 5]: rows of `circles` and `cylinders`, and of `obstacles` if flat."""
    rows = [_rows(keys, key) for key in ("circles", "cylinders", "obstacles") if key in keys]
    return np.vstack([no_circles(), *rows])


def _rows(keys: Keys, key: str) -> FloatArray:
    values = keys.values[key]
    if key == "obstacles" and not _is_flat(values):
        return no_circles()
    try:
        return as_circles(values)
    except CircleError as error:
        raise keys.error(key, str(error).removeprefix("circles: ")) from error


def _is_flat(values: Any) -> bool:
    """Return whether `obstacles` is a list of rows rather than of blocks with keyframes."""
    return isinstance(values, list) and bool(values) and not isinstance(values[0], dict)


def read_shuttles(keys: Keys) -> tuple[Shuttle, ...]:
    """Return the circles of `moving`, which go to and fro."""
    return tuple(_shuttle(block) for block in keys.blocks("moving"))


def _shuttle(block: Keys) -> Shuttle:
    start, end = block.numbers("from", (2,)), block.numbers("to", (2,))
    if start == end:
        raise block.error("to", "must differ from 'from'")
    radius, speed = block.number("radius", above=0.0), block.number("speed", above=0.0)
    return Shuttle(radius, (start[0], start[1]), (end[0], end[1]), speed)


def read_discs(keys: Keys) -> tuple[KeyframedDisc, ...]:
    """Return the discs of `obstacles`, which move from keyframe to keyframe."""
    if _is_flat(keys.values.get("obstacles")):
        return ()
    return tuple(_disc(block) for block in keys.blocks("obstacles"))


def _disc(block: Keys) -> KeyframedDisc:
    frames = np.array(block.points("keyframes", 3), dtype=float).reshape(-1, 3)
    if not len(frames):
        raise block.error("keyframes", "is missing; it must be a list of [t, x, y]")
    if np.any(np.diff(frames[:, 0]) <= 0.0):
        raise block.error("keyframes", "times must rise")
    last = float(frames[-1, 0])
    duration = block.number("duration", last if last > 0.0 else None, above=0.0)
    returns = block.values.get("loop", True) is not False
    radius = block.number("radius", above=0.0)
    return KeyframedDisc(radius, frames[:, 0], frames[:, 1:], duration, returns)


def read_boxes(keys: Keys) -> tuple[Box, ...]:
    """Return the boxes of `walls`."""
    return tuple(_box(block) for block in keys.blocks("walls"))


def _box(block: Keys) -> Box:
    centre, size = block.numbers("center", (2,)), block.numbers("size", (2,))
    if min(size) <= 0.0:
        raise block.error("size", f"must be above 0, not {size}")
    pose, mirror = Pose(centre[0], centre[1], block.number("yaw", 0.0)), block.values.get("mirror")
    return Box(pose, (size[0], size[1]), mirror is True)
