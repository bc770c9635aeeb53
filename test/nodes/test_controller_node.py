"""The controller node on a bench: what comes in is made by hand, what comes out is looked at."""

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.control.result import ControlStatus
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.cdr import OdometryMessage
from mme_ilqr_ros.nodes.clouds import circles_cloud, cost_to_go_cloud
from mme_ilqr_ros.nodes.controller_inputs import ControllerInputs
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.markers import read_candidates
from mme_ilqr_ros.nodes.node import LATCHED, SENSOR
from mme_ilqr_ros.nodes.plan_message import read_plan

FREE = GridMap.empty(20.0, 20.0, 0.1, Pose(-10.0, -10.0, 0.0))
STRAIGHT = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [4.0, 0.0]])


FAST = {"controller_frequency": 40.0, "ax_max": 4.0}  # less to wait for


class Stand:
    """A controller node and everything around it; odometry comes by itself while `odom_on`."""

    def __init__(self, bench, *, with_map=True, **parameters):
        self.bench = bench
        self.node = bench.add(ControllerNode, mme__n_modes=3, **FAST, **parameters)
        self.state = RobotState(0.0, 0.0, 0.0)
        self.odom_on = True
        stamped = parameters.get("enable_stamped_cmd_vel", False)
        self.commands = bench.collect(TwistStamped if stamped else Twist, "cmd_vel")
        self.odom = bench.publisher(Odometry, "odom")
        self.plan = bench.publisher(PathMessage, "plan", LATCHED)
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        self.obstacles = bench.publisher(PointCloud2, "obstacles")
        self.map = bench.publisher(OccupancyGrid, "map", LATCHED)
        bench.node.create_timer(0.02, self._publish_odometry)
        bench.connect(self.odom, self.goal, self.obstacles, self.map)
        if with_map:
            self.send_map()
        arrived = bench.collect(Odometry, "odom", SENSOR)
        assert bench.spin_until(lambda: len(arrived) > 2)  # behind the map

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def _publish_odometry(self):
        if self.odom_on:
            message = convert.odometry_message(self.state, self.stamp(), "odom", "base_link")
            self.odom.publish(message)

    def send_map(self):
        self.map.publish(convert.occupancy_message(FREE, self.stamp(), "map"))

    def send_plan(self, points):
        points = np.asarray(points, dtype=float).reshape(-1, 2)
        self.plan.publish(convert.path_message(points, np.zeros(len(points)), self.stamp(), "map"))

    def send_goal(self, x, y):
        self.goal.publish(convert.pose_stamped(Pose(x, y, 0.0), self.stamp(), "map"))

    def send_obstacles(self, circles):
        self.obstacles.publish(
            circles_cloud(np.asarray(circles, dtype=float), self.stamp(), "odom")
        )

    def drives(self):
        return self.bench.spin_until(lambda: self.commands and self.commands[-1].linear.x > 0.3)

    def brakes(self):
        """Return whether a stop comes, and stays the newest command for some more cycles."""
        stop = Twist()
        came = self.bench.spin_until(lambda: self.commands and self.commands[-1] == stop)
        self.bench.spin_for(4.0 / FAST["controller_frequency"])
        return came and self.commands[-1] == stop


def warnings_of(log):
    return [text for level, text in log if level >= 30]


def all_finite(commands):
    return all(
        math.isfinite(value)
        for command in commands
        for vector in (command.linear, command.angular)
        for value in (vector.x, vector.y, vector.z)
    )


def test_without_a_goal_cmd_vel_is_left_to_others(bench):
    stand = Stand(bench)
    bench.spin_for(0.2)
    assert stand.commands == []


def test_it_follows_a_plan(bench):
    stand = Stand(bench)
    stand.send_plan(STRAIGHT)
    assert stand.drives()


def test_without_a_planner_it_heads_for_the_goal_itself(bench):
    stand = Stand(bench, use_plan=False)
    stand.send_goal(4.0, 0.0)
    assert stand.drives()


@pytest.mark.parametrize("guidance", ["path", "cost_to_go"])
def test_guidance_without_a_planner_is_ignored_and_the_node_says_so(bench, log, guidance):
    stand = Stand(bench, use_plan=False, guidance=guidance)
    stand.send_goal(4.0, 0.0)
    assert stand.drives()
    line = 'guidance: "cost_to_go" is ignored with use_plan: false'
    assert warnings_of(log) == ([line] if guidance == "cost_to_go" else [])


