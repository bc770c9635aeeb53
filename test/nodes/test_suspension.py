"""A controller that slept: what it knew of its goal is in doubt until the planner confirms it."""

import time

import pytest

pytest.importorskip("rclpy")

from goal_stand import GOAL, Stand

from mme_ilqr_ros.nodes import suspension
from mme_ilqr_ros.nodes.goal_life import ABORTED, REACHED

PAUSE = 0.5  # s


@pytest.fixture(autouse=True)
def short_pause(monkeypatch):
    """Let half a second count as sleep."""
    monkeypatch.setattr(suspension, "LONGEST_PAUSE", 0.8 * PAUSE)


def sleep(stand):
    """Let the controller run no cycle for a while, and hear nothing; the others go on."""
    stand.bench.executor.remove_node(stand.controller)
    stand.bench.spin_for(1.2 * PAUSE)
    stand.commands.clear()
    stand.bench.executor.add_node(stand.controller)


def test_it_asks_the_planner_and_drives_on_when_the_goal_lives(bench, log):
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    sleep(stand)
    assert bench.spin_until(lambda: any("no control cycle for" in text for _, text in log))
    assert stand.drives()
    stand.put(*GOAL)
    assert stand.ends(REACHED)


def test_it_stands_while_nobody_confirms_the_goal(bench):
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    bench.remove(stand.planner)
    sleep(stand)
    assert stand.stands()


def test_a_plan_sent_while_it_slept_is_no_confirmation(bench):
    stand = Stand(bench)
    stand.send_goal()
    assert stand.drives()
    bench.remove(stand.planner)
    plan = next(plan for plan in reversed(stand.plans) if plan.poses)
    bench.executor.remove_node(stand.controller)
    plan.header.stamp = stand.stamp()
    stand.plan.publish(plan)
    bench.spin_for(1.2 * PAUSE)
    bench.executor.add_node(stand.controller)
    assert stand.stands()


def test_a_goal_without_a_planner_is_aborted(bench):
    stand = Stand(bench, with_planner=False)
    stand.send_plan(GOAL)
    assert stand.drives()
    sleep(stand)
    assert stand.ends(ABORTED)
    assert "slept for" in stand.controller.goal_words
    assert stand.stands()
    stand.put(0.0, 0.5)
    stand.send_plan((0.5, 3.0))  # a new goal is driven to
    assert stand.drives()


def test_what_the_node_does_itself_and_a_paused_simulation_are_no_sleep(monkeypatch):
    class Goal:
        words, doubted = "driving", 0

        def doubt(self, _):
            self.doubted += 1
            return False

    goal, steady = Goal(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: steady[0])
    watch = suspension.Suspension(goal, None)
    watch.look(10.0)
    on_time, paused, jumps = (0.1, 10.1), (60.0, 10.2), (0.1, 90.0)
    for passed, ros in (on_time, paused, *[(0.1, 10.3)] * 12, jumps):
        steady[0] += passed
        watch.look(ros)
    steady[0] += 60.0
    watch.expect()
    watch.look(150.0)
    assert not goal.doubted
    for slept, ros in ((60.0, 210.0), (60.0, 210.0)):
        steady[0] += slept
        watch.look(ros)
    assert goal.doubted == 1
    steady[0] += 0.1
    watch.look(270.0)  # the news of the time comes after the first cycle
    assert goal.doubted == 2
