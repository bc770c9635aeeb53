"""Scans and clouds on their way to a control cycle, and what was seen on its way out."""

import array
import math

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Transform
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.parameter import Parameter
from sensor_msgs.msg import LaserScan, PointCloud2, PointField
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.scan_message import Mount, cloud_value, scan_value
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.settings import SettingError

BEAMS = 360
STEP = 2.0 * math.pi / BEAMS


def scan_message(ranges, stamp=None):
    message = LaserScan()
    if stamp is not None:
        message.header.stamp = stamp
    message.header.frame_id = "base_link"
    message.angle_min, message.angle_increment = -math.pi, STEP
    message.angle_max = -math.pi + STEP * (len(ranges) - 1)
    message.range_min, message.range_max = 0.05, 8.0
    message.ranges = array.array("f", np.asarray(ranges, np.float32).tobytes())
    return message


def transform(x=0.0, y=0.0, z=0.0, quaternion=(0.0, 0.0, 0.0, 1.0)):
    result = Transform()
    result.translation.x, result.translation.y, result.translation.z = x, y, z
    q = result.rotation
    q.x, q.y, q.z, q.w = quaternion
    return result


def ends_of(scan):
    """Return where the rays of a scan end in the robot's frame."""
    local = scan.ranges[:, None] * np.stack([np.cos(scan.angles), np.sin(scan.angles)], axis=-1)
    return scan.mount.transform(local)


# ---- messages ----


def test_a_scanner_that_hangs_upside_down_sees_left_on_the_left():
    """Turned by half a turn about its x axis: what is measured at +90 degrees lies to the right."""
    ranges = np.full(BEAMS, np.nan)
    ranges[270] = 1.0  # at +90 degrees
    for quaternion, y in (((0.0, 0.0, 0.0, 1.0), 1.0), ((1.0, 0.0, 0.0, 0.0), -1.0)):
        mount = Mount.of(transform(x=0.2, quaternion=quaternion))
        scan, note = scan_value(scan_message(ranges), mount)
        assert note == ""
        assert ends_of(scan)[270] == pytest.approx([0.2, y], abs=1e-5)


def test_a_scanner_whose_plane_leans_is_refused():
    lean = (0.0, math.sin(0.2), 0.0, math.cos(0.2))
    with pytest.raises(convert.MessageError, match="leans by 23 degrees"):
        Mount.of(transform(quaternion=lean))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"angle_increment": math.nan}, "angle_increment is not finite"),
        ({"range_max": 0.01}, "range_min to range_max is 0.05 to 0.01 m"),
        ({"angle_max": 1.0}, "360 ranges do not fill 4.142 rad"),
    ],
)
def test_a_scan_whose_numbers_make_no_sense_is_refused(change, said):
    message = scan_message(np.ones(BEAMS))
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(convert.MessageError, match=said):
        scan_value(message, Mount(Pose(0.0, 0.0, 0.0)))


def test_an_angle_that_is_wrong_by_a_ray_is_mended_and_said():
    message = scan_message(np.ones(270))
    message.angle_max += STEP
    scan, note = scan_value(message, Mount(Pose(0.0, 0.0, 0.0)))
    assert scan.angles[-1] == pytest.approx(message.angle_max, abs=1e-5)
    assert "correct the driver" in note


def cloud(points):
    rows = np.zeros(len(points), np.dtype([(name, "<f4") for name in ("x", "y", "z")]))
    for name, column in zip("xyz", np.transpose(points), strict=True):
        rows[name] = column
    message = PointCloud2(height=1, width=len(points), point_step=12, row_step=12 * len(points))
    message.fields = [
        PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
        for k, name in enumerate("xyz")
    ]
    message.data = array.array("B", rows.tobytes())
    return message


