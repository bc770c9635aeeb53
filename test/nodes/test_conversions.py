import math

import numpy as np
import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose as PoseMessage
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.conversions import MessageError

STAMP = Time(sec=12, nanosec=345_000_000)
RNG = np.random.default_rng(7)


def same_pose(a, b):
    return np.allclose(
        [a.x, a.y, math.sin(a.yaw), math.cos(a.yaw)], [b.x, b.y, math.sin(b.yaw), math.cos(b.yaw)]
    )


def test_stamps_keep_their_nanoseconds():
    assert convert.seconds_of(STAMP) == pytest.approx(12.345, abs=1e-12)
    assert convert.stamp_of(12.345) == STAMP
    assert convert.stamp_of(2.9999999999) == Time(sec=3, nanosec=0)


@pytest.mark.parametrize("yaw", [0.0, 1.0, -3.0, math.pi])
def test_a_pose_comes_back_from_its_message(yaw):
    pose = Pose(1.5, -2.0, yaw)
    assert same_pose(convert.pose_value(convert.pose_message(pose)), pose)
    transform = convert.transform_message(pose, STAMP, "map", "odom")
    assert same_pose(convert.transform_pose(transform.transform), pose)


def test_numpy_scalars_become_python_floats():
    """ROS_PYTHON_CHECK_FIELDS makes every one of these fail if a cast is missing."""
    numbers = RNG.normal(size=5)
    convert.odometry_message(RobotState(*numbers), STAMP, "odom", "base_link")
    convert.twist_message(np.float32(1.0), 2)
    convert.path_message(RNG.normal(size=(3, 2)), RNG.normal(size=3), STAMP, "map")


def test_odometry_comes_back_from_its_message():
    state = RobotState(1.0, 2.0, 0.5, 0.7, -0.3, vy=0.2)
    message = convert.odometry_message(state, STAMP, "odom", "base_link")
    assert (message.header.frame_id, message.child_frame_id) == ("odom", "base_link")
    back = convert.robot_state(message)
    assert np.allclose(back.as_array(), state.as_array())
    assert back.vy == state.vy


@pytest.mark.parametrize("field", ["position.x", "orientation.w"])
def test_a_pose_that_is_not_finite_is_refused(field):
    message = PoseMessage()
    part, axis = field.split(".")
    setattr(getattr(message, part), axis, math.nan)
    with pytest.raises(MessageError, match="goal_pose is not finite"):
        convert.pose_value(message, "goal_pose")


def test_odometry_that_is_not_finite_is_refused():
    message = Odometry()
    message.pose.pose.orientation.w = 1.0
    message.twist.twist.angular.z = math.inf
    with pytest.raises(MessageError, match="odom: twist is not finite"):
        convert.robot_state(message)


@pytest.mark.parametrize("command", [(math.nan, 1.0), (1.0, math.inf), (np.float64("nan"), 0.0)])
def test_a_command_that_is_not_finite_becomes_a_stop(command):
    twist = convert.twist_message(*command)
    assert (twist.linear.x, twist.angular.z) == (0.0, 0.0)


def some_map():
    occupied = RNG.random((4, 7)) < 0.3
    unknown = ~occupied & (RNG.random((4, 7)) < 0.3)
    return GridMap(occupied, 0.25, Pose(-1.0, 2.0, 0.4), unknown)


def test_a_map_comes_back_from_its_message():
    grid = some_map()
    message = convert.occupancy_message(grid, STAMP, "map")
    assert (message.info.height, message.info.width) == (4, 7)
    back = convert.grid_map(message)
    assert np.array_equal(back.occupied, grid.occupied)
    assert np.array_equal(back.unknown, grid.unknown)
    assert same_pose(back.origin, grid.origin)
    assert back.resolution == pytest.approx(0.25)


def test_the_cells_of_a_map_are_in_the_order_of_the_message():
    """OccupancyGrid is row by row from the origin: cell (row 1, column 0) is data[width]."""
    occupied = np.zeros((2, 3), bool)
    occupied[1, 0] = True
    message = convert.occupancy_message(GridMap(occupied, 1.0, Pose(0, 0, 0)), STAMP, "map")
    assert list(message.data) == [0, 0, 0, 100, 0, 0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"width": 6}, "28 cells of data do not fill 4 rows x 6 columns"),
        ({"resolution": 0.0}, "resolution"),
        ({"resolution": math.nan}, "resolution"),
    ],
)
def test_a_map_of_the_wrong_size_is_refused(change, complaint):
    message = convert.occupancy_message(some_map(), STAMP, "map")
    for name, value in change.items():
        setattr(message.info, name, value)
    with pytest.raises(MessageError, match=complaint):
        convert.grid_map(message)


def test_an_empty_map_is_refused():
    with pytest.raises(MessageError, match="the map is empty"):
        convert.grid_map(OccupancyGrid())


def test_a_map_of_unknown_cells_only_is_refused():
    message = convert.occupancy_message(some_map(), STAMP, "map")
    message.data = [-1] * 28
    with pytest.raises(MessageError, match="all 28 cells are unknown"):
        convert.grid_map(message)


def test_a_path_comes_back_from_its_message():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])
    message = convert.path_message(points, np.zeros(3), STAMP, "map")
    assert np.allclose(convert.path_value(message).points, points)


def test_an_empty_path_means_that_there_is_no_plan():
    assert convert.path_value(PathMessage()) is None


def test_a_path_with_nan_is_refused():
    message = convert.path_message(np.array([[0.0, 0.0], [math.nan, 1.0]]), np.zeros(2), STAMP, "m")
    with pytest.raises(MessageError, match="plan: path: point 1 is not finite"):
        convert.path_value(message)


def test_the_cost_to_go_is_0_at_the_goal_98_at_the_far_end_and_100_where_nothing_leads():
    field = np.array([[0.0, 2.0], [4.0, np.inf]], dtype=np.float32)
    message = convert.cost_to_go_message(CostToGo(field, 1.0, Pose(0, 0, 0)), STAMP, "map")
    assert list(message.data) == [0, 49, 98, 100]


def test_a_stamp_beyond_the_last_second_is_the_last():
    late = Time(sec=2**31 - 1, nanosec=2**32 - 1)
    assert convert.exact_stamp(convert.nanoseconds(late) + 1).sec == 2**31 - 1


@pytest.mark.parametrize(("x", "vx"), [(1e9, 0.0), (1e300, 0.0), (0.0, 1e308), (0.0, -1e6)])
def test_odometry_that_no_robot_has_is_refused(x, vx):
    message = convert.odometry_message(RobotState(0.0, 0.0, 0.0), Time(), "odom", "base_link")
    message.pose.pose.position.x, message.twist.twist.linear.x = x, vx
    with pytest.raises(convert.MessageError, match=r"odom: .* is not within"):
        convert.robot_state(message)
