"""Structured arrays as PointCloud2 messages and back."""

from __future__ import annotations

import array
from collections.abc import Collection

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from mme_ilqr_ros.nodes.conversions import MessageError, header

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


def cloud_message(rows: NDArray, stamp: Time, frame: str, *, is_dense: bool = True) -> PointCloud2:
    """Return a structured array [H, W] as a cloud; `is_dense` says that every number is finite."""
    height, width = rows.shape
    message = PointCloud2(header=header(stamp, frame), height=height, width=width)
    message.is_dense = bool(is_dense)
    message.fields = [
        PointField(name=name, offset=facts[1], datatype=_KINDS[facts[0]], count=1)
        for name, facts in (rows.dtype.fields or {}).items()
    ]
    message.point_step = rows.dtype.itemsize
    message.row_step = rows.dtype.itemsize * width
    message.data = array.array("B", rows.tobytes())
    return message


def cloud_rows(
    message: PointCloud2, row: np.dtype, required: Collection[str], topic: str
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
    try:
        layout = np.dtype(
            {
                "names": found,
                "formats": [order + _FORMATS[field.datatype] for field in wanted],
                "offsets": [field.offset for field in wanted],
                "itemsize": message.point_step,
            }
        )
        shape, strides = (message.height, message.width), (message.row_step, message.point_step)
        if 0 in shape:
            return np.zeros(shape, layout)
        return np.ndarray(shape, layout, bytes(message.data), strides=strides)
    except (TypeError, ValueError) as error:
        raise MessageError(
            f"{topic}: {len(message.data)} bytes do not hold {message.height} x {message.width}"
            f" points of {message.point_step} bytes: {error}"
        ) from error
