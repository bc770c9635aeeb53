import array

import pytest

pytest.importorskip("rclpy")

from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from sensor_msgs.msg import LaserScan, PointCloud2

from mme_ilqr_ros.nodes import stamps
from mme_ilqr_ros.nodes.conversions import MessageError, header, stamp_of
from mme_ilqr_ros.nodes.stamps import Measured, cloud_stamp, newest_ray, odometry_twist

FRAMES = ["", "a", "odom", "base_link", "front_laser_link_of_robot_1"]


@pytest.fixture(params=["bytes", "rclpy"], autouse=True)
def way(request, monkeypatch):
    """Read both ways: by the bytes, and as where the middleware encodes otherwise."""
    if request.param == "rclpy":
        monkeypatch.setattr(stamps, "PLAIN", b"\xff\xff")


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("child", FRAMES)
def test_odometry(frame, child):
    message = Odometry(header=header(stamp_of(12.5), frame), child_frame_id=child)
    message.pose.covariance[:] = [7.0] * 36
    twist = message.twist.twist
    twist.linear.x, twist.linear.y, twist.linear.z, twist.angular.z = 0.5, -0.25, 9.0, 1.5
    read = odometry_twist(bytes(serialize_message(message)))
    assert read == Measured(12.5, (0.5, -0.25, 1.5))


@pytest.mark.parametrize("frame", FRAMES)
def test_the_newest_ray_of_a_scan(frame):
    message = LaserScan(header=header(stamp_of(3.0), frame), time_increment=0.125)
    message.ranges = array.array("f", [1.0] * 5)
    assert newest_ray(bytes(serialize_message(message))).stamp == 3.5


@pytest.mark.parametrize("step", [float("nan"), -1.0, 1e9])
def test_a_senseless_time_between_rays_counts_as_none(step):
    message = LaserScan(header=header(stamp_of(3.0), "a"), time_increment=step)
    message.ranges = array.array("f", [1.0] * 5)
    assert newest_ray(bytes(serialize_message(message))).stamp == 3.0


def test_a_cloud():
    message = PointCloud2(header=header(stamp_of(3.25), "camera"))
    assert cloud_stamp(bytes(serialize_message(message))).stamp == 3.25


NOTHING = [b"", b"\0\1\0\0"]
NO_END = b"\0\1\0\0" + b"\xff" * 16


@pytest.mark.parametrize(
    ("read", "data"),
    [
        *((read, data) for read in (odometry_twist, newest_ray) for data in (*NOTHING, NO_END)),
        *((cloud_stamp, data) for data in NOTHING),
    ],
)
def test_what_is_no_message_is_refused(read, data):
    with pytest.raises(MessageError):
        read(data)
