import math
import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseWithCovarianceStamped, Twist, TwistStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.parameter import Parameter
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


def test_a_robot_may_be_told_nothing_but_scans_and_odometry(bench):
    scans = {name: bench.collect(LaserScanMessage, name, SENSOR) for name in ("scan", "scan_rear")}
    odometry = bench.collect(Odometry, "odom", SENSOR)
    for_monitors = bench.collect(PointCloud2, "simulator/obstacles", SENSOR)
    silent = {"publish_map": False, "publish_obstacles": False}
    bench.add(SimulatorNode, scan_rear__beams=90, scan_rear__rotation_time=0.1, **silent)
    assert bench.spin_until(lambda: all(scans.values()) and odometry and for_monitors)
    assert bench.node.count_publishers("map") == bench.node.count_publishers("obstacles") == 0
    assert np.allclose(read_circles(for_monitors[0])[:, :3], TRAP)
    rear = scans["scan_rear"][0]
    assert rear.header.frame_id == "base_scan_rear"
    assert rear.time_increment == pytest.approx(0.1 / 90)
    assert rear.scan_time == pytest.approx(0.1)


def test_a_scan_that_takes_time_is_stamped_with_its_first_ray(bench):
    scans = bench.collect(LaserScanMessage, "scan", SENSOR)
    node = bench.add(SimulatorNode, publish_clock=True, scan__rotation_time=0.1)
    assert bench.spin_until(lambda: len(scans) > 2)
    stamp = convert.seconds_of(scans[-1].header.stamp)
    assert stamp + 359 * scans[-1].time_increment <= node.simulator.time + 1e-6
    assert node.simulator.time - stamp > 0.09


def test_faults_can_be_set_while_it_runs(bench):
    scans = bench.collect(LaserScanMessage, "scan", SENSOR)
    node = bench.add(SimulatorNode)
    assert bench.spin_until(lambda: scans and np.isfinite(scans[-1].ranges).any())
    node.set_parameters([Parameter("scan.faults.dropout", value=1.0)])
    assert bench.spin_until(lambda: np.isinf(scans[-1].ranges).all())
    node.set_parameters([Parameter("scan.faults.dropout", value=0.0)])
    assert bench.spin_until(lambda: np.isfinite(scans[-1].ranges).any())


def test_the_clock_runs_as_fast_as_asked(bench):
    clocks = bench.collect(Clock, "/clock", SENSOR)
    bench.add(SimulatorNode, publish_clock=True, speed_factor=5.0)
    assert bench.spin_until(lambda: clocks)

    def speed():
        first, begun = convert.seconds_of(clocks[-1].clock), time.monotonic()
        assert bench.spin_until(lambda: convert.seconds_of(clocks[-1].clock) >= first + 2.5)
        return (convert.seconds_of(clocks[-1].clock) - first) / (time.monotonic() - begun)

    # A machine that does something else for a moment is slower; a wrong speed stays wrong.
    assert any(speed() == pytest.approx(5.0, rel=0.25) for _ in range(6))


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


def test_sensors_keep_their_time_while_the_simulator_is_late(bench):
    """A machine with other work to do makes messages late, not the robot's sensors uneven."""
    odometry = bench.collect(Odometry, "odom", SENSOR)
    scans = bench.collect(LaserScanMessage, "scan", SENSOR)
    bench.add(SimulatorNode, publish_clock=True)
    assert bench.spin_until(lambda: odometry and scans)
    time.sleep(0.35)
    assert bench.spin_until(lambda: len(odometry) > 30 and len(scans) > 6)
    for messages, period in ((odometry, 0.02), (scans, 0.1)):
        stamps = [convert.seconds_of(message.header.stamp) for message in messages]
        apart = np.diff(stamps) / period  # a busy middleware may drop one, never shift one
        np.testing.assert_allclose(apart, np.round(apart), atol=1e-3)


def test_two_simulators_in_one_domain_are_said_in_one_line_and_both_go_on(bench):
    odometry = bench.collect(Odometry, "odom", SENSOR)
    one, other, said = bench.add(SimulatorNode), bench.add(SimulatorNode), []
    one.warnings.warn = lambda topic, text: said.append(text)  # /rosout may not be heard yet
    assert bench.spin_until(lambda: said)
    assert said[0].startswith("/odom has 2 publishers: another simulator or robot is in this ROS")
    bench.remove(other)
    before = len(odometry)
    assert bench.spin_until(lambda: len(odometry) > before + 3)


def test_odometry_in_another_namespace_is_nobody_elses_business(bench):
    bench.publisher(Odometry, "robot2/odom")
    node = bench.add(SimulatorNode)
    assert bench.spin_until(lambda: node.count_publishers("/robot2/odom") == 1)
    node._look_around()
    assert not node.warnings._last
