import array
import struct

import numpy as np
import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import PointCloud2, PointField

from mme_ilqr_ros.nodes.clouds import circles_cloud, read_circles
from mme_ilqr_ros.nodes.conversions import MessageError

CIRCLES = np.array([[1.0, 2.0, 0.5, 0.25, -0.5], [-3.0, 0.0, 0.125, 0.0, 0.0]])
F4, F8, U1, U4 = PointField.FLOAT32, PointField.FLOAT64, PointField.UINT8, PointField.UINT32


def cloud(fields, rows, point_step, order="<", height=1, row_padding=0):
    """Build a cloud by hand: fields are (name, offset, datatype), rows are bytes."""
    message = PointCloud2(height=height, width=len(rows) // height, point_step=point_step)
    message.is_bigendian = order == ">"
    message.row_step = point_step * message.width + row_padding
    message.fields = [PointField(name=n, offset=o, datatype=d, count=1) for n, o, d in fields]
    data = b""
    for line in range(height):
        data += b"".join(rows[line * message.width : (line + 1) * message.width])
        data += b"\xff" * row_padding
    message.data = array.array("B", data)
    return message


def test_circles_come_back_from_their_message():
    assert np.array_equal(read_circles(circles_cloud(CIRCLES, Time(), "odom")), CIRCLES)


def test_the_message_describes_itself():
    message = circles_cloud(CIRCLES, Time(), "odom")
    names = [field.name for field in message.fields]
    assert names == ["x", "y", "z", "radius", "vx", "vy", "id"]
    kinds = [field.datatype for field in message.fields]
    assert kinds == [F4] * 6 + [U4]
    assert message.header.frame_id == "odom"


def test_no_circles_are_a_message_too():
    assert read_circles(circles_cloud(np.zeros((0, 5)), Time(), "odom")).shape == (0, 5)


def test_fields_may_come_in_any_order_type_and_padding():
    fields = [("intensity", 0, U1), ("radius", 1, F8), ("y", 12, F4), ("x", 16, F8)]
    rows = [struct.pack("<Bd3xfd4x", 9, 0.5, 2.0, 1.0), struct.pack("<Bd3xfd4x", 9, 1.5, 3.0, 4.0)]
    circles = read_circles(cloud(fields, rows, point_step=28))
    assert circles.tolist() == [[1.0, 2.0, 0.5, 0.0, 0.0], [4.0, 3.0, 1.5, 0.0, 0.0]]


def test_rows_of_a_cloud_may_be_padded_and_big_endian():
    fields = [("x", 0, F4), ("y", 4, F4), ("radius", 8, F4)]
    rows = [struct.pack(">fff", n, 0.0, 1.0) for n in range(4)]
    message = cloud(fields, rows, point_step=12, order=">", height=2, row_padding=5)
    assert read_circles(message)[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_cloud_without_radius_is_refused():
    fields = [("x", 0, F4), ("y", 4, F4), ("z", 8, F4)]
    message = cloud(fields, [struct.pack("<fff", 1, 2, 3)], point_step=12)
    with pytest.raises(MessageError, match=r"field radius is missing \(there are: x, y, z\)"):
        read_circles(message)


def test_a_cloud_that_is_too_short_is_refused():
    message = circles_cloud(CIRCLES, Time(), "odom")
    message.data = message.data[:-1]
    with pytest.raises(MessageError, match="55 bytes do not hold 1 x 2 points of 28 bytes"):
        read_circles(message)


@pytest.mark.parametrize("column", range(5))
def test_a_circle_that_is_not_finite_is_refused(column):
    circles = CIRCLES.copy()
    circles[1, column] = np.nan
    with pytest.raises(MessageError, match="row 1 is not finite"):
        read_circles(circles_cloud(circles, Time(), "odom"))


def test_a_negative_radius_is_refused():
    circles = CIRCLES.copy()
    circles[0, 2] = -1.0
    with pytest.raises(MessageError, match="radius = -1"):
        read_circles(circles_cloud(circles, Time(), "odom"))


HUGE = 2**32 - 1


@pytest.mark.parametrize(
    "change",
    [
        {"fields": [PointField(name=n, offset=o, datatype=F4) for n, o in OFFSETS]}
        for OFFSETS in (
            [("x", 2**31 - 1), ("y", 4), ("radius", 8)],  # numpy reads anywhere
            [("x", 0), ("y", 4), ("radius", 25)],
        )
    ]
    + [
        {"height": HUGE, "row_step": 0},  # rows in one place: 100 GB of circles
        {"width": HUGE, "point_step": HUGE},
        {"height": HUGE, "width": HUGE, "row_step": HUGE},
        {"data": array.array("B"), "width": HUGE},  # numpy takes any shape without data
        {"point_step": 0, "row_step": 0},
    ],
)
def test_a_cloud_that_leads_beyond_its_bytes_is_refused(change):
    message = circles_cloud(CIRCLES, Time(), "odom")
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError, match="obstacles: "):
        read_circles(message)
