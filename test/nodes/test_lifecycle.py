"""The states of planner and controller, changed through their services as a manager does."""

import shutil

import numpy as np
import pytest

pytest.importorskip("rclpy")

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, Twist
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from nav_msgs.srv import GetPlan

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.goal_life import ABORTED
from mme_ilqr_ros.nodes.node import LATCHED, LATCHED_NEWS
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.planning.weights import SHORTEST, checksum_file, find_weights

FREE = GridMap.empty(8.0, 8.0, 0.1, Pose(-2.0, -4.0, 0.0))
FAST = {"mme__n_modes": 2, "controller_frequency": 40.0}
QUIET = 0.15  # s, six periods of control


class Stand:
    """A bench with a map and a robot that stays at the origin: a command is an attempt to drive."""

    def __init__(self, bench):
        self.bench = bench
        self.commands = bench.collect(Twist, "cmd_vel")
        self.plans = bench.collect(PathMessage, "plan", LATCHED)
        self.news = bench.collect(GoalStatus, "goal_status", LATCHED_NEWS)
        self.odom = bench.publisher(Odometry, "odom")
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        self.map = bench.publisher(OccupancyGrid, "map", LATCHED)
        self.plan = bench.publisher(PathMessage, "plan", LATCHED)
        self.map.publish(convert.occupancy_message(FREE, self.stamp(), "odom"))
        bench.node.create_timer(0.02, self.send_odometry)

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def send_odometry(self):
        state = RobotState(0.0, 0.0, 0.0)
        self.odom.publish(convert.odometry_message(state, self.stamp(), "odom", "base_link"))

    def send_plan(self, x=3.0):
        points = np.array([(0.0, 0.0), (x, 0.0)])
        self.plan.publish(convert.path_message(points, np.zeros(2), self.stamp(), "odom"))

    def send_goal(self):
        self.goal.publish(convert.pose_stamped(Pose(3.0, 0.0, 0.0), self.stamp(), "odom"))

    def state(self, node):
        return self.bench.call(
            GetState, f"{node}/get_state", GetState.Request()
        ).current_state.label

    def change(self, node, *labels):
        """Ask for transitions, and return whether the last one succeeded."""
        for label in labels:
            request = ChangeState.Request(transition=Transition(label=label))
            response = self.bench.call(ChangeState, f"{node}/change_state", request)
        return response.success

    def drives(self):
        return self.bench.spin_until(lambda: self.commands and self.commands[-1].linear.x > 0.0)

    def is_quiet(self):
        """Return whether no command comes for a while."""
        self.commands.clear()
        self.bench.spin_for(QUIET)
        return self.commands == []

    def ends(self):
        """Return the status and number of the goals that have ended."""
        return [news.status for news in self.news if news.status > 2]


@pytest.fixture
def stand(bench):
    return Stand(bench)


def errors_of(log):
    return [text for level, text in log if level >= 40]


def test_a_node_starts_itself_by_default(bench, stand):
    node = bench.add(PlannerNode, kind="dijkstra")
    assert node.is_active
    assert stand.state("planner") == "active"


def test_a_managed_node_waits_and_can_be_started_again_and_again(bench, stand):
    node = bench.add(ControllerNode, **FAST, autostart_node=False)
    assert stand.state("controller") == "unconfigured"
    for _ in range(2):
        assert bench.node.count_publishers("cmd_vel") == 0
        assert stand.change("controller", "configure")
        assert stand.state("controller") == "inactive"
        assert bench.spin_until(lambda: node.is_ready)
        assert stand.is_quiet()
        assert stand.change("controller", "activate")
        assert stand.state("controller") == "active"
        stand.send_plan()
        assert stand.drives()
        assert stand.change("controller", "deactivate", "cleanup")
        assert stand.state("controller") == "unconfigured"
        assert bench.spin_until(lambda: bench.node.count_publishers("cmd_vel") == 0)
        assert bench.node.count_subscribers("plan") == 1  # that of the bench
    assert stand.change("controller", "shutdown")
    assert stand.state("controller") == "finalized"
    node.leave()  # as at the end of its process


