"""Frames with the real tf2: the times of transforms, jumps of map -> odom, trees of frames."""

import math

import numpy as np
import pytest

pytest.importorskip("rclpy")
tf2_ros = pytest.importorskip("tf2_ros", reason="tf2 is not on PyPI; a ROS 2 distribution has it")

from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from sensor_msgs.msg import PointCloud2
from tf2_msgs.msg import TFMessage

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.planner_node import PlannerNode

TICK = 0.02  # s between two messages of odometry
HERE = Pose(0.0, 0.0, 0.0)


@pytest.fixture
def tree(bench):
    """Return Frames that listen, and what broadcasts to them."""
    frames = Frames(bench.node, ThrottledWarnings(bench.node.get_logger()))
    return frames, Tree(bench)


class Tree:
    """Broadcasts transforms as messages, so that a test can send what tf2's classes would not."""

    def __init__(self, bench):
        self.bench = bench
        self.moving = bench.publisher(TFMessage, "/tf")
        self.static = bench.publisher(TFMessage, "/tf_static", LATCHED)

    def now(self):
        return 1e-9 * self.bench.node.get_clock().now().nanoseconds

    def send(self, pose, parent, child, stamp=None):
        stamp = convert.stamp_of(self.now() if stamp is None else stamp)
        message = convert.transform_message(pose, stamp, parent, child)
        self.moving.publish(TFMessage(transforms=[message]))

    def fix(self, *links):
        """Send static links (pose, parent, child)."""
        stamp = convert.stamp_of(self.now())
        messages = [convert.transform_message(*link[:1], stamp, *link[1:]) for link in links]
        self.static.publish(TFMessage(transforms=messages))


def found(bench, frames, *query):
    """Return the pose as soon as it is known; None after half a second."""
    poses = []

    def known():
        poses.append(frames.pose_in(*query))
        return poses[-1] is not None

    bench.spin_until(known, 0.5)
    return poses[-1]


def test_a_pose_at_a_stamp_lies_between_those_before_and_after(bench, tree):
    frames, sent = tree
    now = sent.now()
    sent.send(Pose(1.0, 0.0, 0.0), "odom", "base_link", now - 0.2)
    sent.send(Pose(2.0, 0.0, 0.0), "odom", "base_link", now)
    assert bench.spin_until(lambda: (p := frames.pose_in("odom", "base_link", 1.0)) and p.x == 2.0)
    assert frames.pose_in("odom", "base_link", 1.0, now - 0.1).x == pytest.approx(1.5)


def test_a_stamp_beyond_the_newest_takes_that_within_the_tolerance_only(bench, tree, log):
    frames, sent = tree
    now = sent.now()
    sent.send(Pose(2.0, 0.0, 0.0), "odom", "base_link", now)
    assert found(bench, frames, "odom", "base_link", 0.5, now + 0.3).x == 2.0
    assert frames.pose_in("odom", "base_link", 0.5, now + 0.8) is None
    assert frames.pose_in("odom", "base_link", 0.5, now - 0.8) is None
    assert bench.spin_until(lambda: any("0.80 s from the stamp" in text for _, text in log))


def test_a_transform_that_stops_is_too_old_and_one_of_the_future_is_not(bench, tree, log):
    frames, sent = tree
    sent.send(HERE, "map", "odom", sent.now() - 3.0)
    assert found(bench, frames, "map", "odom", 60.0) == HERE
    assert frames.pose_in("map", "odom", 0.5) is None
    assert bench.spin_until(lambda: len(log) > 1)
    assert any("s old (transform_tolerance 0.5 s)" in text for _, text in log)
    sent.send(HERE, "map", "odom", sent.now() + 1.0)  # as AMCL does
    assert found(bench, frames, "map", "odom", 0.5) == HERE