def test_commands_carry_a_stamp_when_asked_to(bench):
    stand = Stand(bench, enable_stamped_cmd_vel=True)
    stand.send_plan(STRAIGHT)
    assert bench.spin_until(lambda: stand.commands and stand.commands[-1].twist.linear.x > 0.3)
    assert stand.commands[-1].header.frame_id == "base_link"


def test_a_robot_that_slides_is_told_to(bench):
    stand = Stand(bench, use_plan=False, motion_model="omni")
    stand.send_goal(0.0, 4.0)
    assert bench.spin_until(lambda: stand.commands and stand.commands[-1].linear.y > 0.2)


def test_a_plan_with_nan_stops_the_robot_in_one_clear_line(bench, log):
    stand = Stand(bench)
    stand.send_plan(STRAIGHT)
    assert stand.drives()
    stand.send_plan([[0.0, 0.0], [math.nan, 0.0]])
    assert stand.brakes()
    assert warnings_of(log) == [
        "plan: path: point 1 is not finite: [nan, 0.0]; this message is not used"
    ]
    assert all_finite(stand.commands)


def test_an_empty_plan_stops_the_robot(bench):
    stand = Stand(bench)
    stand.send_plan(STRAIGHT)
    assert stand.drives()
    stand.send_plan([])
    assert stand.brakes()


def test_odometry_that_stops_stops_the_robot_in_one_clear_line(bench, log):
    stand = Stand(bench, odom_timeout=0.3)
    stand.send_plan(STRAIGHT)
    assert stand.drives()
    stand.odom_on = False
    assert stand.brakes()
    (line,) = warnings_of(log)
    assert line.startswith("odometry stopped 0.")
    assert line.endswith("s ago; zero command")
    stand.odom_on = True
    assert stand.drives()


def test_odometry_that_is_not_finite_is_not_used(bench, log):
    stand = Stand(bench, odom_timeout=0.3)
    stand.send_plan(STRAIGHT)
    assert stand.drives()
    stand.state = RobotState(0.0, math.nan, 0.0)
    assert stand.brakes()
    assert "odom: pose is not finite; this message is not used" in warnings_of(log)
    assert all_finite(stand.commands)


def test_odometry_that_cannot_be_true_stops_the_robot_in_one_line_until_it_is(bench, log):
    stand = Stand(bench)
    stand.send_plan(STRAIGHT)
    assert bench.spin_until(lambda: any(c.linear.x > 0.05 for c in stand.commands))
    stand.state = RobotState(0.0, 0.0, 0.0, vx=500.0)
    said = "measured vx = 500 m/s is beyond 10 x the limit of 1 m/s, braking"
    assert bench.spin_until(lambda: said in [text for _, text in log])
    assert bench.spin_until(lambda: stand.commands[-1].linear.x == 0.0)
    stand.state = RobotState(0.0, 0.0, 0.0)
    assert bench.spin_until(lambda: stand.commands[-1].linear.x > 0.05)


def test_a_transform_that_leads_nowhere_is_said_and_the_robot_brakes(bench):
    class Nowhere:
        def pose_in(self, target, source, tolerance, stamp):
            return Pose(math.inf, 0.0, 0.0)

    node = bench.add(ControllerNode, mme__n_modes=3)
    inputs = ControllerInputs(Nowhere(), node.warnings, node.settings)
    stamp = bench.node.get_clock().now().to_msg()
    state = RobotState(0.0, 0.0, 0.0)
    inputs.take_odometry(OdometryMessage(convert.header(stamp, "odom"), state), 0.0)
    inputs.take_map(serialize_message(convert.occupancy_message(FREE, stamp, "map")))
    plan = convert.path_message(STRAIGHT, np.zeros(4), stamp, "map")
    inputs.take_plan(read_plan(serialize_message(plan)))
    assert bench.spin_until(lambda: "map" in inputs.ages())  # it is read beside the commands
    snapshot = inputs.snapshot(0.0)
    assert snapshot.missing.startswith("map from 'map' to 'odom': distance field: origin = ")
    assert snapshot.situation.goal is None


def test_it_waits_for_a_map(bench, log):
    stand = Stand(bench, with_map=False)
    stand.send_plan(STRAIGHT)
    assert stand.brakes()
    assert warnings_of(log) == ["no map yet; the robot brakes"]
    stand.send_map()
    assert stand.drives()


