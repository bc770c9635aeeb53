"""The planner node on what was seen: with and without a map, in the unknown, after a jump."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from std_msgs.msg import Float32

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.planner_node import PlannerNode

CELL = 0.1


def seen(*walls, unknown=False):
    """Return what was seen 4 m round the robot; walls as x0, y0, x1, y1 [m]."""
    occupied = np.zeros((80, 80), bool)
    for x0, y0, x1, y1 in walls:
        columns, rows = (
            slice(round((a + 4) / CELL), round((b + 4) / CELL)) for a, b in ((x0, x1), (y0, y1))
        )
        occupied[rows, columns] = True
    nothing = ~occupied if unknown else np.zeros_like(occupied)
    return GridMap(occupied, CELL, Pose(-4.0, -4.0, 0.0), nothing)


class Stand:
    """A planner node that plans on evidence, and a robot at the origin of its odometry."""

    def __init__(self, bench, **parameters):
        self.bench = bench
        self.plans = bench.collect(PathMessage, "plan", LATCHED)
        kind = {"kind": "dijkstra", "use_evidence": True}
        self.node = bench.add(PlannerNode, **{**kind, **parameters})
        self.odom = bench.publisher(Odometry, "odom")
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        self.evidence = bench.publisher(OccupancyGrid, "evidence", LATCHED)
        self.map = bench.publisher(OccupancyGrid, "map", LATCHED)
        bench.connect(self.odom, self.goal, self.evidence, self.map)
        bench.node.create_timer(0.02, self.send_odometry)

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def send_odometry(self):
        state = RobotState(0.0, 0.0, 0.0)
        self.odom.publish(convert.odometry_message(state, self.stamp(), "odom", "base_link"))

    def see(self, grid):
        self.evidence.publish(convert.occupancy_message(grid, self.stamp(), "odom"))

    def send_goal(self, x, y):
        self.goal.publish(convert.pose_stamped(Pose(x, y, 0.0), self.stamp(), "odom"))

    def path(self):
        """Return the newest plan, None where it is empty."""
        assert self.bench.spin_until(lambda: self.plans)
        return convert.path_value(self.plans[-1])

    def next_path(self):
        count = len(self.plans)
        assert self.bench.spin_until(lambda: len(self.plans) > count)
        return self.path()


def warnings_of(log):
    return [text for level, text in log if level >= 30]


def test_without_a_map_a_goal_beyond_what_was_seen_is_planned_to(bench):
    stand = Stand(bench)
    stand.see(seen((1.0, -3.0, 1.2, 3.0)))
    stand.send_goal(10.0, 0.0)
    path = stand.path()
    assert path.points[-1] == pytest.approx([10.0, 0.0])
    assert np.abs(path.points[:, 1]).max() > 3.0
    assert stand.plans[-1].header.frame_id == "odom"


def test_a_wall_that_comes_into_view_makes_another_plan_at_once(bench):
    stand = Stand(bench, expected_planner_frequency=0.0)
    stand.see(seen())
    stand.send_goal(3.0, 0.0)
    assert stand.path().length == pytest.approx(3.0, abs=0.1)
    stand.see(seen((1.0, -2.0, 1.2, 2.0)))
    assert stand.next_path().length > 4.0


def test_what_does_not_touch_the_plan_is_left_to_the_next_one(bench):
    stand = Stand(bench, expected_planner_frequency=0.0)
    attempts = bench.collect(Float32, "planner/plan_time")
    stand.see(seen())
    stand.send_goal(3.0, 0.0)
    stand.path()
    bench.spin_for(0.2)
    count = len(attempts)
    stand.see(seen((1.0, 1.0, 1.2, 2.0)))
    bench.spin_for(0.5)
    assert len(attempts) == count


def test_a_robot_that_is_walled_in_is_told_so_and_the_goal_is_aborted(bench, log):
    stand = Stand(bench, plan_patience=0.5)
    walls = (-2, -2, 2, -1.8), (-2, 1.8, 2, 2), (-2, -2, -1.8, 2), (1.8, -2, 2, 2)
    stand.see(seen(*walls))
    stand.send_goal(10.0, 0.0)
    assert stand.path() is None
    assert bench.spin_until(lambda: stand.node.goal_words.startswith("aborted: no plan for"))
    assert "unreachable: " in stand.node.goal_words
    assert any("no plan: unreachable" in text for text in warnings_of(log))


def test_what_was_seen_wins_over_the_map_and_the_map_over_nothing(bench):
    stand = Stand(bench)
    stand.map.publish(convert.occupancy_message(seen((1.0, -3.0, 1.2, 3.0)), stand.stamp(), "odom"))
    stand.see(seen((-0.3, 0.4, -0.2, 0.5), unknown=True))
    bench.spin_for(0.3)
    stand.send_goal(3.0, 0.0)
    assert stand.path().length > 5.0
    stand.see(seen())
    assert stand.next_path().length == pytest.approx(3.0, abs=0.1)


def test_after_a_jump_the_cells_lie_across_the_frame_and_the_plan_does_not(bench):
    """The map of what was seen stays where it is: in the frame of the odometry it has turned."""
    stand = Stand(bench)
    turned = Pose(0.33, -0.21, 0.4)
    stand.see(seen((1.0, -2.0, 1.2, 2.0)).transformed(turned))
    ends = turned.transform([[2.5, 0.0], [1.1, 0.0]])
    stand.send_goal(*ends[0])
    path = stand.path()
    assert path.points[0] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert path.points[-1] == pytest.approx(ends[0], abs=1e-6)
    inside = turned.inverse().transform(path.points)
    crossing = inside[(inside[:, 0] > 1.0) & (inside[:, 0] < 1.2)]
    assert np.abs(crossing[:, 1]).min() > 2.0


def test_without_evidence_it_says_what_it_waits_for(bench, log):
    Stand(bench, map_patience=0.2)
    said = "no evidence on '/evidence' yet; does the controller have scan_topics?"
    assert bench.spin_until(lambda: said in warnings_of(log))
