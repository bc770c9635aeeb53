"""A goal and its end through the real nodes: what has ended moves nothing, whatever comes again.

The robot stands where the tests put it: a command is an attempt to drive.
"""

import threading

import pytest

pytest.importorskip("rclpy")

from goal_stand import GOAL, QUIET, Stand
from std_srvs.srv import Trigger

from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes import plan_gate
from mme_ilqr_ros.nodes.goal_life import ABORTED, ACCEPTED, EXECUTING, REACHED

RUNS = 4  # ten of each: studies goal_life


def test_a_goal_is_accepted_driven_to_and_reached_and_both_nodes_know(bench):
    stand = Stand(bench)
    stand.arrives()
    order = list(dict.fromkeys(message.status for message in stand.news))
    assert order == [ACCEPTED, EXECUTING, REACHED]
    assert len({bytes(message.goal_info.goal_id.uuid) for message in stand.news}) == 1
    for node in (stand.planner, stand.controller):
        assert bench.spin_until(lambda node=node: node.goal_words.startswith("reached"))


def test_a_robot_pushed_after_its_arrival_stays_there_whatever_comes_again(bench):
    stand = Stand(bench)
    for run in range(RUNS):
        stand.put(0.0, 0.0)
        stand.arrives()
        stand.put(4.0 - 0.3 * (run + 1), 0.1 * run)
        stand.send_everything_again()
        assert stand.stands(), run


@pytest.mark.parametrize("service", ["controller/reset", "planner/cancel"])
def test_a_cancelled_goal_moves_nothing_whatever_comes_again(bench, service):
    stand = Stand(bench)
    for run in range(RUNS):
        stand.news.clear()
        stand.send_goal()
        assert stand.drives()
        stand.cancels(service)
        stand.send_everything_again()
        assert stand.stands(), run


@pytest.mark.parametrize("case", ["reached", "cancelled", "driving"])
def test_a_controller_that_is_started_anew_resumes_nothing_and_takes_new_goals(bench, case):
    stand = Stand(bench)
    for run in range(RUNS):
        stand.begins(case)
        stand.restart_controller()
        stand.send_everything_again()
        assert stand.stands(), run
        if case == "driving":
            assert stand.ends(ABORTED)
    stand.send_goal((3.0, 1.0))
    assert stand.drives()


@pytest.mark.parametrize("case", ["reached", "cancelled"])
def test_a_planner_that_is_started_anew_wakes_nothing(bench, case):
    stand = Stand(bench)
    for run in range(RUNS):
        stand.begins(case)
        bench.remove(stand.planner)
        stand.start_planner()
        stand.send_everything_again()
        assert stand.stands(), run
    stand.news.clear()
    stand.send_goal((3.0, 1.0))
    assert stand.drives()


def test_a_planner_started_anew_while_driving_can_still_cancel(bench):
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    bench.remove(stand.planner)
    stand.start_planner()
    assert stand.drives()
    assert bench.spin_until(lambda: stand.planner.goal_words == "driving")
    stand.cancels("planner/cancel")
    assert stand.stands()


def test_a_cancel_is_heard_while_a_plan_is_made_which_is_then_left_out(bench, monkeypatch):
    stand = Stand(bench)
    ground = stand.planner._ground
    plan, has_begun, may_end = ground.plan, threading.Event(), threading.Event()

    def slow(*arguments, **options):
        has_begun.set()
        may_end.wait(10.0)
        return plan(*arguments, **options)

    monkeypatch.setattr(ground, "plan", slow)
    stand.send_goal()
    assert bench.spin_until(has_begun.is_set)
    stand.cancels("planner/cancel")
    may_end.set()
    bench.spin_for(QUIET)
    assert [plan for plan in stand.plans if plan.poses] == []


def test_cancelling_nothing_is_said(bench):
    Stand(bench)
    assert not bench.call(Trigger, "planner/cancel", Trigger.Request()).success


def test_a_new_goal_takes_the_place_of_the_one_before_also_where_that_was(bench):
    stand = Stand(bench)
    for goal in (GOAL, (3.0, 1.0), (3.0, 1.0), GOAL):
        stand.send_goal(goal)
        assert stand.drives()
    stand.news.clear()
    stand.put(*GOAL)
    assert stand.ends(REACHED)
    stand.put(0.0, 0.0)
    stand.arrives()  # to the same place again


def test_a_goal_without_a_plan_for_too_long_is_aborted_with_the_reason(bench, log):
    stand = Stand(bench, plan_patience=0.5)
    stand.send_goal((50.0, 0.0))
    assert stand.ends(ABORTED)
    assert "no plan for" in stand.planner.goal_words
    assert "outside the map" in stand.planner.goal_words
    stand.send_everything_again()
    assert stand.stands()


def test_a_plan_of_another_planner_is_driven_once(bench):
    """Also if it comes again and again: only after a pause it is a new request."""
    stand = Stand(bench, with_planner=False)
    stand.send_plan((2.0, 0.0), GOAL)
    assert stand.drives()
    stand.put(*GOAL)
    assert stand.ends(REACHED)
    stand.put(1.0, 0.0)
    for _ in range(5):
        stand.send_plan((2.0, 0.1), GOAL)
        assert stand.stands()
    stand.send_plan((2.0, 0.1), (3.0, 2.0))
    assert stand.drives()


def test_a_plan_of_another_planner_is_a_new_request_after_a_pause(bench, monkeypatch):
    monkeypatch.setattr(plan_gate, "LATE", 0.2)
    stand = Stand(bench, with_planner=False)
    stand.send_plan(GOAL)
    assert stand.drives()
    stand.cancels()
    bench.spin_for(0.3)
    stand.send_plan(GOAL)
    assert stand.drives()


def test_a_plan_by_hand_without_any_stamp_is_driven_each_time(bench):
    stand = Stand(bench, with_planner=False)
    nothing = convert.stamp_of(0.0)
    for end in (GOAL, (3.0, 2.0), GOAL):
        stand.put(0.0, 0.0)
        stand.news.clear()
        stand.send_plan(end, stamp=nothing)
        assert stand.drives()
        stand.put(*end)
        assert stand.ends(REACHED)


@pytest.mark.parametrize("case", ["latched", "old"])
def test_a_plan_from_before_is_not_driven_and_one_line_says_so(bench, log, case):
    stand = Stand(bench, with_planner=False)
    stamp = convert.stamp_of(bench.node.get_clock().now().nanoseconds * 1e-9 - 20.0)
    stand.send_plan(GOAL, stamp=stamp if case == "old" else None)
    if case == "latched":
        assert stand.drives()
        stand.restart_controller()
    lines = {
        "latched": "this plan is not driven: it is from before this node was started; send the",
        "old": "this plan is not driven: its stamp is 20.",
    }
    assert bench.spin_until(lambda: any(t.startswith(lines[case]) for _, t in log))
    assert stand.stands()
    assert sum(text.startswith(lines[case]) for _, text in log) == 1