def test_of_a_cloud_counts_what_is_as_high_as_obstacles_where_the_camera_looks():
    """An optical frame: z ahead, x to the right, y down; the camera is 1 m up, 0.3 m ahead."""
    mount = transform(x=0.3, z=1.0, quaternion=(-0.5, 0.5, -0.5, 0.5))
    points = [
        [0.0, 0.5, 2.0],  # 0.5 m up, 2.3 m ahead
        [-1.0, 0.9, 1.0],  # 0.1 m up, 1 m to the left
        [0.0, 1.0, 1.0],  # floor
        [0.0, -1.5, 1.5],  # 2.5 m up
        [0.0, math.nan, 3.0],
    ]
    scan = cloud_value(cloud(points), mount, 0.05, 2.0).fan()
    ends = ends_of(scan)[np.isfinite(scan.ranges)]
    assert len(ends) == 2
    for expected in ([2.3, 0.0], [1.3, 1.0]):
        assert np.hypot(*(ends - expected).T).min() < 0.02


@pytest.mark.parametrize(
    "values",
    [{"scan_topics": ("scan",), "scanner_poses": ("0 0",)}, {"scanner_poses": ("0 0 0",)}],
)
def test_poses_of_scanners_that_do_not_fit_are_refused(values):
    with pytest.raises(SettingError, match="scanner_poses"):
        ControllerNodeSettings(**values)


# ---- the node ----


class Stand:
    """A controller that drives by scans, and a robot in a room of 6 x 6 m."""

    def __init__(self, bench, **parameters):
        self.bench = bench
        values = {"scan_topics": ["scan"], "use_plan": False, "use_map": False, **parameters}
        self.node = bench.add(ControllerNode, mme__n_modes=3, **values)
        self.odom = bench.publisher(Odometry, "odom")
        self.scan = bench.publisher(LaserScan, "scan")
        bench.connect(self.odom, self.scan)
        bench.node.create_timer(0.05, self.send)
        assert bench.spin_until(lambda: self.node.lidar.grid() is not None)

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def send(self):
        angles = -math.pi + STEP * np.arange(BEAMS)
        rays = np.abs([np.cos(angles), np.sin(angles)]).max(axis=0)
        state = RobotState(0.0, 0.0, 0.0)
        self.odom.publish(convert.odometry_message(state, self.stamp(), "odom", "base_link"))
        self.scan.publish(scan_message(3.0 / rays, self.stamp()))

    def situation(self):
        snapshot = self.node._inputs.snapshot(self.node.now())
        return snapshot.situation, snapshot.missing


def test_what_is_seen_reaches_planners_and_people(bench):
    grids = bench.collect(OccupancyGrid, "evidence", LATCHED)
    told = bench.collect(DiagnosticArray, "diagnostics")
    drawn = bench.collect(MarkerArray, "controller/tracks")
    Stand(bench)
    assert bench.spin_until(lambda: grids and told and drawn)
    assert grids[-1].header.frame_id == "odom"
    grid = convert.grid_map(grids[-1])
    assert not grid.occupied[tuple(grid.cell_at([1.0, 1.0]))]
    ring = grid.centre_of(np.argwhere(grid.occupied))
    assert np.abs(ring).max(axis=1) == pytest.approx(3.0, abs=0.08)
    assert bench.spin_until(lambda: "evidence [MB]" in str(told[-1]))


def test_walls_of_a_cycle_are_those_that_were_seen(bench):
    stand = Stand(bench)
    situation, missing = stand.situation()
    assert missing == ""
    value, _ = situation.walls.value_and_gradient([[2.5, 0.0], [0.0, -2.7]])
    assert value == pytest.approx([0.5, 0.3], abs=0.03)
    assert len(situation.points) == 0  # none near the robot
    assert len(situation.unseen) == 0


def test_a_map_stands_only_where_nothing_was_seen(bench):
    occupied = np.zeros((100, 100), bool)
    occupied[:, 60] = True  # x in [1.0, 1.1]: seen to be free
    occupied[:, 83] = True  # x in [3.3, 3.4]: behind the wall that is seen
    stand = Stand(bench, use_map=True)
    assert stand.situation()[1] == "no map yet"
    maps = bench.publisher(OccupancyGrid, "map", LATCHED)
    grid = GridMap(occupied, 0.1, Pose(-5.0, -5.0, 0.0))
    maps.publish(convert.occupancy_message(grid, stand.stamp(), "map"))
    assert bench.spin_until(lambda: stand.situation()[1] == "")
    situation, _ = stand.situation()
    value, _ = situation.walls.value_and_gradient([[1.05, 0.0], [3.35, 0.0]])
    assert value[0] > 1.0
    assert value[1] < 0.0


