"""Scans of laser scanners and clouds of 3D scanners and depth cameras, as values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import Transform
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan, PointCloud2

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.clouds import POINT, rows_of
from mme_ilqr_ros.nodes.conversions import MessageError, seconds_of, transform_pose
from mme_ilqr_ros.perception.scan import PointScan, Scan, angle_increment_of

MOST_POINTS = 50_000  # of a cloud: more only cost time
NUMBERS = ("angle_min", "angle_max", "angle_increment", "time_increment", "range_min", "range_max")
MISCOUNT = 2  # rays by which drivers get their angles wrong
LEVEL = math.cos(math.radians(10.0))  # a plane that leans more sees floor and ceiling


@dataclass(frozen=True)
class Mount:
    """How a planar scanner is mounted.

    Attributes:
        pose: In the robot's frame.
        is_upside_down: Whether it turns the other way round.
    """

    pose: Pose
    is_upside_down: bool = False

    @classmethod
    def of(cls, transform: Transform) -> Mount:
        """Return the mount that a transform from the scanner to the robot says.

        Raises:
            MessageError: The plane of the scanner leans.
        """
        upward = rotation(transform)[2, 2]
        if not abs(upward) >= LEVEL:
            lean = math.degrees(math.acos(min(abs(upward), 1.0)))
            raise MessageError(f"its plane leans by {lean:.0f} degrees: must be level")
        return cls(transform_pose(transform), bool(upward < 0.0))


def rotation(transform: Transform) -> NDArray[np.float64]:
    """Return the rotation [3, 3] of a transform."""
    q = transform.rotation
    x, y, z, w = np.array([q.x, q.y, q.z, q.w]) / math.hypot(q.x, q.y, q.z, q.w)
    return np.array(
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
            [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
            [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
        ]
    )


def scan_value(message: LaserScan, mount: Mount) -> tuple[Scan, str]:
    """Return a scan, and what about its angles had to be put right; empty where nothing had.

    Raises:
        MessageError: A number of its geometry or time makes no sense.
    """
    ranges = np.frombuffer(message.ranges, np.float32).astype(np.float64)
    for name in NUMBERS:
        if not math.isfinite(getattr(message, name)):
            raise MessageError(f"{name} is not finite")
    if not 0.0 <= message.range_min < message.range_max:
        span = f"{message.range_min:.3g} to {message.range_max:.3g} m"
        raise MessageError(f"range_min to range_max is {span}")
    span = message.angle_max - message.angle_min
    if abs(abs(span) - (len(ranges) - 1) * abs(message.angle_increment)) > MISCOUNT * abs(
        message.angle_increment
    ):
        raise MessageError(
            f"{len(ranges)} ranges do not fill {span:.3f} rad in steps of"
            f" {message.angle_increment:.5f} rad"
        )
    increment, note = angle_increment_of(
        message.angle_min, message.angle_max, message.angle_increment, len(ranges)
    )
    turn = -1.0 if mount.is_upside_down else 1.0
    scan = Scan(
        ranges,
        turn * message.angle_min,
        turn * increment,
        message.range_min,
        message.range_max,
        seconds_of(message.header.stamp),
        message.time_increment,
        mount.pose,
    )
    return scan, note


def cloud_value(message: PointCloud2, transform: Transform, low: float, high: float) -> PointScan:
    """Return what a cloud shows at the height of obstacles.

    Args:
        message: Of a 3D scanner or a depth camera.
        transform: From its frame to the robot's.
        low: Height in m above the robot's frame from which a point is an obstacle.
        high: Height in m up to which it is.

    Raises:
        MessageError: A field x, y or z is missing, or the data does not fill the size.
    """
    rows = rows_of(message, POINT, ("x", "y", "z"), "cloud").reshape(-1)
    rows = rows[:: 1 + len(rows) // MOST_POINTS]
    points = np.stack([rows[name] for name in ("x", "y", "z")], axis=-1).astype(np.float64)
    t, mount = transform.translation, transform_pose(transform)
    with np.errstate(invalid="ignore"):  # what is not finite is left out here
        points = points @ rotation(transform).T + np.array([t.x, t.y, t.z])
        points = points[(points[:, 2] >= low) & (points[:, 2] <= high)]
    flat = mount.inverse().transform(points[:, :2])
    return PointScan(flat, seconds_of(message.header.stamp), mount=mount)
