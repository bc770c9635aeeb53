import math

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from nav_msgs.srv import GetPlan
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float32

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes import field_publisher
from mme_ilqr_ros.nodes.clouds import read_cost_to_go
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.solved_field import SolvedField


def room():
    """Return a room of 6 m x 4 m with a wall across it that leaves a gap at the top."""
    occupied = np.zeros((40, 60), bool)
    occupied[:28, 29:31] = True
    return GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))


class Stand:
    """A planner node, a robot at (1, 1) with odometry at 50 Hz, and the room."""

    def __init__(self, bench, grid=None, **parameters):
        self.bench = bench
        self.plans = bench.collect(PathMessage, "plan", LATCHED)
        self.attempts = bench.collect(Float32, "planner/plan_time")
        self.costs = bench.collect(OccupancyGrid, "planner/cost_to_go", LATCHED)
        self.node = bench.add(PlannerNode, **{"kind": "dijkstra", **parameters})
        self.odom = bench.publisher(Odometry, "odom")
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        self.map = bench.publisher(OccupancyGrid, "map", LATCHED)
        bench.connect(self.odom, self.goal, self.map)
        self.state, self.odometry_sent = RobotState(1.0, 1.0, 0.0), 0
        bench.node.create_timer(0.02, self.send_odometry)
        self.map.publish(convert.occupancy_message(grid or room(), self.stamp(), "map"))
        assert bench.spin_until(lambda: self.node.is_ready)

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def send_odometry(self):
        self.odometry_sent += 1
        self.odom.publish(convert.odometry_message(self.state, self.stamp(), "odom", "base_link"))

    def send_goal(self, x, y, yaw=0.0):
        self.goal.publish(convert.pose_stamped(Pose(x, y, yaw), self.stamp(), "map"))

    def wait_for_attempts(self, n):
        seen = len(self.attempts)
        assert self.bench.spin_until(lambda: len(self.attempts) >= seen + n)

    def wait_for_odometry(self, n):
        sent = self.odometry_sent
        assert self.bench.spin_until(lambda: self.odometry_sent >= sent + n)

    def plan(self):
        assert self.bench.spin_until(lambda: self.plans)
        return convert.path_value(self.plans[-1])


def warnings_of(log):
    return [text for level, text in log if level >= 30]


def test_a_goal_makes_a_plan_round_the_wall(bench):
    stand = Stand(bench)
    stand.send_goal(5.0, 1.0, yaw=1.0)
    path = stand.plan()
    assert path.points[0] == pytest.approx([1.0, 1.0])
    assert path.points[-1] == pytest.approx([5.0, 1.0])
    assert path.points[:, 1].max() > 2.8
    end = convert.pose_value(stand.plans[-1].poses[-1].pose)
    assert end.yaw == pytest.approx(1.0)
    assert stand.plans[-1].header.frame_id == "map"


def test_a_goal_in_a_wall_makes_an_empty_plan_and_one_clear_line(bench, log):
    stand = Stand(bench, tolerance=0.0, expected_planner_frequency=20.0)
    stand.send_goal(3.0, 1.0)
    assert stand.plan() is None
    assert bench.spin_until(lambda: warnings_of(log))
    stand.wait_for_attempts(3)  # they do not repeat it
    (line,) = warnings_of(log)
    assert line.startswith("no plan: ")
    assert "goal" in line


def test_a_goal_outside_the_map_makes_an_empty_plan(bench, log):
    stand = Stand(bench)
    stand.send_goal(50.0, 1.0)
    assert stand.plan() is None
    assert bench.spin_until(lambda: warnings_of(log))


def test_a_goal_that_is_not_finite_is_refused(bench, log):
    stand = Stand(bench)
    stand.send_goal(math.nan, 1.0)
    assert bench.spin_until(lambda: warnings_of(log))
    assert warnings_of(log) == ["goal_pose is not finite; this goal is not used"]
    assert stand.plans == []


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ([0] * 5, "map: 5 cells of data do not fill 40 rows x 60 columns"),
        ([-1] * 2400, "map: all 2400 cells are unknown"),
    ],
)
def test_a_map_of_the_wrong_size_or_all_unknown_is_refused(bench, log, data, complaint):
    stand = Stand(bench)
    message = convert.occupancy_message(room(), stand.stamp(), "map")
    message.data = data
    stand.map.publish(message)
    assert bench.spin_until(lambda: warnings_of(log))
    assert warnings_of(log) == [f"{complaint}; this map is not used"]