def test_obstacles_that_are_told_count_beside_those_that_are_seen(bench):
    stand = Stand(bench)
    told = bench.publisher(PointCloud2, "obstacles")
    bench.connect(told)
    circle = np.array([[1.0, 0.5, 0.2, 0.3, 0.0]])
    told.publish(circles_cloud(circle, stand.stamp(), "odom"))
    assert bench.spin_until(lambda: len(stand.situation()[0].circles) == 1)
    assert stand.situation()[0].walls is not None


def test_another_perception_begins_anew_and_a_scanner_of_another_age_is_allowed(bench):
    stand = Stand(bench)
    changes = [
        Parameter("perception.clear_max", value=5.0),
        Parameter("scan_timeout", value=1.0),
    ]
    assert all(result.successful for result in stand.node.set_parameters(changes))
    assert stand.node.lidar.perception.settings.clear_max == 5.0
    assert bench.spin_until(lambda: stand.situation()[1] == "")


def test_two_sensors_at_one_place_are_two(bench):
    """A camera above a scanner: their stamps need not be in one order."""
    stand = Stand(bench, cloud_topics=["camera"])
    clouds = bench.publisher(PointCloud2, "camera")
    bench.connect(clouds)
    assert "no usable scan on 'camera' yet" in stand.situation()[1]

    def look():
        message = cloud([[0.6, 0.0, 0.5]])
        message.header.stamp, message.header.frame_id = stand.stamp(), "base_link"
        clouds.publish(message)

    bench.node.create_timer(0.1, look)
    assert bench.spin_until(lambda: stand.situation()[1] == "")
    situation, _ = stand.situation()
    assert np.hypot(*(situation.points - (0.6, 0.0)).T).min() < 0.02
    value, _ = situation.walls.value_and_gradient([[0.6, 0.3], [-2.5, 0.0]])
    assert value == pytest.approx([0.3, 0.5], abs=0.05)


def test_what_was_seen_is_forgotten_on_request_and_seen_again(bench):
    """Until the next scan the robot stands, and then its map is that of the newest scans alone."""
    stand = Stand(bench)
    stand.node._inputs.forget()
    situation, missing = stand.situation()
    assert missing == "no usable scan on 'scan' yet"
    assert situation.goal is None
    assert stand.node.lidar.grid() is None
    assert bench.spin_until(lambda: stand.situation()[1] == "")
    assert stand.node.lidar.grid().occupied.any()


class Told:
    """In the place of tf2: keeps what is sent."""

    sent: list

    def __init__(self, node):
        Told.sent = []

    def send(self, pose, stamp, parent, child):
        Told.sent.append((pose, parent, child))


def test_a_matcher_keeps_a_frame_of_its_own_and_says_where_the_odometry_lies_in_it(
    bench, monkeypatch
):
    monkeypatch.setattr("mme_ilqr_ros.nodes.evidence_publisher.TfOutput", Told)
    grids = bench.collect(OccupancyGrid, "evidence", LATCHED)
    stand = Stand(
        bench, perception__match=True, match_frame="found", publish_match_tf=True, scan_timeout=2.0
    )
    assert bench.spin_until(lambda: grids and Told.sent)
    assert grids[-1].header.frame_id == "found"
    assert Told.sent[-1][1:] == ("found", "odom")
    lidar = stand.node.lidar
    lidar.perception.correction = Pose(0.3, 0.0, 0.1)  # until the next scan
    snapshot = stand.node._inputs.snapshot(stand.node.now())
    assert snapshot.frame == "found"
    assert snapshot.situation.state.pose == Pose(0.3, 0.0, 0.1)
    assert lidar.pose_in("found", "odom") == Pose(0.3, 0.0, 0.1)
