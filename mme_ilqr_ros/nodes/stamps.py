"""Stamps, and little else, from the bytes of messages of which a node needs no more."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nav_msgs.msg import Odometry
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import LaserScan, PointCloud2

from mme_ilqr_ros.nodes.cdr import PLAIN, aligned
from mme_ilqr_ros.nodes.conversions import MessageError, seconds_of

LONGEST_TURN = 1.0  # [s] of a scanner
_POSE = 8 * (7 + 36)  # bytes of a pose and its covariance


@dataclass(frozen=True)
class Measured:
    """When something was measured, and of odometry what.

    Attributes:
        stamp: Time [s].
        twist: (vx [m/s], vy [m/s], wz [rad/s]); None of other messages.
    """

    stamp: float
    twist: tuple[float, float, float] | None = None


def cloud_stamp(data: bytes) -> Measured:
    """Return the stamp of a sensor_msgs/PointCloud2.

    Raises:
        MessageError: The bytes are no cloud.
    """
    try:
        if data[:2] != PLAIN:
            return Measured(seconds_of(deserialize_message(data, PointCloud2).header.stamp))
        return Measured(_stamp(data))
    except Exception as error:  # of the middleware, whose types differ
        raise MessageError(f"PointCloud2: {error}") from error


def newest_ray(data: bytes) -> Measured:
    """Return when the last ray of a sensor_msgs/LaserScan was measured.

    Raises:
        MessageError: The bytes are no scan.
    """
    try:
        if data[:2] != PLAIN:
            scan = deserialize_message(data, LaserScan)
            begin, step, rays = seconds_of(scan.header.stamp), scan.time_increment, len(scan.ranges)
        else:
            at = _string_end(data, 12)
            begin, (step,) = _stamp(data), struct.unpack_from("<f", data, at + 12)
            (rays,) = struct.unpack_from("<I", data, at + 28)
    except Exception as error:
        raise MessageError(f"LaserScan: {error}") from error
    turn = step * max(rays - 1, 0)
    return Measured(begin + (turn if 0.0 <= turn <= LONGEST_TURN else 0.0))


def odometry_twist(data: bytes) -> Measured:
    """Return stamp and speeds of a nav_msgs/Odometry.

    Raises:
        MessageError: The bytes are no odometry.
    """
    try:
        if data[:2] != PLAIN:
            odometry = deserialize_message(data, Odometry)
            twist = odometry.twist.twist
            stamp = seconds_of(odometry.header.stamp)
            return Measured(stamp, (twist.linear.x, twist.linear.y, twist.angular.z))
        at = _string_end(data, _string_end(data, 12))
        at = 4 + aligned(at - 4, 8) + _POSE
        vx, vy, _, _, _, wz = struct.unpack_from("<6d", data, at)
    except Exception as error:
        raise MessageError(f"Odometry: {error}") from error
    return Measured(_stamp(data), (vx, vy, wz))


def _stamp(data: bytes) -> float:
    seconds, nanoseconds = struct.unpack_from("<iI", data, 4)
    return float(seconds + 1e-9 * nanoseconds)


def _string_end(data: bytes, at: int) -> int:
    """Return where the next number of 4 bytes lies behind a string at an offset."""
    (length,) = struct.unpack_from("<I", data, at)
    return aligned(at + 4 + int(length), 4)