def test_a_missing_map_is_said(bench, log):
    bench.add(PlannerNode, kind="dijkstra", map_patience=0.2)
    assert bench.spin_until(lambda: warnings_of(log))
    assert warnings_of(log)[0].startswith("no map on '/map' yet")


def test_a_new_map_makes_a_new_plan(bench):
    stand = Stand(bench, expected_planner_frequency=0.0)
    stand.send_goal(5.0, 1.0)
    round_the_wall = stand.plan().length
    stand.plans.clear()
    free = GridMap.empty(6.0, 4.0, 0.1)
    stand.map.publish(convert.occupancy_message(free, stand.stamp(), "map"))
    assert stand.plan().length < round_the_wall


def test_it_plans_again_from_where_the_robot_is(bench):
    stand = Stand(bench, expected_planner_frequency=10.0)
    stand.send_goal(5.0, 1.0)
    stand.plan()
    stand.state = RobotState(1.0, 3.5, 0.0)  # far from the plan
    assert bench.spin_until(lambda: stand.plan().points[0] == pytest.approx([1.0, 3.5]))


def test_a_goal_that_comes_before_odometry_is_not_lost(bench, log):
    plans = bench.collect(PathMessage, "plan", LATCHED)
    bench.add(PlannerNode, kind="dijkstra", expected_planner_frequency=0.0)
    goal, odom, maps = (
        bench.publisher(PoseStamped, "goal_pose"),
        bench.publisher(Odometry, "odom"),
        bench.publisher(OccupancyGrid, "map", LATCHED),
    )
    bench.connect(goal, odom, maps)
    stamp = bench.node.get_clock().now().to_msg()
    goal.publish(convert.pose_stamped(Pose(5.0, 1.0, 0.0), stamp, "map"))
    maps.publish(convert.occupancy_message(room(), stamp, "map"))
    assert bench.spin_until(lambda: warnings_of(log))
    assert warnings_of(log) == ["no odometry on '/odom' yet"]
    odom.publish(convert.odometry_message(RobotState(1.0, 1.0, 0.0), stamp, "odom", "base_link"))
    assert bench.spin_until(lambda: plans)


def test_an_arrived_robot_is_left_alone(bench):
    stand = Stand(bench, expected_planner_frequency=20.0)
    stand.send_goal(1.2, 1.0)
    stand.plan()
    stand.wait_for_odometry(8)  # three periods of replanning
    assert len(stand.plans) == 1


def test_the_cost_to_go_is_drawn(bench):
    stand = Stand(bench)
    stand.send_goal(5.0, 1.0)
    assert bench.spin_until(lambda: stand.costs)
    cells = np.array(stand.costs[-1].data).reshape(40, 60)
    assert cells[10, 50] <= 3
    assert 50 < cells[10, 10] <= 98
    assert cells[10, 30] == 100


def request(start, goal, tolerance=0.0):
    message = GetPlan.Request(tolerance=tolerance)
    message.start.pose = convert.pose_message(Pose(*start, 0.0))
    message.goal.pose = convert.pose_message(Pose(*goal, 0.0))
    return message


def test_make_plan_answers_without_driving_there(bench):
    stand = Stand(bench)
    response = bench.call(GetPlan, "planner/make_plan", request((1.0, 2.0), (5.0, 2.0)))
    path = convert.path_value(response.plan)
    assert path.points[[0, -1]].tolist() == [[1.0, 2.0], [5.0, 2.0]]
    assert stand.plans == []


def test_make_plan_takes_a_tolerance(bench):
    Stand(bench, tolerance=0.0)
    exact = bench.call(GetPlan, "planner/make_plan", request((1.0, 2.0), (2.95, 1.0)))
    near = bench.call(GetPlan, "planner/make_plan", request((1.0, 2.0), (2.95, 1.0), 1.0))
    assert len(exact.plan.poses) == 0
    assert len(near.plan.poses) > 1


