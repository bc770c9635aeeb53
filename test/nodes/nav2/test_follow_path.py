"""follow_path: a path that another node planned, as nav2's behaviour trees send them."""

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("nav2_msgs")

from action_bench import ABORTED, CANCELED, SUCCEEDED
from nav2_msgs.action import FollowPath
from nav_msgs.msg import Path as PathMessage

NAME = "follow_path"
CODES = FollowPath.Result


@pytest.fixture
def started(stand):
    stand = stand()
    stand.start_controller(serve_navigation=False, failure_tolerance=0.3)
    return stand


def follow(stand, *points):
    path = stand.path(*points)
    return stand.ask(FollowPath, NAME, path=path, controller_id="FollowPath")


def test_it_is_followed_told_of_and_reached(started):
    task = follow(started, (0.0, 0.0), (2.0, 0.0), (4.0, 0.0))
    assert started.drives()
    assert task.tells(lambda f: 3.5 < f.distance_to_goal < 4.5)
    started.put(4.0, 0.0)
    assert task.ends(SUCCEEDED).error_code == 0
    assert started.stands()
    follow(started, (4.0, 0.0), (2.0, 0.0)).tells()
    started.put(2.0, 0.0)


def test_one_to_the_same_end_again_goes_on_at_once(started, monkeypatch):
    task, started.moves = follow(started, (0.0, 0.0), (4.0, 0.0)), True
    assert started.drives()
    resets = []
    monkeypatch.setattr(started.controller._controller, "reset", lambda: resets.append(1))
    goal = started.controller.life.goal
    assert started.bench.spin_until(lambda: started.commands[-1].linear.x > 0.5)
    started.commands.clear()
    for k in range(5):
        newer = follow(started, (0.2 * k, 0.0), (4.0, 0.05 * k))
        result = task.ends(ABORTED)
        assert (result.error_code, result.error_msg) == (0, "")
        started.bench.spin_for(0.1)
        task = newer
    assert min(command.linear.x for command in started.commands) > 0.4
    assert resets == []
    assert started.controller.life.goal == goal
    task.ends(SUCCEEDED)


def test_one_to_another_end_is_another_goal(started):
    first = follow(started, (0.0, 0.0), (4.0, 0.0))
    assert started.drives()
    goal = started.controller.life.goal
    second = follow(started, (0.0, 0.0), (3.0, 2.0))
    first.ends(ABORTED)
    assert started.drives()
    assert started.controller.life.goal != goal
    started.put(3.0, 2.0)
    second.ends(SUCCEEDED)


def test_a_cancelled_one_ends_when_the_robot_was_told_to_stop(started):
    task = follow(started, (0.0, 0.0), (4.0, 0.0))
    assert started.drives()
    assert task.cancel()
    task.ends(CANCELED)
    assert started.commands[-1].linear.x == 0.0
    assert started.stands()
    task = follow(started, (0.0, 0.0), (4.0, 0.0))  # to the same end again
    assert started.drives()
    assert task.cancel()


def test_a_newer_one_after_a_cancel_leaves_the_older_cancelled(started):
    first = follow(started, (0.0, 0.0), (4.0, 0.0))
    assert started.drives()
    assert first.cancel()
    second = follow(started, (0.0, 0.0), (3.0, 1.0))
    first.ends(CANCELED)
    assert started.drives()
    started.put(3.0, 1.0)
    second.ends(SUCCEEDED)


@pytest.mark.parametrize("points", [[], [(0.0, 0.0), (np.nan, 1.0)]], ids=["empty", "not finite"])
def test_an_unusable_path_is_refused_and_stops_the_robot(started, points):
    task = follow(started, (0.0, 0.0), (4.0, 0.0))
    assert started.drives()
    path = started.path(*points) if points else PathMessage()
    result = started.ask(FollowPath, NAME, path=path).ends(ABORTED)
    assert result.error_code == CODES.INVALID_PATH
    assert result.error_msg
    task.ends(ABORTED)
    assert started.stands()


def test_without_odometry_it_is_aborted_when_patience_ends(started):
    task = follow(started, (0.0, 0.0), (4.0, 0.0))
    assert started.drives()
    started.sends_odometry = False
    result = task.ends(ABORTED)
    assert result.error_code == CODES.PATIENCE_EXCEEDED
    assert "odometry stopped" in result.error_msg


def test_a_robot_that_makes_no_progress_is_said_and_may_try_again(stand):
    stand = stand()
    stand.start_controller(movement_time_allowance=1.0, ways_out=False)
    for _ in range(2):
        task = follow(stand, (0.0, 0.0), (4.0, 0.0))
        assert stand.drives()
        assert task.tells()
        result = task.ends(ABORTED)
        assert result.error_code == CODES.FAILED_TO_MAKE_PROGRESS
        assert stand.stands()


def test_a_frame_that_nobody_knows_is_a_transform_error(started):
    pytest.importorskip("tf2_ros")
    path = started.path((0.0, 0.0), (4.0, 0.0))
    path.header.frame_id = "moon"
    result = started.ask(FollowPath, NAME, path=path).ends(ABORTED)
    assert result.error_code == CODES.TF_ERROR


def test_beside_another_navigator_neither_plan_nor_goal_moves_the_robot(started):
    assert not started.goal.get_subscription_count()
    started.plan.publish(started.path((0.0, 0.0), (4.0, 0.0)))
    assert started.stands()


def test_a_plan_takes_its_place_where_plans_are_driven(stand):
    stand = stand()
    stand.start_controller()
    task = follow(stand, (0.0, 0.0), (4.0, 0.0))
    assert stand.drives()
    stand.plan.publish(stand.path((0.0, 0.0), (0.0, 3.0)))
    result = task.ends(ABORTED)
    assert (result.error_code, result.error_msg) == (0, "")


def test_a_path_that_comes_back_is_not_reached_where_it_begins(started):
    task = follow(started, (0.0, 0.0), (3.0, 0.0), (0.1, 0.0))
    assert started.drives()
    assert task.tells(lambda f: f.distance_to_goal > 5.0)
    assert not task.end.done()
    started.put(2.9, 0.0)
    started.put(0.1, 0.0)
    task.ends(SUCCEEDED)
