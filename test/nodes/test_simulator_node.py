import math
import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseWithCovarianceStamped, Twist, TwistStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import LaserScan as LaserScanMessage
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.clouds import read_circles
from mme_ilqr_ros.nodes.node import LATCHED, SENSOR
from mme_ilqr_ros.nodes.simulator_node import SimulatorNode, scan_message
from mme_ilqr_ros.simulation.scanner import LaserScan
from mme_ilqr_ros.simulation.scenario import ScenarioError

TRAP = np.array([[2.0, 0.95, 0.6], [2.0, -0.95, 0.6], [2.9, 0.0, 0.5]])


def command(vx, wz=0.0):
    return convert.twist_message(vx, wz)


def test_map_and_obstacles_are_those_of_the_scenario(bench):
    maps = bench.collect(OccupancyGrid, "map", LATCHED)
    clouds = bench.collect(PointCloud2, "obstacles", SENSOR)
    bench.add(SimulatorNode, scenario="trap")
    assert bench.spin_until(lambda: maps and clouds)
    assert not convert.grid_map(maps[0]).occupied.any()
    circles = read_circles(clouds[0])
    assert np.allclose(circles[:, :3], TRAP)
    assert clouds[0].header.frame_id == "odom"


def test_a_late_subscriber_still_gets_the_map(bench):
    odometry = bench.collect(Odometry, "odom", SENSOR)
    bench.add(SimulatorNode)
    assert bench.spin_until(lambda: odometry)
    maps = bench.collect(OccupancyGrid, "map", LATCHED)
    assert bench.spin_until(lambda: maps)


def test_the_robot_follows_commands_and_stops_without_them(bench):
    odometry = bench.collect(Odometry, "odom", SENSOR)
    bench.add(SimulatorNode, cmd_vel_timeout=0.3)
    publisher = bench.publisher(Twist, "cmd_vel")
    bench.connect(publisher)
    timer = bench.node.create_timer(0.05, lambda: publisher.publish(command(0.5)))
    assert bench.spin_until(lambda: odometry and odometry[-1].twist.twist.linear.x > 0.45)
    bench.node.destroy_timer(timer)
    assert bench.spin_until(lambda: odometry[-1].twist.twist.linear.x < 0.01)
    assert odometry[-1].pose.pose.position.x > 0.1


def test_odometry_comes_at_its_rate(bench):
    odometry = bench.collect(Odometry, "odom", SENSOR)
    bench.add(SimulatorNode, odom_publish_dur=0.05)
    assert bench.spin_until(lambda: len(odometry) >= 12)
    stamps = [convert.seconds_of(message.header.stamp) for message in odometry]
    assert np.median(np.diff(stamps)) == pytest.approx(0.05, abs=0.015)


def test_a_command_that_is_not_finite_stops_the_robot_in_one_clear_line(bench, log):
    node = bench.add(SimulatorNode, cmd_vel_timeout=10.0)
    publisher = bench.publisher(Twist, "cmd_vel")
    bench.connect(publisher)
    bad = Twist()
    bad.linear.x = math.nan
    publisher.publish(command(1.0))
    assert bench.spin_until(lambda: node.simulator.state.vx > 0.2)
    publisher.publish(bad)
    assert bench.spin_until(lambda: any(level >= 30 for level, _ in log))
    assert [text for level, text in log if level >= 30] == [
        "cmd_vel is not finite; the robot stops"
    ]
    assert bench.spin_until(lambda: node.simulator.state.vx < 0.01, seconds=5.0)
    assert node.simulator.state.is_finite()


def test_commands_may_be_stamped(bench):
    odometry = bench.collect(Odometry, "odom", SENSOR)
    bench.add(SimulatorNode, enable_stamped_cmd_vel=True)
    publisher = bench.publisher(TwistStamped, "cmd_vel")
    bench.connect(publisher)
    publisher.publish(TwistStamped(twist=command(0.5)))
    assert bench.spin_until(lambda: odometry and odometry[-1].twist.twist.linear.x > 0.3)


def test_a_collision_is_latched_and_ends_with_a_reset(bench):
    collisions = bench.collect(Bool, "simulator/collision", LATCHED)
    node = bench.add(SimulatorNode)
    publisher = bench.publisher(PoseWithCovarianceStamped, "initialpose")
    bench.connect(publisher)
    assert bench.spin_until(lambda: collisions and not collisions[-1].data)
    message = PoseWithCovarianceStamped()
    message.pose.pose = convert.pose_message(Pose(2.0, 0.95, 0.0))
    publisher.publish(message)
    assert bench.spin_until(lambda: collisions[-1].data)
    late = bench.collect(Bool, "simulator/collision", LATCHED)
    assert bench.spin_until(lambda: late and late[0].data)
    assert bench.call(Trigger, "simulator/reset", Trigger.Request()).success
    assert bench.spin_until(lambda: not collisions[-1].data)
    assert node.simulator.state.position.tolist() == [0.0, 0.0]


def test_an_initial_pose_that_is_not_finite_is_refused(bench, log):
    node = bench.add(SimulatorNode)
    publisher = bench.publisher(PoseWithCovarianceStamped, "initialpose")
    bench.connect(publisher)
    message = PoseWithCovarianceStamped()
    message.pose.pose.position.x = math.inf
    publisher.publish(message)
    assert bench.spin_until(lambda: any("initialpose is not finite" in text for _, text in log))
    assert node.simulator.state.is_finite()


def test_scan_and_markers_are_published_for_whom_they_interest(bench):
    scans = bench.collect(LaserScanMessage, "scan", SENSOR)
    markers = bench.collect(MarkerArray, "simulator/markers")
    bench.add(SimulatorNode, scan__beams=90)
    assert bench.spin_until(lambda: scans and markers)
    assert len(scans[0].ranges) == 90
    straight_ahead = scans[0].ranges[45]  # the trap's last circle, from (0, 0)
    assert straight_ahead == pytest.approx(2.4, abs=0.1)


def test_the_clock_runs_as_fast_as_asked(bench):
    clocks = bench.collect(Clock, "/clock", SENSOR)
    bench.add(SimulatorNode, publish_clock=True, speed_factor=5.0)
    assert bench.spin_until(lambda: clocks)
    first, begun = convert.seconds_of(clocks[-1].clock), time.monotonic()
    assert bench.spin_until(lambda: convert.seconds_of(clocks[-1].clock) >= first + 2.5)
    passed = convert.seconds_of(clocks[-1].clock) - first
    assert passed == pytest.approx(5.0 * (time.monotonic() - begun), rel=0.25)


def test_a_malformed_scenario_ends_the_start_with_one_line(bench, tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text("name: broken\nstart: [0, 0, 0]\n")
    with pytest.raises(ScenarioError, match=r"broken\.yaml.*goal"):
        bench.add(SimulatorNode, scenario=str(file))


def test_a_scenario_that_does_not_exist_names_the_nearest(bench):
    with pytest.raises(ScenarioError, match="did you mean 'forest'"):
        bench.add(SimulatorNode, scenario="forrest")


def test_a_beam_without_return_is_infinite():
    scan = LaserScan(-1.0, 2.0, 0.1, np.float64(9.0), np.array([1.0, np.inf]))
    message = scan_message(scan, 1, convert.stamp_of(1.0), "laser")
    assert message.ranges[1] == math.inf
    assert message.angle_max == pytest.approx(1.0)
