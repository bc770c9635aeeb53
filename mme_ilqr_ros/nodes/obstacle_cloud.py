"""Circles as a PointCloud2 and back: the `obstacles` topic.

The message describes itself: float32 fields x, y, z (always 0), radius in m, vx, vy in m/s in the
header's frame, and a uint32 id that stays with an obstacle from message to message.
"""

from __future__ import annotations

import array
from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import ArrayLike, NDArray
from sensor_msgs.msg import PointCloud2, PointField

from mme_ilqr_ros.geometry.circles import CircleError, as_circles
from mme_ilqr_ros.nodes.conversions import MessageError, header

ROW = np.dtype([(name, "<f4") for name in ("x", "y", "z", "radius", "vx", "vy")] + [("id", "<u4")])
_REQUIRED = ("x", "y", "radius")
_FORMATS = {
    PointField.INT8: "i1",
    PointField.UINT8: "u1",
    PointField.INT16: "i2",
    PointField.UINT16: "u2",
    PointField.INT32: "i4",
    PointField.UINT32: "u4",
    PointField.FLOAT32: "f4",
    PointField.FLOAT64: "f8",
}


@dataclass(frozen=True, eq=False)
class Obstacles:
    """What an `obstacles` message says.

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
    message = PointCloud2(header=header(stamp, frame), height=1, width=len(rows), is_dense=True)
    message.fields = [_field(name) for name in ROW.names]
    message.point_step = ROW.itemsize
    message.row_step = ROW.itemsize * len(rows)
    message.data = array.array("B", rows.tobytes())
    return message


def _field(name: str) -> PointField:
    kind = PointField.UINT32 if name == "id" else PointField.FLOAT32
    return PointField(name=name, offset=ROW.fields[name][1], datatype=kind, count=1)


def decode(message: PointCloud2) -> Obstacles:
    """Read circles from a point cloud with fields in any order, type and padding.

    Fields vx, vy and id may be missing: then the circles rest and are numbered.

    Raises:
        MessageError: A field x, y or radius is missing, the data does not fill the size, or a
            number is not finite.
    """
    rows = _rows(message)
    missing = [name for name in _REQUIRED if name not in (rows.dtype.names or ())]
    if missing:
        have = ", ".join(field.name for field in message.fields) or "none"
        raise MessageError(f"obstacles: field {', '.join(missing)} is missing (there are: {have})")
    table = np.zeros((len(rows), 5))
    for column, name in enumerate(("x", "y", "radius", "vx", "vy")):
        if name in rows.dtype.names:
            table[:, column] = rows[name]
    ids = rows["id"].astype(np.int64) if "id" in rows.dtype.names else np.arange(len(rows))
    try:
        return Obstacles(as_circles(table), ids)
    except CircleError as error:
        raise MessageError(f"obstacles: {error}") from error


def _rows(message: PointCloud2) -> NDArray:
    """View the message's bytes as a structured array [M] of the fields that circles have."""
    order = ">" if message.is_bigendian else "<"
    wanted = [f for f in message.fields if f.name in ROW.names and f.datatype in _FORMATS]
    names = [field.name for field in wanted]
    if len(set(names)) < len(names):
        raise MessageError(f"obstacles: a field is there twice: {', '.join(names)}")
    try:
        row = np.dtype(
            {
                "names": names,
                "formats": [order + _FORMATS[field.datatype] for field in wanted],
                "offsets": [field.offset for field in wanted],
                "itemsize": message.point_step,
            }
        )
        shape, strides = (message.height, message.width), (message.row_step, message.point_step)
        if 0 in shape:
            return np.zeros(0, row)
        return np.ndarray(shape, row, bytes(message.data), strides=strides).reshape(-1)
    except (TypeError, ValueError) as error:
        raise MessageError(
            f"obstacles: {len(message.data)} bytes do not hold {message.height} x {message.width}"
            f" points of {message.point_step} bytes: {error}"
        ) from error
