"""Messages with fields of their own made from bytes, any bytes."""

from __future__ import annotations

import array
import struct

from sensor_msgs.msg import LaserScan, PointCloud2, PointField

HEAD, FIELD = struct.Struct("<IIIIBB"), struct.Struct("<BIBI")
NAMES = ("x", "y", "z", "radius", "vx", "vy", "id", "cost_to_go", "rgb")
SCAN = struct.Struct("<iI7f")
SCAN_NUMBERS = (
    *("angle_min", "angle_max", "angle_increment", "time_increment", "scan_time"),
    *("range_min", "range_max"),
)


def cloud(data: bytes) -> PointCloud2:
    """Return the cloud that some bytes stand for; what is short is filled with zeros."""
    data += bytes(max(HEAD.size - len(data), 0))
    height, width, point_step, row_step, flags, count = HEAD.unpack_from(data)
    message = PointCloud2(height=height, width=width, point_step=point_step, row_step=row_step)
    message.is_bigendian = bool(flags & 1)
    at = HEAD.size
    for _ in range(min(count, 12)):
        if at + FIELD.size > len(data):
            break
        name, offset, kind, length = FIELD.unpack_from(data, at)
        field = PointField(name=NAMES[name % len(NAMES)], offset=offset, datatype=kind)
        field.count = length
        message.fields.append(field)
        at += FIELD.size
    message.data = array.array("B", data[at:])
    return message


def cloud_bytes(message: PointCloud2) -> bytes:
    """Return bytes that stand for a cloud."""
    head = (message.height, message.width, message.point_step, message.row_step)
    data = HEAD.pack(*head, message.is_bigendian, len(message.fields))
    for field in message.fields:
        data += FIELD.pack(NAMES.index(field.name), field.offset, field.datatype, field.count)
    return data + message.data.tobytes()


def scan(data: bytes) -> LaserScan:
    """Return the scan that some bytes stand for."""
    data += bytes(max(SCAN.size - len(data), 0))
    seconds, rest, *numbers = SCAN.unpack_from(data)
    message = LaserScan()
    message.header.stamp.sec, message.header.stamp.nanosec = seconds, rest
    for name, number in zip(SCAN_NUMBERS, numbers, strict=True):
        setattr(message, name, number)
    body = data[SCAN.size :]
    message.ranges = array.array("f", body[: len(body) // 4 * 4])
    return message


def scan_bytes(message: LaserScan) -> bytes:
    """Return bytes that stand for a scan."""
    stamp = message.header.stamp
    numbers = (getattr(message, name) for name in SCAN_NUMBERS)
    return SCAN.pack(stamp.sec, stamp.nanosec, *numbers) + message.ranges.tobytes()