def test_what_is_no_number_no_rotation_or_a_loop_gives_no_pose_and_a_line(bench, tree, log):
    frames, sent = tree
    sent.send(Pose(math.nan, 0.0, 0.0), "map", "nan")
    sent.send(HERE, "a", "b")
    sent.send(HERE, "b", "a")
    stamp = convert.stamp_of(sent.now())
    message = convert.transform_message(HERE, stamp, "map", "zero")
    message.transform.rotation.w = 0.0
    sent.moving.publish(TFMessage(transforms=[message]))
    for target, source in (("map", "nan"), ("map", "zero"), ("map", "a")):
        assert found(bench, frames, target, source, 0.5) is None
        assert any(f"no transform from '{source}' to '{target}'" in text for _, text in log)


def test_frames_of_two_robots_lie_apart_with_a_slash_in_front_or_without(bench, tree):
    frames, sent = tree
    sent.fix((Pose(0.3, 0.0, 0.0), "robot1/base_link", "robot1/base_scan"))
    sent.send(Pose(1.0, 0.0, 0.0), "robot1/odom", "robot1/base_link")
    sent.send(Pose(9.0, 0.0, 0.0), "robot2/odom", "robot2/base_link")
    assert found(bench, frames, "robot1/odom", "/robot1/base_scan", 9.0).x == pytest.approx(1.3)
    assert frames.pose_in("robot2/odom", "robot1/base_scan", 9.0) is None
    assert frames.is_mounted("robot1/base_scan", "robot1/base_link")
    assert not frames.is_mounted("robot1/odom", "robot1/base_link")


class Drive:
    """A controller that drives a robot in `odom`, localised in `map`, one executor for all."""

    def __init__(self, bench, **parameters):
        self.bench, self.tree = bench, Tree(bench)
        self.state, self.map_odom = RobotState(0.0, 0.0, 0.0), HERE
        self.tf_on, self.prefix = True, parameters.pop("prefix", "")
        given = {"use_map": False, "controller_frequency": 20.0, "ax_max": 4.0, **parameters}
        self.node = bench.add(ControllerNode, mme__n_modes=2, **given)
        self.commands, self.newest = [], Twist()
        bench.node.create_subscription(Twist, "cmd_vel", self._take, 10)
        self.odom = bench.publisher(Odometry, "odom")
        self.plan = bench.publisher(PathMessage, "plan", LATCHED)
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        self.obstacles = bench.publisher(PointCloud2, "obstacles")
        bench.node.create_timer(TICK, self._move)
        bench.connect(self.odom, self.obstacles)

    def _take(self, message):
        self.newest = message
        self.commands.append(message)

    def _move(self):
        vx, wz = self.newest.linear.x, self.newest.angular.z
        moved = RobotState(self.state.x, self.state.y, self.state.yaw, vx, wz).after(TICK)
        self.state = RobotState(moved.x, moved.y, moved.yaw, vx, wz)
        stamp = self.bench.node.get_clock().now().to_msg()
        odom, base = self.prefix + "odom", self.prefix + "base_link"
        self.tree.send(self.state.pose, odom, base)
        if self.tf_on:
            self.tree.send(self.map_odom, "map", odom)
        self.odom.publish(convert.odometry_message(self.state, stamp, odom, base))

    def send_plan(self, x, y):
        points = np.linspace((0.0, 0.0), (x, y), 20)
        stamp = self.bench.node.get_clock().now().to_msg()
        self.plan.publish(convert.path_message(points, np.zeros(20), stamp, "map"))

    def drives(self):
        return self.newest.linear.x > 0.3

    def place(self):
        """Return where the robot is in the map."""
        return self.map_odom.compose(self.state.pose)


def test_a_jump_of_the_localisation_moves_the_goal_and_not_the_command(bench):
    drive = Drive(bench)
    bench.connect(drive.plan)
    drive.send_plan(2.0, 0.0)
    assert bench.spin_until(lambda: drive.state.x > 0.5)
    drive.map_odom = Pose(-0.3, 0.3, 0.2)
    assert bench.spin_until(lambda: drive.node.goal_words.startswith("reached"), 15.0)
    speeds = np.array([message.linear.x for message in drive.commands])
    assert np.abs(np.diff(speeds)).max() <= 4.0 / 20.0 + 1e-6  # ax_max over a period
    place = drive.place()
    assert math.hypot(place.x - 2.0, place.y) < 0.35


