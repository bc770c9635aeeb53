"""Plans that are lost, empty, foreign or no plan; goals that are empty; obstacles that stay."""

import math

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseStamped
from goal_stand import GOAL, Stand
from nav_msgs.msg import Path as PathMessage
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger

from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes import plan_request
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.goal_life import ABORTED, CANCELLED, EXECUTING, REACHED
from mme_ilqr_ros.nodes.node import STANDARD


def not_finite(stand):
    points = np.array([(0.0, 0.0), (math.nan, 1.0), (2.0, 0.0)])
    return convert.path_message(points, np.zeros(3), stand.stamp(), "map")


def one_place(stand):
    return convert.path_message(np.zeros((50, 2)), np.zeros(50), stand.stamp(), "map")


def elsewhere(stand):
    return convert.path_message(np.eye(2), np.zeros(2), stand.stamp(), "map")


@pytest.mark.parametrize("foreign", [not_finite, one_place, elsewhere])
def test_a_foreign_plan_does_not_end_a_goal_and_ours_is_driven_after_it(
    bench, log, monkeypatch, foreign
):
    monkeypatch.setattr(plan_request, "PERIOD", 0.1)
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    stand.plan.publish(foreign(stand))
    line = "not used" if foreign is not_finite else "not to the goal that is pursued"
    assert bench.spin_until(lambda: any(line in text for _, text in log))
    if foreign is not_finite:  # it came last, and the planner sends its own again
        assert bench.spin_until(lambda: len(stand.plans[-1].poses) != 3)
    assert stand.drives()
    assert stand.news[-1].status == EXECUTING
    stand.put(*GOAL)
    assert stand.ends(REACHED)


def test_a_plan_of_one_place_is_refused_though_there_is_no_goal(bench, log):
    stand = Stand(bench, with_planner=False)
    stand.plan.publish(one_place(stand))
    assert bench.spin_until(lambda: any("its 50 poses are one place" in text for _, text in log))
    assert stand.stands()
    assert not stand.news


def test_a_goal_to_which_no_plan_comes_any_more_is_aborted(bench, monkeypatch):
    monkeypatch.setattr(plan_request, "PERIOD", 0.1)
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    bench.remove(stand.planner)
    bench.remove(stand.controller)
    stand.start_controller(resume_goal=True, plan_timeout=1.0)
    stand.news.clear()
    stand.send_plan(GOAL)
    assert stand.drives()
    stand.plan.publish(not_finite(stand))
    assert stand.ends(ABORTED)
    assert "no usable plan came for 1." in stand.controller.goal_words


@pytest.mark.parametrize("stamped", [True, False])
def test_an_empty_plan_cancels_for_both_nodes(bench, stamped):
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    empty = PathMessage()
    if stamped:
        empty.header.stamp = stand.stamp()
    stand.plan.publish(empty)
    assert stand.ends(CANCELLED)
    assert bench.spin_until(lambda: stand.planner.goal_words == "cancelled")
    assert stand.stands()


def test_after_an_empty_plan_another_planners_next_one_is_a_new_request(bench):
    stand = Stand(bench, with_planner=False)
    for _ in range(2):
        stand.send_plan(GOAL)
        assert stand.drives()
        stand.plan.publish(PathMessage())
        assert stand.stands()


@pytest.mark.parametrize("with_planner", [True, False])
def test_an_empty_goal_cancels(bench, with_planner):
    stand = Stand(bench, with_planner=with_planner)
    if not with_planner:
        bench.remove(stand.controller)
        stand.start_controller(use_plan=False)
    stand.send_goal()
    assert stand.drives()
    stand.goal.publish(PoseStamped())
    assert stand.ends(CANCELLED)
    stand.send_everything_again()
    assert stand.stands()


def test_a_controller_that_shall_resume_goes_on_to_its_goal_but_not_to_one_that_has_ended(bench):
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    stand.restart_controller(resume_goal=True)
    assert stand.drives()
    stand.put(*GOAL)
    assert stand.ends(REACHED)
    stand.put(0.0, 0.0)
    stand.restart_controller(resume_goal=True)
    stand.send_map()
    assert stand.stands()


@pytest.mark.parametrize("service", ["controller/clear", "controller/reset"])
def test_a_detector_that_died_is_forgotten_on_request(bench, service):
    stand = Stand(bench)
    bench.remove(stand.controller)
    stand.start_controller(obstacles_timeout=0.2)
    obstacles = bench.publisher(PointCloud2, "obstacles", STANDARD)
    bench.connect(obstacles)
    stand.send_goal()
    assert stand.drives()
    behind = as_circles([[-1.5, 0.0, 0.2]])
    obstacles.publish(circles_cloud(behind, stand.stamp(), "odom"))
    bench.spin_for(0.3)
    assert stand.stands()
    assert bench.call(Trigger, service, Trigger.Request()).success
    if service.endswith("reset"):
        assert stand.ends(CANCELLED)
        stand.send_goal()
    assert stand.drives()


def test_nav2_clears_both_costmaps(bench):
    services = pytest.importorskip("nav2_msgs.srv")
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    n_plans = len(stand.plans)
    for costmap in ("local_costmap", "global_costmap"):
        for begin in ("clear_entirely", "clear_around", "clear_except"):
            kind = {"entirely": "EntireCostmap", "around": "CostmapAroundRobot"}
            name = kind.get(begin.split("_")[1], "CostmapExceptRegion")
            request = getattr(services, f"Clear{name}")
            bench.call(request, f"{costmap}/{begin}_{costmap}", request.Request())
    assert bench.spin_until(lambda: len(stand.plans) > n_plans)
    assert stand.drives()
