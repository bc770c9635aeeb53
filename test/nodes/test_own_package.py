"""The example package's robot and costs in the real controller node."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rclpy.parameter import Parameter

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.settings import SettingError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "my_robot_package"
CHOICE = {
    "robot": "my_robot.robots:Trailer",
    "extra_costs": ["my_robot.costs:KeepRight", "my_robot.costs:StraightTrailer"],
    "costs__keep_right__weight": 0.0,
    "costs__keep_right__line_y": -0.8,
    "use_plan": False,
    "use_map": False,
}
PERIOD = 0.1


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))


def test_it_drives_and_keeps_right_when_told_to_while_it_drives(bench):
    node = bench.add(ControllerNode, mme__n_modes=3, **CHOICE)
    assert node.get_parameter("trailer.length").value == 0.5
    described = node.describe_parameter("costs.keep_right.weight")
    assert "left of the line. [1/(m s)]" in described.description
    refused = node.set_parameters([Parameter("costs.keep_right.weight", value=-1.0)])[0]
    assert "must lie at or above 0.0" in refused.reason
    assert not node.set_parameters([Parameter("trailer.length", value=1.0)])[0].successful

    commands = bench.collect(Twist, "cmd_vel")
    odom, goal = bench.publisher(Odometry, "odom"), bench.publisher(PoseStamped, "goal_pose")
    bench.connect(odom, goal)
    state = RobotState(0.0, 0.0, 0.0)

    def stamp():
        return bench.node.get_clock().now().to_msg()

    def drive(seconds, arrived=lambda: False):
        """Follow the newest command, with the time of the real clock."""
        nonlocal state
        for _ in range(round(seconds / PERIOD)):
            if arrived():
                return
            odom.publish(convert.odometry_message(state, stamp(), "odom", "base_link"))
            bench.spin_for(PERIOD)
            vx, wz = (commands[-1].linear.x, commands[-1].angular.z) if commands else (0.0, 0.0)
            pose = state.pose.compose(Pose(PERIOD * vx, 0.0, PERIOD * wz))
            state = RobotState(pose.x, pose.y, pose.yaw, vx, wz)

    drive(0.3)
    goal.publish(convert.pose_stamped(Pose(30.0, 0.0, 0.0), stamp(), "odom"))
    drive(2.0, lambda: state.x > 0.5)
    assert state.x > 0.5
    assert abs(state.y) < 0.2
    assert node.set_parameters([Parameter("costs.keep_right.weight", value=5.0)])[0].successful
    drive(4.0, lambda: state.y < -0.4)
    assert state.y < -0.4


def test_a_class_that_cannot_be_loaded_ends_the_node_in_one_line(bench):
    with pytest.raises(SettingError, match="extra_costs = 'nowhere:Cost': cannot import it"):
        bench.add(ControllerNode, **{**CHOICE, "extra_costs": ["nowhere:Cost"]})
