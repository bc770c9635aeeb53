"""nav2's spin, backup, drive_on_heading and wait at the controller, with a robot that moves."""

import math

import numpy as np
import pytest

pytest.importorskip("rclpy")
actions = pytest.importorskip("nav2_msgs.action")

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rclpy.action import ActionClient
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.nav2.results import duration
from mme_ilqr_ros.nodes.node import STANDARD

DONE, ABORTED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_ABORTED
CANCELED = GoalStatus.STATUS_CANCELED
STEP = 0.02  # s
CODED = hasattr(actions.Spin.Result, "COLLISION_AHEAD")  # from Jazzy on


class Robot:
    """Does what the controller says, and a client of its actions."""

    def __init__(self, bench):
        self.bench, self.state = bench, RobotState(0.0, 0.0, 0.0)
        self.circles = as_circles([[9.0, 9.0, 0.1]])
        self.odom = bench.publisher(Odometry, "odom")
        self.cloud = bench.publisher(PointCloud2, "obstacles", STANDARD)
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        bench.node.create_subscription(Twist, "cmd_vel", self.take, STANDARD)
        parameters = {"mme__n_modes": 2, "use_map": False, "use_plan": False, "vx_min": -0.5}
        self.node = bench.add(ControllerNode, controller_frequency=40.0, **parameters)
        bench.node.create_timer(STEP, self.drive)
        assert bench.spin_until(lambda: self.node.is_ready)

    def take(self, message):
        x, y, yaw = self.state.x, self.state.y, self.state.yaw
        self.state = RobotState(x, y, yaw, message.linear.x, message.angular.z)

    def drive(self):
        self.state = self.state.after(STEP)
        stamp = self.bench.node.get_clock().now().to_msg()
        self.odom.publish(convert.odometry_message(self.state, stamp, "odom", "base_link"))
        self.cloud.publish(circles_cloud(self.circles, stamp, "odom"))

    def ask(self, name, kind, **request):
        """Send a goal to an action; return its handle and the list of its feedback."""
        client, feedback = ActionClient(self.bench.node, kind, name), []
        assert self.bench.spin_until(client.server_is_ready)
        message = kind.Goal(**{k: v for k, v in request.items() if k != "distance"})
        if "distance" in request:
            message.target.x = request["distance"]
        told = client.send_goal_async(message, feedback_callback=lambda m: feedback.append(m))
        assert self.bench.spin_until(told.done)
        return told.result(), feedback

    def end_of(self, handle):
        """Return the status and the result of a goal."""
        answer = handle.get_result_async()
        assert self.bench.spin_until(answer.done, 20.0)
        return answer.result().status, answer.result().result


def test_each_of_them_does_what_it_is_asked_for_and_ends_at_rest(bench):
    robot = Robot(bench)
    handle, feedback = robot.ask("spin", actions.Spin, target_yaw=1.0)
    status, result = robot.end_of(handle)
    assert status == DONE
    assert robot.state.yaw == pytest.approx(1.0, abs=0.15)
    assert 0.5 < max(m.feedback.angular_distance_traveled for m in feedback) <= 1.1
    assert result.total_elapsed_time.sec + 1e-9 * result.total_elapsed_time.nanosec > 0.5
    handle, _ = robot.ask("backup", actions.BackUp, distance=0.3, speed=0.3)
    assert robot.end_of(handle)[0] == DONE
    assert math.hypot(robot.state.x, robot.state.y) == pytest.approx(0.3, abs=0.05)
    handle, _ = robot.ask("drive_on_heading", actions.DriveOnHeading, distance=0.3, speed=0.3)
    assert robot.end_of(handle)[0] == DONE
    assert math.hypot(robot.state.x, robot.state.y) < 0.08
    handle, feedback = robot.ask("wait", actions.Wait, time=duration(0.5))
    assert robot.end_of(handle)[0] == DONE
    assert feedback
    assert robot.state.vx == robot.state.wz == 0.0


def test_something_in_the_way_ends_it_before_contact_and_says_so(bench):
    robot = Robot(bench)
    robot.circles = as_circles([[-0.7, 0.0, 0.2]])
    bench.spin_for(0.2)
    handle, _ = robot.ask("backup", actions.BackUp, distance=1.0, speed=0.3)
    status, result = robot.end_of(handle)
    assert status == ABORTED
    assert -0.3 < robot.state.x < 0.0
    if CODED:
        assert result.error_code == actions.BackUp.Result.COLLISION_AHEAD


def test_a_cancel_brakes_and_a_newer_one_or_a_goal_takes_the_place(bench):
    robot = Robot(bench)
    handle, _ = robot.ask("spin", actions.Spin, target_yaw=6.0)
    assert bench.spin_until(lambda: robot.state.wz > 0.3)
    cancelled = handle.cancel_goal_async()
    assert bench.spin_until(cancelled.done)
    assert robot.end_of(handle)[0] == CANCELED
    assert robot.state.wz == 0.0
    first, _ = robot.ask("spin", actions.Spin, target_yaw=6.0)
    second, _ = robot.ask("wait", actions.Wait, time=duration(0.3))
    assert robot.end_of(first)[0] == ABORTED
    assert robot.end_of(second)[0] == DONE
    third, _ = robot.ask("spin", actions.Spin, target_yaw=6.0)
    stamp = bench.node.get_clock().now().to_msg()
    robot.goal.publish(convert.pose_stamped(Pose(2.0, 0.0, 0.0), stamp, "odom"))
    assert robot.end_of(third)[0] == ABORTED
    assert bench.spin_until(lambda: robot.state.vx > 0.2)
    fourth, _ = robot.ask("spin", actions.Spin, target_yaw=1.0)
    assert robot.end_of(fourth)[0] == ABORTED
    assert bench.spin_until(lambda: robot.node.goal_words == "driving")


@pytest.mark.parametrize(
    ("name", "kind", "asked", "code"),
    [
        ("spin", "Spin", {"target_yaw": math.nan}, "UNKNOWN"),
        ("backup", "BackUp", {"distance": 0.5, "speed": 0.0}, "INVALID_INPUT"),
        ("drive_on_heading", "DriveOnHeading", {"distance": 0.5, "speed": -0.1}, "INVALID_INPUT"),
        ("drive_on_heading", "DriveOnHeading", {"distance": 3.0, "speed": 0.1}, "TIMEOUT"),
    ],
)
def test_a_request_that_cannot_be_done_is_aborted_with_its_code(bench, name, kind, asked, code):
    robot = Robot(bench)
    allowance = {} if kind == "Wait" else {"time_allowance": duration(0.5)}
    told = getattr(actions, kind)
    status, result = robot.end_of(robot.ask(name, told, **asked, **allowance)[0])
    assert status == ABORTED
    if CODED:
        assert result.error_code == getattr(told.Result, code)
    assert np.isfinite([robot.state.x, robot.state.yaw]).all()
