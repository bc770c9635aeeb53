"""A plan as it comes: read from the bytes of a nav_msgs/Path, however long it is.

rclpy makes six Python objects of every pose, 0.17 s for 10,000 of them, in which no command is
sent. The bytes are a table: the poses of a path in one frame are all as long as each other.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Quaternion
from geometry_msgs.msg import Pose as PoseMessage
from nav_msgs.msg import Path as PathMessage
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message
from std_msgs.msg import Header

from mme_ilqr_ros.geometry.path import Path, PathError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.cdr import PLAIN, aligned, read_header
from mme_ilqr_ros.nodes.conversions import (
    LATEST,
    MessageError,
    header,
    nanoseconds,
    path_value,
    pose_value,
)

_NUMBERS = 7  # of a pose: x, y, z and the quaternion


@dataclass(frozen=True, eq=False)
class PlanMessage:
    """A plan.

    Attributes:
        header: Of the message.
        path: The way; None for an empty plan. Its via points are the poses whose stamp is that of
            the last one, where the others have the stamp of the first.
        end: Pose at its end; None for an empty plan.
        goal: Stamp of the last pose in ns, or of the message where that is 0.
        names_goal: Whether only the last pose has an earlier stamp than the message, as in the
            plans of our planner.
        n_poses: Poses of the message, of which some may be equal.
    """

    header: Header
    path: Path | None
    end: Pose | None
    goal: int
    names_goal: bool = False
    n_poses: int = 0


def read_plan(data: bytes) -> PlanMessage:
    """Return a plan from the bytes of a nav_msgs/Path.

    Raises:
        MessageError: A number is not finite, or the bytes are no path.
    """
    plan = _table(data)
    if plan is not None:
        return plan
    try:
        message: PathMessage = deserialize_message(data, PathMessage)
    except Exception as error:  # of the middleware, whose types differ
        raise MessageError(f"plan: {error}") from error
    path, stamp = path_value(message), nanoseconds(message.header.stamp)
    if path is None:
        return PlanMessage(message.header, None, None, stamp)
    last = message.poses[-1]
    end = pose_value(last.pose, "plan: last pose")
    goal, count = nanoseconds(last.header.stamp) or stamp, len(message.poses)
    return PlanMessage(message.header, path, end, goal, n_poses=count)


def _table(data: bytes) -> PlanMessage | None:
    """Read a path whose poses are all as long; None where they are not, or there are none."""
    body = memoryview(data)[4:]
    try:
        header, at = read_header(body, 0)
        (count,) = struct.unpack_from("<I", body, at)
        at += 4
        first, text_end = read_header(body, at)
    except struct.error:
        return None
    begin, name = aligned(text_end, 8), len(first.frame_id.encode()) + 1
    size = 8 * _NUMBERS
    stride = aligned(12 + name, 8) + size
    if data[:2] != PLAIN or count == 0 or len(body) < begin + (count - 1) * stride + size:
        return None
    poses = np.ndarray((count, _NUMBERS), "<f8", body, begin, (stride, 8))
    # Each pose after the first begins where the one before ends: sec, nanosec, length of the name.
    heads = np.ndarray((count - 1, 3), "<u4", body, begin + size, (stride, 4))
    if not (heads[:, 2] == name).all():
        return None
    begun, stamp = nanoseconds(first.stamp), nanoseconds(header.stamp)
    stamps = np.append(begun, heads[:, :2] @ np.array([10**9, 1]))
    goal = min(int(stamps[-1]), LATEST)
    marked = stamps[:-1] == goal
    is_marked = goal != begun and bool((marked | (stamps[:-1] == begun)).all())
    vias = np.flatnonzero(marked) if is_marked else np.zeros(0, int)
    names_goal = 0 < goal < stamp and is_marked
    return replace(_plan(header, poses, goal or stamp, vias), names_goal=names_goal)


def mark(message: PathMessage, path: Path, stamp: Time) -> None:
    """Put a stamp on the last pose of a path's message, and on its via points."""
    if not message.poses:
        return
    # Poses may share a header: those that are marked get one of their own.
    marked = header(stamp, message.header.frame_id)
    message.poses[-1].header = marked
    points = np.array([(p.pose.position.x, p.pose.position.y) for p in message.poses])
    k = 0
    for via in path.point_at(path.vias):  # in this order: a path may be at a place twice
        away = np.hypot(*(points[k:] - via).T)
        k += int(np.argmax(away <= away.min() + 1e-6))
        message.poses[k].header = marked


def _plan(
    header: Header, poses: NDArray[np.float64], goal: int, vias: NDArray[np.int_]
) -> PlanMessage:
    """Return the plan of poses [N, 7], some of which are via points."""
    points = poses[:, :2]
    try:
        along = np.zeros(0)
        if len(vias) and np.isfinite(points).all():
            along = np.cumsum(np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T))[vias]
        path = Path(points, along)
    except PathError as error:
        raise MessageError(f"plan: {error}") from error
    x, y, z, *turn = poses[-1].tolist()
    position, orientation = Point(x=x, y=y, z=z), Quaternion(**dict(zip("xyzw", turn, strict=True)))
    last = PoseMessage(position=position, orientation=orientation)
    end = pose_value(last, "plan: last pose")
    return PlanMessage(header, path, end, goal, n_poses=len(poses))