def test_a_map_of_the_wrong_size_is_refused_in_one_clear_line(bench, log):
    stand = Stand(bench, with_map=False)
    message = convert.occupancy_message(FREE, stand.stamp(), "map")
    message.info.width = 3
    stand.map.publish(message)
    stand.send_plan(STRAIGHT)
    assert stand.brakes()
    assert sorted(warnings_of(log)) == [  # the map is read beside the commands
        "map: 40000 cells of data do not fill 200 rows x 3 columns; this message is not used",
        "no map yet; the robot brakes",
    ]


def test_obstacles_that_stop_coming_stop_the_robot(bench, log):
    stand = Stand(bench, obstacles_timeout=0.4)
    stand.send_obstacles([[5.0, 5.0, 0.3, 0.0, 0.0]])
    stand.send_plan(STRAIGHT)
    assert stand.brakes()
    (line,) = warnings_of(log)
    assert line.startswith("obstacles stopped 0.")


def test_obstacles_that_are_not_finite_are_refused(bench, log):
    stand = Stand(bench)
    stand.send_obstacles([[5.0, math.inf, 0.3, 0.0, 0.0]])
    assert bench.spin_until(lambda: warnings_of(log))
    assert "obstacles: circles: row 0 is not finite" in warnings_of(log)[0]


def test_a_wall_ahead_without_a_way_round_ends_in_a_stop(bench):
    stand = Stand(bench)
    ring = [[math.cos(a), math.sin(a), 0.35, 0.0, 0.0] for a in np.arange(0, 6.3, 0.5)]
    bench.node.create_timer(0.02, lambda: stand.send_obstacles(ring))
    stand.send_plan(STRAIGHT)
    assert bench.spin_until(lambda: len(stand.commands) > 15)
    assert max(command.linear.x for command in stand.commands) < 0.8
    assert all_finite(stand.commands)


def test_at_the_goal_it_stops_and_leaves_cmd_vel_to_others(bench, log):
    stand = Stand(bench)
    stand.send_plan([[0.0, 0.0], [0.05, 0.0]])
    assert bench.spin_until(lambda: any("goal reached" in text for _, text in log))
    assert stand.brakes()
    count = len(stand.commands)
    bench.spin_for(0.2)
    assert len(stand.commands) == count


def test_reset_forgets_the_goal(bench):
    stand = Stand(bench)
    stand.send_plan(STRAIGHT)
    assert stand.drives()
    response = bench.call(Trigger, "controller/reset", Trigger.Request())
    assert response.success
    assert stand.brakes()


def test_a_node_that_ends_leaves_a_zero_command(bench):
    stand = Stand(bench)
    stand.send_plan(STRAIGHT)
    assert stand.drives()
    stand.commands.clear()
    stand.node.stop()
    assert bench.spin_until(lambda: Twist() in stand.commands)


def test_a_new_speed_limit_acts_at_once_and_without_a_stop(bench):
    stand = Stand(bench)
    stand.send_plan(STRAIGHT)
    assert bench.spin_until(lambda: stand.commands and stand.commands[-1].linear.x > 0.45)
    (result,) = stand.node.set_parameters([Parameter("vx_max", value=0.4)])
    assert result.successful
    count = len(stand.commands)
    assert bench.spin_until(lambda: len(stand.commands) > count + 8)
    after = [command.linear.x for command in stand.commands[count + 1 :]]
    assert min(after) > 0.2
    assert after[-1] <= 0.4 + 1e-6


def test_a_speed_limit_out_of_range_is_refused(bench):
    node = bench.add(ControllerNode)
    (result,) = node.set_parameters([Parameter("vx_max", value=-1.0)])
    assert not result.successful
    assert "vx_max" in result.reason


def test_candidates_are_drawn_for_whom_they_interest(bench):
    stand = Stand(bench)
    drawn = bench.collect(MarkerArray, "controller/candidate_trajectories")
    local_plans = bench.collect(PathMessage, "local_plan")
    stand.send_plan(STRAIGHT)
    assert bench.spin_until(lambda: drawn and local_plans)
    candidates = read_candidates(drawn[-1])
    assert len(candidates.lines) == 3
    assert candidates.weights.sum() == pytest.approx(1.0, abs=1e-3)
    assert drawn[-1].markers[1].header.frame_id == "odom"


def test_diagnostics_say_what_it_does_and_why(bench):
    stand = Stand(bench)
    told = bench.collect(DiagnosticArray, "diagnostics")
    stand.send_plan(STRAIGHT)
    assert bench.spin_until(lambda: told and told[-1].status[0].message == "driving")
    (status,) = told[-1].status
    values = {pair.key: pair.value for pair in status.values}
    assert status.name == "controller"
    assert float(values["solve time p95 [ms]"]) > 0.0
    assert values["modes"] == "3"
    assert {"missed deadlines", "age of odom [s]", "age of map [s]"} <= values.keys()