def test_make_plan_without_a_map_is_an_empty_plan(bench, log):
    bench.add(PlannerNode, kind="dijkstra")
    response = bench.call(GetPlan, "planner/make_plan", request((1.0, 2.0), (5.0, 2.0)))
    assert len(response.plan.poses) == 0
    assert bench.spin_until(lambda: warnings_of(log))
    assert warnings_of(log) == ["make_plan: there is no map yet"]


def two_ways():
    """Return a room of 6 m x 4 m with a block in its middle, as far from either side."""
    occupied = np.zeros((40, 60), bool)
    occupied[10:30, 25:35] = True
    return GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))


def test_of_two_ways_equally_long_the_first_choice_stays(bench):
    stand = Stand(bench, two_ways(), expected_planner_frequency=20.0)
    for y in (2.1, 1.9, 2.1, 1.9):  # on either side of the middle line
        stand.state = RobotState(1.0, y, 0.0)
        if not stand.plans:
            stand.send_goal(5.0, 2.0)
            stand.plan()
        stand.wait_for_attempts(2)
    sides = {bool(np.max(convert.path_value(p).points[:, 1]) > 2.5) for p in stand.plans}
    assert len(sides) == 1
    stand.state = RobotState(3.0, 3.5 if False in sides else 0.5, 0.0)  # carried to the other side
    before = len(stand.plans)
    assert bench.spin_until(lambda: len(stand.plans) > before)
    assert stand.plan().points[0] == pytest.approx([stand.state.x, stand.state.y], abs=0.15)


def test_a_plan_in_force_gives_way_to_one_for_other_settings_though_that_is_longer(bench):
    stand = Stand(bench, expected_planner_frequency=20.0)
    stand.send_goal(5.0, 1.0)
    before = stand.plan()
    stand.wait_for_attempts(3)
    assert len(stand.plans) == 1
    stand.node.set_parameters([Parameter("clearance_margin", value=1.0)])
    assert bench.spin_until(lambda: len(stand.plans) > 1)
    assert stand.plan().length > before.length + 0.1


def test_the_cost_to_go_comes_losslessly_once_a_goal_also_to_those_who_come_late(bench):
    stand = Stand(bench, expected_planner_frequency=10.0)
    stand.send_goal(5.05, 1.05)
    stand.plan()
    late = bench.collect(PointCloud2, "cost_to_go", LATCHED)
    assert bench.spin_until(lambda: late)
    stand.wait_for_attempts(2)
    assert len(late) == 1
    seen = GridMap(room().occupied, float(np.float32(0.1)), Pose(0.0, 0.0, 0.0))  # by the message
    exact = GlobalPlanner(PlannerSettings(kind="dijkstra")).plan(seen, (1.0, 1.0), (5.05, 1.05))
    field = read_cost_to_go(late[0])
    assert np.array_equal(field.values, exact.cost_to_go.values)
    assert late[0].header.frame_id == "map"
    stand.send_goal(5.05, 3.05)
    assert bench.spin_until(lambda: len(late) == 2)
    assert read_cost_to_go(late[1]).goal == pytest.approx([5.05, 3.05], abs=0.01)


def test_a_plan_waits_for_what_it_needs_of_the_field_and_the_rest_follows(bench, monkeypatch):
    """Counted in cells: how long that takes depends on the machine."""
    settled, advance = [], SolvedField.advance

    def counted(solved, n_cells):
        settled.append(solved.field.n_so_far)
        return advance(solved, n_cells)

    hall = GridMap(np.zeros((100, 120), bool), 0.1, Pose(0.0, 0.0, 0.0))
    stand = Stand(bench, hall)
    monkeypatch.setattr(SolvedField, "advance", counted)  # begins when the plan is sent
    monkeypatch.setattr(field_publisher, "PIECE", 500)
    fields = bench.collect(PointCloud2, "cost_to_go", LATCHED)
    stand.send_goal(2.05, 1.05)
    assert stand.plan().points[-1] == pytest.approx([2.05, 1.05])
    assert bench.spin_until(lambda: fields)
    assert settled[0] < 1000
    assert len(settled) > 10
    assert (np.diff(settled) > 0).all()
    monkeypatch.undo()
    exact = GlobalPlanner(PlannerSettings(kind="dijkstra")).plan(hall, (1.0, 1.0), (2.05, 1.05))
    values = read_cost_to_go(fields[0]).values
    np.testing.assert_allclose(values, exact.cost_to_go.values, rtol=1e-6)