def test_a_controller_that_is_deactivated_stops_the_robot_and_ends_the_goal(bench, stand):
    controller = bench.add(ControllerNode, **FAST)
    assert bench.spin_until(lambda: controller.is_ready)
    stand.send_plan()
    assert stand.drives()
    assert stand.change("controller", "deactivate")
    assert bench.spin_until(lambda: stand.commands[-1] == Twist())
    assert bench.spin_until(lambda: stand.ends() == [ABORTED])
    assert controller.goal_words == "aborted: the controller is not active"
    assert stand.is_quiet()
    stand.send_plan(2.0)
    assert bench.spin_until(lambda: stand.ends() == [ABORTED, ABORTED])
    assert stand.change("controller", "activate")
    assert stand.is_quiet()  # what came before is over
    stand.send_plan(1.5)
    assert stand.drives()


def test_shutdown_sends_zero(bench, stand):
    controller = bench.add(ControllerNode, **FAST)
    assert bench.spin_until(lambda: controller.is_ready)
    stand.send_plan()
    assert stand.drives()
    assert stand.change("controller", "shutdown")
    assert bench.spin_until(lambda: stand.commands[-1] == Twist())
    assert stand.is_quiet()


def test_a_controller_is_silenced_whatever_its_thread_is_doing(bench, stand):
    controller = bench.add(ControllerNode, **FAST)
    assert bench.spin_until(lambda: controller.is_ready)
    stand.send_plan()
    assert stand.drives()
    controller.silence()  # as the main thread does on a signal
    assert bench.spin_until(lambda: stand.commands[-1] == Twist())
    assert stand.is_quiet()


def test_an_inactive_planner_takes_no_goal_and_says_so(bench, stand, log):
    planner = bench.add(PlannerNode, kind="dijkstra")
    bench.connect(stand.goal)
    assert bench.spin_until(lambda: planner.is_ready)
    stand.send_goal()
    assert bench.spin_until(lambda: stand.plans)
    assert stand.change("planner", "deactivate")
    assert bench.spin_until(lambda: stand.ends() == [ABORTED])
    assert stand.plans[-1].poses == []
    stand.plans.clear()
    stand.send_goal()
    line = "goal_pose: not used; the planner is not active"
    assert bench.spin_until(lambda: line in [text for _, text in log])
    response = bench.call(GetPlan, "planner/make_plan", GetPlan.Request())
    assert response.plan.poses == []
    assert stand.plans == []
    assert stand.change("planner", "activate")
    stand.send_goal()
    assert bench.spin_until(lambda: stand.plans and stand.plans[-1].poses)


def test_a_node_that_cannot_be_configured_says_why_and_can_be_later(bench, stand, log, tmp_path):
    file = tmp_path / "own.safetensors"
    bench.add(PlannerNode, autostart_node=False, weights=str(file))
    assert not stand.change("planner", "configure")
    assert stand.state("planner") == "unconfigured"
    assert bench.spin_until(lambda: errors_of(log))
    (error,) = errors_of(log)
    assert str(file) in error
    assert "\n" not in error
    shipped = find_weights(SHORTEST)
    shutil.copy(shipped, file)
    shutil.copy(checksum_file(shipped), checksum_file(file))
    assert stand.change("planner", "configure", "activate")


def test_the_bond_of_a_lifecycle_manager_is_formed_and_broken(bench, stand):
    bondpy = pytest.importorskip("bondpy.bondpy")
    bench.add(PlannerNode, kind="dijkstra", autostart_node=False)
    assert stand.change("planner", "configure", "activate")
    bond = bondpy.Bond(bench.node, "bond", "planner")
    bond.start()
    assert bench.spin_until(lambda: bond.sister_instance_id is not None)
    assert stand.change("planner", "deactivate")
    assert bench.spin_until(lambda: bond.sister_died_first or bond.is_broken())
    bond.shutdown()