def by_way_of_the_left():
    """Return a cost to go that leads from anywhere to (0, 4), with its goal at (4, 0)."""
    rows, columns = np.indices((100, 100))
    x, y = -2.0 + 0.1 * (columns + 0.5), -5.0 + 0.1 * (rows + 0.5)
    values = (6.0 + np.hypot(x, y - 4.0)).astype(np.float32)
    values[50, 60] = 0.0
    return CostToGo(values, 0.1, Pose(-2.0, -5.0, 0.0))


def test_the_cost_to_go_draws_the_robot_off_its_plan(bench):
    stand = Stand(bench, guidance="cost_to_go", costs__cost_to_go_share=1.0)
    fields = bench.publisher(PointCloud2, "cost_to_go", LATCHED)
    bench.connect(fields)
    fields.publish(cost_to_go_cloud(by_way_of_the_left(), stand.stamp(), "map"))
    bench.spin_for(0.2)
    stand.send_plan(STRAIGHT)
    assert bench.spin_until(lambda: stand.commands and stand.commands[-1].angular.z > 0.2)


@pytest.mark.parametrize("case", ["none", "another goal", "older than the map"])
def test_without_a_fitting_cost_to_go_the_plan_is_followed_and_the_node_says_so(
    bench, log, case, monkeypatch
):
    monkeypatch.setattr("mme_ilqr_ros.nodes.controller_report.FIELD_PATIENCE", 0.3)
    stand = Stand(bench, guidance="cost_to_go")
    fields = bench.publisher(PointCloud2, "cost_to_go", LATCHED)
    bench.connect(fields)
    stamp = convert.stamp_of(1.0) if case == "older than the map" else stand.stamp()
    if case != "none":
        fields.publish(cost_to_go_cloud(by_way_of_the_left(), stamp, "map"))
    bench.spin_for(0.2)
    stand.send_plan(STRAIGHT[:3] if case == "another goal" else STRAIGHT)
    assert stand.drives()
    assert bench.spin_until(lambda: all(abs(c.angular.z) < 0.1 for c in stand.commands[-5:]))
    expected = {
        "none": "no cost to go yet; following the plan",
        "another goal": "the cost to go leads to another goal, 2.05 m away; following the plan",
        "older than the map": "the cost to go is older than the map; following the plan",
    }[case]
    assert bench.spin_until(lambda: warnings_of(log))
    assert warnings_of(log) == [expected]


def test_whatever_is_not_driving_is_said_in_log_and_diagnostics_once_for_each_reason(
    bench, log, monkeypatch
):
    stand = Stand(bench)
    told = bench.collect(DiagnosticArray, "diagnostics")
    drive, reasons = stand.node._controller.compute_command, ["stuck: too narrow by 3 cm"]

    def stuck(situation):
        result = drive(situation)
        return replace(result, status=ControlStatus.WAITING, message=reasons[-1])

    monkeypatch.setattr(stand.node._controller, "compute_command", stuck)
    stand.send_plan(STRAIGHT)
    for reason in ("stuck: too narrow by 4 cm", "stuck: the goal is occupied"):
        assert bench.spin_until(lambda: told and told[-1].status[0].message == reasons[-1])
        assert told[-1].status[0].level == DiagnosticStatus.WARN
        reasons.append(reason)
    assert bench.spin_until(lambda: len(warnings_of(log)) == 2)
    assert warnings_of(log) == [reasons[0], reasons[-1]]


@pytest.mark.parametrize("vx", [0.0, 0.05], ids=["exact", "noisy"])
def test_a_goal_without_a_planner_ends_too(bench, vx):
    """Also where odometry of a robot at rest is never quite zero."""
    stand = Stand(bench, use_plan=False)
    stand.state = RobotState(3.95, 0.0, 0.0, vx, 0.0)
    bench.spin_for(0.1)
    stand.send_goal(4.0, 0.0)
    assert bench.spin_until(lambda: stand.node.goal_words.startswith("reached"))
    stand.state = RobotState(1.0, 0.0, 0.0, vx, 0.0)
    bench.spin_for(0.1)
    stand.commands.clear()
    bench.spin_for(0.2)
    assert stand.commands == []