def test_a_robot_whose_localisation_stops_brakes_and_drives_on_when_it_is_back(bench, log):
    drive = Drive(bench, transform_tolerance=0.3)
    bench.connect(drive.plan)
    drive.send_plan(9.0, 0.0)
    assert bench.spin_until(drive.drives)
    drive.tf_on = False
    assert bench.spin_until(lambda: drive.newest == Twist())
    assert any("no transform from 'map' to 'odom'; the robot brakes" in text for _, text in log)
    drive.tf_on = True
    assert bench.spin_until(drive.drives)


def test_a_goal_ahead_of_the_robot_stays_where_that_was(bench):
    drive = Drive(bench, use_plan=False, prefix="r1/", robot_base_frame="r1/base_link")
    bench.connect(drive.goal)
    drive.state = RobotState(1.0, 1.0, math.pi / 2)
    bench.spin_for(0.3)
    stamp = bench.node.get_clock().now().to_msg()
    drive.goal.publish(convert.pose_stamped(Pose(1.0, 0.0, 0.0), stamp, "r1/base_link"))
    assert bench.spin_until(lambda: drive.node.goal_words.startswith("reached"), 10.0)
    assert math.hypot(drive.state.x - 1.0, drive.state.y - 2.0) < 0.35


def test_obstacles_lie_where_the_sensor_was_when_it_saw_them(bench):
    """The robot turns at 1.5 rad/s, and the detector takes 0.3 s."""
    drive = Drive(bench, use_plan=False)
    drive.newest.angular.z = 1.5
    bench.spin_for(0.5)
    seen, stamp = drive.state, bench.node.get_clock().now().to_msg()
    circle = np.array([[2.0, 0.0, 0.3, 0.0, 0.0]])
    truth = seen.pose.transform([2.0, 0.0])
    bench.spin_for(0.3)
    drive.obstacles.publish(circles_cloud(circle, stamp, "base_link"))
    assert bench.spin_until(lambda: "obstacles" in drive.node._inputs.ages())
    circles = drive.node._inputs.snapshot(drive.node.now()).situation.circles
    assert circles[0, :2] == pytest.approx(truth, abs=0.1)


def test_the_planner_keeps_a_goal_ahead_of_the_robot_where_that_was(bench):
    planner = bench.add(PlannerNode, expected_planner_frequency=10.0)
    tree, at = Tree(bench), [Pose(1.0, 1.0, 0.0)]
    odom, goal = bench.publisher(Odometry, "odom"), bench.publisher(PoseStamped, "goal_pose")
    plans = bench.collect(PathMessage, "plan", LATCHED)
    world = bench.publisher(OccupancyGrid, "map", LATCHED)
    bench.connect(odom, goal, world)

    def move():
        stamp = bench.node.get_clock().now().to_msg()
        tree.send(at[0], "map", "base_link")
        state = RobotState(at[0].x, at[0].y, at[0].yaw)
        odom.publish(convert.odometry_message(state, stamp, "map", "base_link"))

    bench.node.create_timer(TICK, move)
    empty = GridMap.empty(8.0, 8.0, 0.1, HERE)
    world.publish(convert.occupancy_message(empty, convert.stamp_of(tree.now()), "map"))
    assert bench.spin_until(lambda: planner.is_ready)
    bench.spin_for(0.2)
    stamp = bench.node.get_clock().now().to_msg()
    goal.publish(convert.pose_stamped(Pose(3.0, 0.0, 0.0), stamp, "base_link"))
    assert bench.spin_until(lambda: plans and plans[-1].poses)
    at[0] = Pose(2.0, 3.0, 1.0)
    plans.clear()
    bench.spin_for(0.5)
    [end] = planner._placed[1]
    assert (end.x, end.y) == pytest.approx((4.0, 1.0), abs=0.05)
