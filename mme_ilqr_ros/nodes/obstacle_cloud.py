"""Circles as a PointCloud2 and back: the `obstacles` topic.

The message describes itself: float32 fields x, y, z (always 0), radius in m, vx, vy in m/s in the
header's frame, and a uint32 id that stays with an obstacle from message to message.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import ArrayLike, NDArray
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.geometry.circles import CircleError, as_circles
from mme_ilqr_ros.nodes.conversions import MessageError
from mme_ilqr_ros.nodes.point_cloud import cloud_message, cloud_rows

ROW = np.dtype([(name, "<f4") for name in ("x", "y", "z", "radius", "vx", "vy")] + [("id", "<u4")])


@dataclass(frozen=True, eq=False)
class Obstacles:
    """The content of an `obstacles` message.

    Attributes:
        circles: [M, 5] x, y, radius, vx, vy in m and m/s, in the message's frame.
        ids: [M] number of each obstacle.
    """

    circles: NDArray[np.float64]
    ids: NDArray[np.int64]


def encode(
    circles: NDArray[np.floating], stamp: Time, frame: str, ids: ArrayLike | None = None
) -> PointCloud2:
    """Return circles [M, 5] as a point cloud; without ids they are numbered."""
    rows = np.zeros(len(circles), ROW)
    for column, name in enumerate(("x", "y", "radius", "vx", "vy")):
        rows[name] = circles[:, column]
    rows["id"] = np.arange(len(circles)) if ids is None else ids
    return cloud_message(rows[None], stamp, frame)


def decode(message: PointCloud2) -> Obstacles:
    """Read circles from a point cloud with fields in any order, type and padding.

    Fields vx, vy and id may be missing: then the circles rest and are numbered.

    Raises:
        MessageError: A field x, y or radius is missing, the data does not fill the size, or a
            number is not finite.
    """
    rows = cloud_rows(message, ROW, ("x", "y", "radius"), "obstacles").reshape(-1)
    have = rows.dtype.names or ()
    table = np.zeros((len(rows), 5))
    for column, name in enumerate(("x", "y", "radius", "vx", "vy")):
        if name in have:
            table[:, column] = rows[name]
    ids = rows["id"].astype(np.int64) if "id" in have else np.arange(len(rows))
    try:
        return Obstacles(as_circles(table), ids)
    except CircleError as error:
        raise MessageError(f"obstacles: {error}") from error
