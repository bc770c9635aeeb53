"""Messages to values and back: the one place that casts.

rclpy does not check field types by default and sends a numpy scalar, or an int in a float field, as
garbage; so every number passes through `float()`, `int()` or `bool()` here. What comes in is
refused with a `MessageError` when a number is not finite.
"""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, PoseStamped, Quaternion, Transform, TransformStamped, Twist
from geometry_msgs.msg import Pose as PoseMessage
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from numpy.typing import NDArray
from std_msgs.msg import Header

from mme_ilqr_ros.geometry.grid_map import GridLayer, GridMap, MapError
from mme_ilqr_ros.geometry.path import Path, PathError
from mme_ilqr_ros.geometry.pose import (
    FARTHEST,
    Pose,
    RobotState,
    quaternion_to_yaw,
    yaw_to_quaternion,
)

if TYPE_CHECKING:  # it imports scipy, which the safety node must not load
    from mme_ilqr_ros.geometry.cost_to_go import CostToGo

LATEST = (2**31 - 1) * 10**9  # ns: beyond it a stamp has no seconds
FASTEST = 1000.0  # m/s and rad/s that nothing with wheels does
UNIT = 0.05  # that the square of a quaternion's length may be off 1: typed with two digits
UNREACHABLE = 100  # in the cost-to-go picture; what is reachable lies in 0..98


class MessageError(ValueError):
    """A message cannot be used; the text names the field and why."""


def seconds_of(stamp: Time) -> float:
    """Return a stamp in s."""
    return stamp.sec + 1e-9 * stamp.nanosec


def stamp_of(seconds: float) -> Time:
    """Return a time in s, not negative, as a stamp."""
    return exact_stamp(round(seconds * 1e9))


def nanoseconds(stamp: Time) -> int:
    """Return a stamp in ns, exactly; one before 0 as 0, one after the last second as that."""
    return min(max(int(stamp.sec) * 10**9 + int(stamp.nanosec), 0), LATEST)