def slow_below():
    """Return a mask with a block from the lower wall to y = 2.8 m, twice as coarse as the map."""
    cells = np.zeros((20, 30), np.int8)
    cells[:14, 10:20] = 100
    cells[0, 0] = -1
    grid = GridMap.from_occupancy(cells, 0.2, Pose(0.0, 0.0, 0.0))
    message = convert.occupancy_message(grid, convert.stamp_of(0.0), "map")
    message.data = cells.ravel().tolist()
    return message


def test_a_filter_mask_of_another_resolution_leads_the_plan_round_what_it_makes_dear(bench, log):
    stand = Stand(bench, GridMap.empty(6.0, 4.0, 0.1), use_filter_mask=True, filter_mask_weight=9.0)
    figures = bench.collect(DiagnosticArray, "diagnostics")
    stand.send_goal(5.0, 1.0)
    assert stand.plan().points[:, 1].max() < 1.2  # planned without, and said so
    assert bench.spin_until(lambda: warnings_of(log))
    assert warnings_of(log) == ["no filter_mask yet; planning without one"]
    stand.plans.clear()
    masks = bench.publisher(OccupancyGrid, "filter_mask", LATCHED)
    masks.publish(slow_below())
    assert stand.plan().points[:, 1].max() > 2.7

    def status():
        return [v.value for m in figures for v in m.status[0].values if v.key == "filter mask"]

    assert bench.spin_until(lambda: "covers 100% of the map" in status())


@pytest.mark.parametrize(
    ("case", "complaint"),
    [
        ("short", "filter_mask: 5 cells of data do not fill 20 rows x 30 columns; this mask is"),
        ("beside", "filter_mask covers nothing of the map; check its origin"),
    ],
)
def test_a_filter_mask_that_cannot_be_used_is_said(bench, log, case, complaint):
    stand = Stand(bench, GridMap.empty(6.0, 4.0, 0.1), use_filter_mask=True)
    masks = bench.publisher(OccupancyGrid, "filter_mask", LATCHED)
    message = slow_below()
    if case == "short":
        message.data = [0] * 5
    else:
        message.info.origin.position.x = 100.0
    bench.connect(masks)
    masks.publish(message)
    stand.wait_for_odometry(5)
    stand.send_goal(5.0, 1.0)
    assert stand.plan().points[:, 1].max() < 1.2
    assert bench.spin_until(lambda: any(t.startswith(complaint) for t in warnings_of(log)))


def test_a_new_map_is_planned_on_at_once_but_changes_a_plan_only_if_it_blocks_it(bench):
    stand = Stand(bench, two_ways(), expected_planner_frequency=0.0)
    fields = bench.collect(PointCloud2, "cost_to_go", LATCHED)
    stand.state = RobotState(1.0, 2.4, 0.0)  # nearer to the upper way
    stand.wait_for_odometry(5)
    stand.send_goal(5.0, 2.0)
    assert stand.plan().points[:, 1].max() > 2.5
    assert bench.spin_until(lambda: fields)
    stand.state = RobotState(1.0, 1.8, 0.0)  # now to the lower one
    stand.wait_for_odometry(5)
    beside, across = two_ways().occupied.copy(), two_ways().occupied.copy()
    beside[38:, :2] = True
    across[30:, 29:31] = True
    for occupied, n_plans in ((beside, 1), (across, 2)):
        stand.map.publish(
            convert.occupancy_message(GridMap(occupied, 0.1, Pose(0, 0, 0)), stand.stamp(), "map")
        )
        stand.wait_for_attempts(1)
        # The field is that of the new map, whether the plan stays or not.
        assert bench.spin_until(lambda n=n_plans: len(fields) == n + 1)
        assert bench.spin_until(lambda n=n_plans: len(stand.plans) == n)
    assert stand.plan().points[:, 1].max() < 2.5
