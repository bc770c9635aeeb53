"""Small rosbag2 recordings for tests."""

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

TYPES = get_typestore(Stores.LATEST)
T = TYPES.types
MCAP, SQLITE = StoragePlugin.MCAP, StoragePlugin.SQLITE3


def header(stamp, frame):
    time = T["builtin_interfaces/msg/Time"](sec=int(stamp), nanosec=round(stamp % 1 * 1e9))
    return T["std_msgs/msg/Header"](stamp=time, frame_id=frame)


def turn(yaw):
    quaternion = T["geometry_msgs/msg/Quaternion"]
    return quaternion(x=0.0, y=0.0, z=float(np.sin(yaw / 2)), w=float(np.cos(yaw / 2)))


def pose(x, y, yaw=0.0):
    point = T["geometry_msgs/msg/Point"](x=float(x), y=float(y), z=0.0)
    return T["geometry_msgs/msg/Pose"](position=point, orientation=turn(yaw))


def pose_stamped(stamp, frame, x, y, yaw=0.0):
    kind = T["geometry_msgs/msg/PoseStamped"]
    return kind(header=header(stamp, frame), pose=pose(x, y, yaw))


def localised(stamp, frame, x, y, yaw=0.0):
    inner = T["geometry_msgs/msg/PoseWithCovariance"](pose=pose(x, y, yaw), covariance=np.zeros(36))
    kind = T["geometry_msgs/msg/PoseWithCovarianceStamped"]
    return kind(header=header(stamp, frame), pose=inner)


def odometry(stamp, frame, x, y, yaw=0.0):
    inner = T["geometry_msgs/msg/PoseWithCovariance"](pose=pose(x, y, yaw), covariance=np.zeros(36))
    vector = T["geometry_msgs/msg/Vector3"](x=0.0, y=0.0, z=0.0)
    twist = T["geometry_msgs/msg/Twist"](linear=vector, angular=vector)
    moving = T["geometry_msgs/msg/TwistWithCovariance"](twist=twist, covariance=np.zeros(36))
    kind = T["nav_msgs/msg/Odometry"]
    return kind(header(stamp, frame), "base_link", inner, moving)


def transform(stamp, parent, child, x, y, yaw=0.0):
    at = T["geometry_msgs/msg/Vector3"](x=float(x), y=float(y), z=0.0)
    inner = T["geometry_msgs/msg/Transform"](translation=at, rotation=turn(yaw))
    one = T["geometry_msgs/msg/TransformStamped"](header(stamp, parent), child, inner)
    return T["tf2_msgs/msg/TFMessage"](transforms=[one])


def path(stamp, frame, points):
    poses = [pose_stamped(stamp, frame, *point) for point in points]
    return T["nav_msgs/msg/Path"](header=header(stamp, frame), poses=poses)


def write(folder, messages, storage=MCAP):
    """Write (topic, time [s], message) triples as a bag; return its folder."""
    with Writer(folder, version=9, storage_plugin=storage) as writer:
        channels = {}
        for topic, stamp, message in messages:
            kind = message.__msgtype__
            if topic not in channels:
                channels[topic] = writer.add_connection(topic, kind, typestore=TYPES)
            data = TYPES.serialize_cdr(message, kind)
            writer.write(channels[topic], round(stamp * 1e9), data)
    return folder
