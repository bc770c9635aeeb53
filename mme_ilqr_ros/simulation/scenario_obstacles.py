"""The obstacles of a scenario file: circles, shuttles, keyframed discs and walls."""

from __future__ import annotations

from typing import Any

import numpy as np

from mme_ilqr_ros.geometry.circles import CircleError, FloatArray, as_circles, no_circles
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.keys import Keys
from mme_ilqr_ros.simulation.obstacles import Box, KeyframedDisc, Shuttle


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
    return Box(Pose(*centre, block.number("yaw", 0.0)), (size[0], size[1]))
