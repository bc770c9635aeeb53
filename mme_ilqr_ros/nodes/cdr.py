"""Reading messages from their bytes, where rclpy would make Python objects of millions of numbers.

A subscription with `raw=True` hands over the bytes as they came, in the plain encoding of DDS: each
number lies at a multiple of its size after the first four bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from nav_msgs.msg import MapMetaData, OccupancyGrid, Odometry
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.nodes.conversions import MessageError, checked_state, exact_stamp, robot_state

PLAIN = b"\x00\x01"  # plain CDR, little-endian: what every common RMW sends


def aligned(offset: int, size: int) -> int:
    """Return the next multiple of a size."""
    return -(-offset // size) * size


def read_header(body: memoryview, at: int) -> tuple[Header, int]:
    """Read the header at an offset after the first four bytes.

    Returns:
        The header, and the offset of what follows, to 4 bytes.

    Raises:
        struct.error: There is none.
    """
    seconds, rest, length = struct.unpack_from("<iII", body, at)
    end = at + 12 + length
    name = bytes(body[at + 12 : end - 1]).decode(errors="replace")
    stamp = exact_stamp(max(seconds * 10**9 + rest, 0))
    return Header(stamp=stamp, frame_id=name), aligned(end, 4)


@dataclass(frozen=True, eq=False)
class MapMessage:
    """The parts of a nav_msgs/OccupancyGrid, with the cells as an array [H * W]."""

    header: Header
    info: MapMetaData
    data: NDArray[np.int8]


def read_map(data: bytes) -> MapMessage:
    """Return a map from the bytes of a nav_msgs/OccupancyGrid, without a copy of its cells.

    Raises:
        MessageError: The bytes are no map.
    """
    message, cells = _without_array(data, OccupancyGrid, _parts, "map")
    cells = np.frombuffer(message.data, np.int8) if cells is None else cells
    return MapMessage(message.header, message.info, cells)


@dataclass(frozen=True, eq=False)
class CloudMessage:
    """The parts of a sensor_msgs/PointCloud2, with its data as an array of bytes."""

    header: Header
    height: int
    width: int
    fields: Sequence[PointField]
    is_bigendian: bool
    point_step: int
    row_step: int
    data: NDArray[np.uint8]


def read_cloud(data: bytes) -> CloudMessage:
    """Return a cloud from the bytes of a sensor_msgs/PointCloud2, without a copy of its points.

    Raises:
        MessageError: The bytes are no cloud.
    """
    message, points = _without_array(data, PointCloud2, _cloud_parts, "cloud")
    return CloudMessage(
        message.header,
        message.height,
        message.width,
        message.fields,
        message.is_bigendian,
        message.point_step,
        message.row_step,
        np.frombuffer(message.data, np.uint8) if points is None else points,
    )


def _without_array(
    data: bytes,
    kind: type,
    split: Callable[[bytes], tuple[bytes, NDArray[Any]]],
    name: str,
) -> tuple[Any, NDArray[Any] | None]:
    """Return a message without its large array, and that; None where it is in the message.

    Raises:
        MessageError: The bytes are no such message.
    """
    try:
        head, array = split(data) if data[:2] == PLAIN else (data, None)
        return deserialize_message(head, kind), array
    except Exception as error:  # of the middleware, whose types differ
        raise MessageError(f"{name}: {error}") from error


def _cloud_parts(data: bytes) -> tuple[bytes, NDArray[np.uint8]]:
    """Return the bytes of the same cloud with no points, and the points."""
    body = memoryview(data)[4:]
    _, at = read_header(body, 0)
    (count,) = struct.unpack_from("<I", body, at + 8)
    at += 12
    for _ in range(count):  # a name, an offset, a type in one byte, a count
        (length,) = struct.unpack_from("<I", body, at)
        at = aligned(aligned(at + 4 + length, 4) + 5, 4) + 4
    at = aligned(at + 1, 4) + 8  # the byte order and two sizes
    (size,) = struct.unpack_from("<I", body, at)
    points = np.frombuffer(data, np.uint8, size, at + 8)
    return data[: at + 4] + bytes(5), points


def _parts(data: bytes) -> tuple[bytes, NDArray[np.int8]]:
    """Return the bytes of the same map with no cells, and the cells."""
    _, at = read_header(memoryview(data)[4:], 0)
    # Then come a stamp, three numbers of 4 bytes, a pose of 7 of 8 bytes and the number of cells.
    at = 4 + aligned(at + 20, 8) + 56
    (count,) = struct.unpack_from("<I", data, at)
    return data[:at] + bytes(4), np.frombuffer(data, np.int8, count, at + 4)


@dataclass(frozen=True, eq=False)
class OdometryMessage:
    """The parts of a nav_msgs/Odometry that drive a robot."""

    header: Header
    state: RobotState


def read_odometry(data: bytes) -> OdometryMessage:
    """Return odometry from the bytes of a nav_msgs/Odometry.

    Raises:
        MessageError: A number is not finite, the quaternion is no rotation, or the bytes are no
            odometry.
    """
    try:
        if data[:2] != PLAIN:
            message: Odometry = deserialize_message(data, Odometry)
            return OdometryMessage(message.header, robot_state(message))
        body = memoryview(data)[4:]
        header, at = read_header(body, 0)
        (length,) = struct.unpack_from("<I", body, at)  # of the child's frame
        at = aligned(at + 4 + length, 8)
        x, y, _, *turn = struct.unpack_from("<7d", body, at)
        vx, vy, _, _, _, wz = struct.unpack_from("<6d", body, at + 8 * (7 + 36))
    except MessageError:
        raise
    except Exception as error:  # of the middleware, whose types differ
        raise MessageError(f"odom: {error}") from error
    return OdometryMessage(header, checked_state((x, y), turn, (vx, vy, wz)))
