"""Obstacles and the planner's cost-to-go as PointCloud2 messages and back.

Both messages describe themselves, so that RViz draws them and a few lines of numpy read them.

`obstacles`: one point per circle, with float32 x, y, z (always 0), radius in m, vx, vy in m/s in
the header's frame, and a uint32 id that stays with an obstacle from message to message.

`cost_to_go`: one point per cell of the map, row by row as in the map, with the one float32 field
`cost_to_go` in m, inf where the goal cannot be reached, 0 at the goal. Each row is followed by four
float64: x, y of its first cell's centre and the step to the next one, in m. With x, y, z in every
point the message is four times as long, which takes longer to send than to make.
"""

from __future__ import annotations

import array
import math
from collections.abc import Collection, Sequence

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from mme_ilqr_ros.control.situation import MOST_GIVEN
from mme_ilqr_ros.geometry.circles import CircleError, as_circles
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.cdr import CloudMessage
from mme_ilqr_ros.nodes.conversions import MessageError, header

CIRCLE_COLUMNS = ("x", "y", "radius", "vx", "vy")
CIRCLE = np.dtype([(n, "<f4") for n in ("x", "y", "z", "radius", "vx", "vy")] + [("id", "<u4")])
POINT = np.dtype([(name, "<f4") for name in ("x", "y", "z")])
LINE = np.dtype([(name, "<f8") for name in ("x", "y", "dx", "dy")])  # after a row of cost_to_go
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


def read_circles(message: PointCloud2 | CloudMessage) -> NDArray[np.float64]:
    """Read circles [M, 5] from a cloud with fields in any order, type and padding.

    Without the fields vx and vy the circles are at rest.

    Raises:
        MessageError: A field x, y or radius is missing, the data does not fill the size, a
            number is not finite, or there are too many points for a list of obstacles.
    """
    if (count := message.height * message.width) > MOST_GIVEN:
        raise MessageError(f"obstacles: {count} points: must be at most {MOST_GIVEN}")
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
    height, width = field.values.shape
    rows = np.zeros(height, _row_of(width))
    rows["cost_to_go"] = field.values
    first = np.stack([np.full(height, 0.5), np.arange(height) + 0.5], axis=-1) * field.resolution
    step = field.origin.rotate([field.resolution, 0.0])
    line = rows["line"]
    line["x"], line["y"] = field.origin.transform(first).T
    line["dx"], line["dy"] = step
    message = PointCloud2(header=header(stamp, frame), height=height, width=width)
    message.is_dense = bool(np.isfinite(field.values).all())
    message.fields = [PointField(name="cost_to_go", offset=0, datatype=PointField.FLOAT32, count=1)]
    message.point_step, message.row_step = 4, rows.dtype.itemsize
    message.data = array.array("B", rows.tobytes())
    return message


def _row_of(width: int) -> np.dtype:
    return np.dtype([("cost_to_go", "<f4", (width,)), ("line", LINE)])


def read_cost_to_go(message: PointCloud2 | CloudMessage) -> CostToGo:
    """Read a cost-to-go from a cloud.

    Raises:
        MessageError: It has another form than `cost_to_go_cloud` gives, there are fewer than 2 x 2
            cells, they do not lie on a grid, or no value is finite.
    """
    height, width = message.height, message.width
    if [(f.name, f.offset, f.datatype) for f in message.fields] != [
        ("cost_to_go", 0, PointField.FLOAT32)
    ]:
        have = ", ".join(field.name for field in message.fields) or "none"
        raise MessageError(f"cost_to_go: must have one field, cost_to_go (there are: {have})")
    if min(height, width) < 2:
        raise MessageError(f"cost_to_go: {height} x {width} cells are no map")
    size = 4 * width + LINE.itemsize
    if len(message.data) != height * size or message.row_step != size or message.is_bigendian:
        raise MessageError(
            f"cost_to_go: {len(message.data)} bytes are not {height} rows of {width} little-endian"
            f" float32 and 4 float64, {size} bytes each"
        )
    rows = np.frombuffer(message.data, _row_of(width))
    first, last = rows["line"][0], rows["line"][-1]
    resolution = math.hypot(first["dx"], first["dy"])
    start = Pose(float(first["x"]), float(first["y"]), math.atan2(first["dy"], first["dx"]))
    expected = start.transform([0.0, resolution * (height - 1)])
    if not np.abs(expected - (last["x"], last["y"])).max() < 0.1 * resolution:
        raise MessageError("cost_to_go: the cells do not lie on a grid")
    values = np.ascontiguousarray(rows["cost_to_go"])
    if not values.min() >= 0.0:  # NaN neither
        raise MessageError("cost_to_go: a value is below 0 or not a number")
    corner = start.compose(Pose(-0.5 * resolution, -0.5 * resolution, 0.0))
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


def _check_extent(message: PointCloud2 | CloudMessage, fields: Sequence[PointField]) -> None:
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


def rows_of(
    message: PointCloud2 | CloudMessage, row: np.dtype, required: Collection[str], topic: str
) -> NDArray:
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
