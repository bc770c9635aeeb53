"""Obstacles and the planner's cost-to-go as PointCloud2 messages and back.

Both messages describe themselves, so that RViz draws them and a few lines of numpy read them.

`obstacles`: one point per circle, with float32 x, y, z (always 0), radius in m, vx, vy in m/s in
the header's frame, and a uint32 id that stays with an obstacle from message to message.

`cost_to_go`: one point per cell of the map, row by row as in the map: x, y of the cell's centre,
z = 0, and `cost_to_go` in m, inf where the goal cannot be reached, 0 at the goal; all float32.
"""

from __future__ import annotations

import array
import math
from collections.abc import Collection, Sequence

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from mme_ilqr_ros.geometry.circles import CircleError, as_circles
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import MessageError, header

CIRCLE_COLUMNS = ("x", "y", "radius", "vx", "vy")
CIRCLE = np.dtype([(n, "<f4") for n in ("x", "y", "z", "radius", "vx", "vy")] + [("id", "<u4")])
POINT = np.dtype([(name, "<f4") for name in ("x", "y", "z")])
CELL = np.dtype([(name, "<f4") for name in ("x", "y", "z", "cost_to_go")])
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
_KINDS = {np.dtype(text): kind for kind, text in _FORMATS.items()}


def circles_cloud(circles: NDArray[np.floating], stamp: Time, frame: str) -> PointCloud2:
    """Return circles [M, 5] (x, y, radius, vx, vy) as a cloud, numbered by their row."""
    rows = np.zeros((1, len(circles)), CIRCLE)
    for column, name in enumerate(CIRCLE_COLUMNS):
        rows[name] = circles[:, column]
    rows["id"] = np.arange(len(circles))
    return _message(rows, stamp, frame)


def read_circles(message: PointCloud2) -> NDArray[np.float64]:
    """Read circles [M, 5] from a cloud with fields in any order, type and padding.

    Without the fields vx and vy the circles are at rest.

    Raises:
        MessageError: A field x, y or radius is missing, the data does not fill the size, or a
            number is not finite.
    """
    rows = rows_of(message, CIRCLE, ("x", "y", "radius"), "obstacles").reshape(-1)
    table = np.zeros((len(rows), 5))
    for column, name in enumerate(CIRCLE_COLUMNS):
        if name in (rows.dtype.names or ()):
            table[:, column] = rows[name]
    try:
        return as_circles(table)
    except CircleError as error:
        raise MessageError(f"obstacles: {error}") from error


def cost_to_go_cloud(field: CostToGo, stamp: Time, frame: str) -> PointCloud2:
    """Return a cost-to-go as a cloud in the map's frame."""
    rows, columns = np.indices(field.values.shape)
    centres = (np.stack([columns, rows], axis=-1) + 0.5) * field.resolution
    cells = np.zeros(field.values.shape, CELL)
    cells["x"], cells["y"] = np.moveaxis(field.origin.transform(centres), -1, 0)
    cells["cost_to_go"] = field.values
    return _message(cells, stamp, frame, is_dense=bool(np.isfinite(field.values).all()))


def read_cost_to_go(message: PointCloud2) -> CostToGo:
    """Read a cost-to-go from a cloud.

    Raises:
        MessageError: A field is missing, there are fewer than 2 x 2 cells, they do not lie on a
            grid, or no value is finite.
    """
    cells = rows_of(message, CELL, ("x", "y", "cost_to_go"), "cost_to_go")
    if min(cells.shape) < 2:
        raise MessageError(f"cost_to_go: {cells.shape[0]} x {cells.shape[1]} cells are no map")
    x, y = (cells[name].astype(np.float64) for name in ("x", "y"))
    corners = np.array([[x[i, j], y[i, j]] for i, j in ((0, 0), (0, -1), (-1, 0), (-1, -1))])
    along = corners[1] - corners[0]
    resolution = float(np.hypot(*along)) / (cells.shape[1] - 1)
    first = Pose(float(x[0, 0]), float(y[0, 0]), math.atan2(along[1], along[0]))
    height, width = (resolution * (n - 1) for n in cells.shape)
    expected = first.transform([[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]])
    if not np.abs(corners - expected).max() < 0.1 * resolution:
        raise MessageError("cost_to_go: the cells do not lie on a grid")
    values = cells["cost_to_go"].astype(np.float32)
    if np.isnan(values).any() or (values < 0.0).any():
        raise MessageError("cost_to_go: a value is below 0 or not a number")
    corner = first.compose(Pose(-0.5 * resolution, -0.5 * resolution, 0.0))
    try:
        return CostToGo(values, resolution, corner)
    except ValueError as error:
        raise MessageError(str(error)) from error


def _message(rows: NDArray, stamp: Time, frame: str, *, is_dense: bool = True) -> PointCloud2:
    """Return a structured array [H, W] as a cloud; `is_dense` says that every number is finite."""
    height, width = rows.shape
    message = PointCloud2(header=header(stamp, frame), height=height, width=width)
    message.is_dense = is_dense
    message.fields = [
        PointField(name=name, offset=facts[1], datatype=_KINDS[facts[0]], count=1)
        for name, facts in (rows.dtype.fields or {}).items()
    ]
    message.point_step = rows.dtype.itemsize
    message.row_step = rows.dtype.itemsize * width
    message.data = array.array("B", rows.tobytes())
    return message


def _check_extent(message: PointCloud2, fields: Sequence[PointField]) -> None:
    """Check that all fields of all points lie within the data, and no row within another.

    numpy's own checks pass offsets beyond 31 bits and any shape without data, and then it reads
    memory that is not the message's.

    Raises:
        ValueError: One does not.
    """
    height, width, step = message.height, message.width, message.point_step
    for field in fields:
        if field.offset + int(_FORMATS[field.datatype][1]) > step:
            raise ValueError(f"field {field.name} lies beyond the point")
    if height > 1 and message.row_step < width * step:
        raise ValueError(f"rows of {message.row_step} bytes overlap")
    if height * width and (height - 1) * message.row_step + width * step > len(message.data):
        raise ValueError("there are too few")


def rows_of(message: PointCloud2, row: np.dtype, required: Collection[str], topic: str) -> NDArray:
    """View a message's bytes as a structured array [H, W] of those fields of `row` that it has.

    Raises:
        MessageError: A required field is missing, a field is there twice, or the data does not fill
            the size.
    """
    order = ">" if message.is_bigendian else "<"
    names = row.names or ()
    wanted = [f for f in message.fields if f.name in names and f.datatype in _FORMATS]
    found = [field.name for field in wanted]
    if len(set(found)) < len(found):
        raise MessageError(f"{topic}: a field is there twice: {', '.join(found)}")
    missing = [name for name in required if name not in found]
    if missing:
        have = ", ".join(field.name for field in message.fields) or "none"
        raise MessageError(f"{topic}: field {', '.join(missing)} is missing (there are: {have})")
    shape, strides = (message.height, message.width), (message.row_step, message.point_step)
    try:
        _check_extent(message, wanted)
        layout = np.dtype(
            {
                "names": found,
                "formats": [order + _FORMATS[field.datatype] for field in wanted],
                "offsets": [field.offset for field in wanted],
                "itemsize": message.point_step,
            }
        )
        if 0 in shape:
            return np.zeros(shape, layout)
        return np.ndarray(shape, layout, bytes(message.data), strides=strides)
    except (OverflowError, TypeError, ValueError) as error:
        raise MessageError(
            f"{topic}: {len(message.data)} bytes do not hold {message.height} x {message.width}"
            f" points of {message.point_step} bytes: {error}"
        ) from error