def exact_stamp(number: int) -> Time:
    """Return a time in ns, not negative, as a stamp."""
    number = min(number, LATEST + 10**9 - 1)
    return Time(sec=int(number // 10**9), nanosec=int(number % 10**9))


def header(stamp: Time, frame: str) -> Header:
    """Return a message header."""
    return Header(stamp=stamp, frame_id=str(frame))


def point_message(x: float, y: float, z: float = 0.0) -> Point:
    """Return a point in m."""
    return Point(x=float(x), y=float(y), z=float(z))


def yaw_message(yaw: float) -> Quaternion:
    """Return a heading in rad as a quaternion."""
    x, y, z, w = yaw_to_quaternion(float(yaw))
    return Quaternion(x=float(x), y=float(y), z=float(z), w=float(w))


def pose_message(pose: Pose) -> PoseMessage:
    """Return a pose on the floor."""
    return PoseMessage(position=point_message(pose.x, pose.y), orientation=yaw_message(pose.yaw))


def pose_value(message: PoseMessage, name: str = "pose") -> Pose:
    """Return the planar part of a pose.

    Raises:
        MessageError: A number is not finite, leads off the Earth, or the quaternion is no rotation.
    """
    p, q = message.position, message.orientation
    _check_finite(name, p.x, p.y, q.x, q.y, q.z, q.w)
    _check_near(name, p.x, p.y)
    return Pose(p.x, p.y, _yaw(name, q.x, q.y, q.z, q.w))


def _check_near(name: str, x: float, y: float) -> None:
    if not max(abs(x), abs(y)) <= FARTHEST:
        raise MessageError(f"{name} at ({x:.3g}, {y:.3g}) m is not within {FARTHEST:g} m")


def _yaw(name: str, x: float, y: float, z: float, w: float) -> float:
    """Return the yaw of a quaternion of length 1.

    Raises:
        MessageError: It has another length; one of zeros is that of a sender who set none.
    """
    square = x * x + y * y + z * z + w * w
    if not abs(square - 1.0) <= UNIT:
        length = math.sqrt(square) if square < math.inf else math.inf
        raise MessageError(f"{name}: its quaternion has length {length:.3g}: must be 1")
    return quaternion_to_yaw(x, y, z, w)


def is_empty_goal(message: PoseStamped) -> bool:
    """Return whether a goal says nothing: no frame, no stamp, the identity as its pose."""
    return message == PoseStamped()


def pose_stamped(pose: Pose, stamp: Time, frame: str) -> PoseStamped:
    """Return a pose with its frame."""
    return PoseStamped(header=header(stamp, frame), pose=pose_message(pose))


def transform_pose(message: Transform) -> Pose:
    """Return the planar part of a transform, as the pose of its source frame.

    Raises:
        MessageError: A number is not finite, or the quaternion is no rotation.
    """
    t, q = message.translation, message.rotation
    _check_finite("transform", t.x, t.y, t.z, q.x, q.y, q.z, q.w)
    return Pose(t.x, t.y, _yaw("transform", q.x, q.y, q.z, q.w))


def transform_message(pose: Pose, stamp: Time, parent: str, child: str) -> TransformStamped:
    """Return the transform that says: frame `child` has this pose in frame `parent`."""
    message = TransformStamped(header=header(stamp, parent), child_frame_id=str(child))
    message.transform.translation.x = float(pose.x)
    message.transform.translation.y = float(pose.y)
    message.transform.rotation = yaw_message(pose.yaw)
    return message


def robot_state(message: Odometry) -> RobotState:
    """Return where the robot is and how it moves.

    Raises:
        MessageError: A number is not finite, or the quaternion is no rotation.
    """
    p, q, twist = message.pose.pose.position, message.pose.pose.orientation, message.twist.twist
    speeds = (twist.linear.x, twist.linear.y, twist.angular.z)
    return checked_state((p.x, p.y), (q.x, q.y, q.z, q.w), speeds)


def checked_state(
    position: Sequence[float], turn: Sequence[float], speeds: Sequence[float]
) -> RobotState:
    """Return a state of x, y [m], a quaternion and vx, vy [m/s], wz [rad/s].

    Raises:
        MessageError: A number is not finite, or no robot's, or the quaternion is no rotation.
    """
    _check_finite("odom: pose", *position, *turn)
    _check_finite("odom: twist", *speeds)
    (x, y), (vx, vy, wz) = position, speeds
    _check_near("odom: pose", x, y)
    if not max(map(abs, speeds)) <= FASTEST:
        raise MessageError(f"odom: twist {tuple(speeds)} is not within {FASTEST:g} m/s and rad/s")
    return RobotState(x, y, _yaw("odom: pose", *turn), vx, wz, vy=vy)


def odometry_message(state: RobotState, stamp: Time, frame: str, base_frame: str) -> Odometry:
    """Return a robot state as odometry; the twist is in the robot's own frame (REP 105)."""
    message = Odometry(header=header(stamp, frame), child_frame_id=str(base_frame))
    message.pose.pose = pose_message(state.pose)
    message.twist.twist = twist_message(state.vx, state.wz, state.vy)
    return message


def twist_message(vx: float, wz: float, vy: float = 0.0) -> Twist:
    """Return a velocity command; a number that is not finite makes it a stop."""
    if not (math.isfinite(vx) and math.isfinite(wz) and math.isfinite(vy)):
        vx = wz = vy = 0.0
    message = Twist()
    message.linear.x = float(vx)
    message.linear.y = float(vy)
    message.angular.z = float(wz)
    return message


def twist_value(message: Twist) -> tuple[float, float]:
    """Return forward speed in m/s and turning rate in rad/s.

    Raises:
        MessageError: A number is not finite.
    """
    _check_finite("cmd_vel", message.linear.x, message.angular.z)
    return message.linear.x, message.angular.z


def grid_map(message: Any) -> GridMap:
    """Return the map of an OccupancyGrid, or of what has the same parts.

    Raises:
        MessageError: The data does not fill the size, no cell is known, or the numbers make no map.
    """
    cells = _cells(message, "map")
    if not ((cells >= 0) & (cells <= 100)).any():
        raise MessageError(f"map: all {cells.size} cells are unknown")
    origin = pose_value(message.info.origin, "map: origin")
    try:
        return GridMap.from_occupancy(cells, message.info.resolution, origin)
    except MapError as error:
        raise MessageError(str(error)) from error


def grid_layer(message: OccupancyGrid, name: str = "filter_mask") -> GridLayer:
    """Return a filter mask scaled to [0, 1]; values outside 0 to 100 count as 0.

    Args:
        message: What came.
        name: Of its topic, for errors.

    Raises:
        MessageError: The data does not fill the size, or the geometry makes no grid.
    """
    cells = _cells(message, name)
    resolution = float(message.info.resolution)
    if not (math.isfinite(resolution) and resolution > 0.0):
        raise MessageError(f"{name}: resolution = {resolution}: must be above 0 m")
    values = np.where((cells >= 0) & (cells <= 100), 0.01 * cells, 0.0)
    return GridLayer(values, resolution, pose_value(message.info.origin, f"{name}: origin"))


def _cells(message: Any, name: str) -> NDArray[np.int8]:
    height, width = message.info.height, message.info.width
    if len(message.data) != height * width:
        raise MessageError(
            f"{name}: {len(message.data)} cells of data do not fill {height} rows x {width} columns"
        )
    if height * width == 0:
        raise MessageError(f"{name}: {height} rows x {width} columns: the map is empty")
    return np.frombuffer(message.data, dtype=np.int8).reshape(height, width)


def occupancy_message(grid: GridMap, stamp: Time, frame: str) -> OccupancyGrid:
    """Return a map as an occupancy grid of 100 (occupied), 0 (free) and -1 (unknown)."""
    return _occupancy(grid.to_occupancy(), grid.resolution, grid.origin, stamp, frame)


def cost_to_go_message(field: CostToGo, stamp: Time, frame: str) -> OccupancyGrid:
    """Return costs to the goal as a picture: 0 at the goal, 98 furthest, 100 unreachable."""
    reachable = np.isfinite(field.values)
    furthest = float(np.max(field.values, where=reachable, initial=0.0))
    relative = np.where(reachable, field.values, 0.0) / max(furthest, 1e-9)
    cells = np.where(reachable, np.rint(98 * relative), UNREACHABLE)
    return _occupancy(cells, field.resolution, field.origin, stamp, frame)


def _occupancy(
    cells: NDArray, resolution: float, origin: Pose, stamp: Time, frame: str
) -> OccupancyGrid:
    message = OccupancyGrid(header=header(stamp, frame))
    message.info.map_load_time = stamp
    message.info.resolution = float(resolution)
    message.info.height, message.info.width = (int(n) for n in cells.shape)
    message.info.origin = pose_message(origin)
    # array.array is taken over as it is; a list or a numpy array would be walked number by number.
    message.data = array.array("b", cells.astype(np.int8).tobytes())
    return message


def path_value(message: PathMessage) -> Path | None:
    """Return a path, or None for an empty one (which means: there is no plan).

    Raises:
        MessageError: A number is not finite.
    """
    if not message.poses:
        return None
    points = [(p.pose.position.x, p.pose.position.y) for p in message.poses]
    try:
        return Path(np.array(points))
    except PathError as error:
        raise MessageError(f"plan: {error}") from error


def path_message(
    points: NDArray[np.floating], headings: NDArray[np.floating], stamp: Time, frame: str
) -> PathMessage:
    """Return points [N, 2] in m with headings [N] in rad as a path; N may be 0.

    The poses share a header, but the last one has its own.
    """
    head = header(stamp, frame)
    half = 0.5 * np.asarray(headings, dtype=np.float64)
    rows = np.column_stack([points, np.sin(half), np.cos(half)]).tolist()
    poses = [
        PoseStamped(
            header=head,
            pose=PoseMessage(
                position=Point(x=x, y=y, z=0.0), orientation=Quaternion(x=0.0, y=0.0, z=z, w=w)
            ),
        )
        for x, y, z, w in rows
    ]
    if poses:
        poses[-1].header = header(stamp, frame)
    return PathMessage(header=header(stamp, frame), poses=poses)


def _check_finite(name: str, *numbers: float) -> None:
    if not all(math.isfinite(number) for number in numbers):
        raise MessageError(f"{name} is not finite")
