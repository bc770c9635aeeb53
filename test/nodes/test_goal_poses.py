"""Goals through poses by a topic: there and back in the simulator, and what is no goal."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from action_msgs.msg import GoalStatus
from nav_msgs.msg import Odometry
from nav_msgs.msg import Path as PathMessage

from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.goal_life import CANCELLED, REACHED
from mme_ilqr_ros.nodes.node import LATCHED_NEWS, SENSOR
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.nodes.simulator_node import SimulatorNode

WORLD = "name: there and back\nstart: [0.0, 0.0, 0.0]\ngoal: [2.0, 0.0]\ntimeout: 60.0\n"
REACH = 0.4  # m


@pytest.fixture
def run(bench, tmp_path):
    """Return places of the robot, news of goals, and a function that sends poses."""
    file = tmp_path / "world.yaml"
    file.write_text(WORLD)
    bench.add(SimulatorNode, scenario=str(file))
    planner = bench.add(PlannerNode, kind="dijkstra", via_radius=REACH)
    bench.add(ControllerNode, mme__n_modes=2, guidance="cost_to_go", xy_goal_tolerance=0.15)
    places, news = [], bench.collect(GoalStatus, "goal_status", LATCHED_NEWS)

    def note(message):
        places.append((message.pose.pose.position.x, message.pose.pose.position.y))

    bench.node.create_subscription(Odometry, "odom", note, SENSOR)
    publisher = bench.publisher(PathMessage, "goal_poses")
    bench.connect(publisher)
    assert bench.spin_until(lambda: planner.is_ready and places)

    def send(*points):
        points = np.array(points, float).reshape(-1, 2)
        stamp = bench.node.get_clock().now().to_msg()
        publisher.publish(convert.path_message(points, np.zeros(len(points)), stamp, "map"))

    return places, news, send


def test_there_and_back_passes_the_pose_and_ends_at_the_start(bench, run):
    places, news, send = run
    send((1.5, 0.0), (0.0, 0.0))
    assert bench.spin_until(lambda: news and news[-1].status == REACHED, 60.0)
    away = np.hypot(*(np.array(places) - (1.5, 0.0)).T)
    assert away.min() < REACH
    assert np.hypot(*places[-1]) < 0.3


def test_poses_that_are_none_are_refused_and_no_poses_cancel(bench, run, log):
    _, news, send = run
    send((1.0, 0.0), (float("nan"), 0.0))
    said = "goal_poses: pose 2 is not finite; this goal is not used"
    assert bench.spin_until(lambda: any(text == said for _, text in log))
    assert news == []
    send((1.5, 0.0), (1.5, 1.5))
    assert bench.spin_until(lambda: news)
    send()
    assert bench.spin_until(lambda: news[-1].status == CANCELLED)
