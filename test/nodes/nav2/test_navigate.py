"""navigate_to_pose and navigate_through_poses: a goal's life through real clients."""

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("nav2_msgs")

from action_bench import ABORTED, CANCELED, EXECUTING, SUCCEEDED
from nav2_msgs.action import NavigateThroughPoses, NavigateToPose
from std_srvs.srv import Trigger

TO_POSE, THROUGH = "navigate_to_pose", "navigate_through_poses"


@pytest.fixture
def started(stand):
    stand = stand()
    stand.start_planner(expected_planner_frequency=20.0, plan_patience=0.5)
    stand.start_controller()
    assert stand.bench.spin_until(lambda: stand.planner.is_ready)
    return stand


def go(stand, x, y):
    return stand.ask(NavigateToPose, TO_POSE, pose=stand.pose(x, y))


def is_empty(result):
    return (result.error_code, result.error_msg) == (0, "")


def test_it_is_accepted_driven_to_told_of_and_reached(started):
    task = go(started, 4.0, 0.0)
    assert task.accepted
    assert started.drives()
    assert task.handle.status in (EXECUTING, 0, 1)  # as far as the client has heard
    assert task.tells(lambda f: 3.5 < f.distance_remaining < 4.5)
    assert task.feedback[-1].current_pose.header.frame_id == "map"
    started.put(3.0, 0.0)
    assert task.tells(lambda f: f.distance_remaining < 1.2)
    assert task.tells(lambda f: f.navigation_time.sec + f.navigation_time.nanosec > 0)
    assert task.feedback[-1].number_of_recoveries == 0
    started.put(4.0, 0.0)
    assert is_empty(task.ends(SUCCEEDED))
    assert started.stands()


def test_a_cancelled_one_ends_and_the_robot_stands(started):
    task = go(started, 4.0, 0.0)
    assert started.drives()
    assert task.cancel()
    assert is_empty(task.ends(CANCELED))
    assert started.stands()
    assert started.planner.goal_words.startswith("cancelled")
    assert not task.cancel()
    again = go(started, 4.0, 0.0)
    assert started.drives()
    assert again.cancel()
    again.ends(CANCELED)


def test_one_that_is_cancelled_by_service_is_aborted_with_the_reason(started):
    task = go(started, 4.0, 0.0)
    assert started.drives()
    started.bench.call(Trigger, "planner/cancel", Trigger.Request())
    assert "cancelled" in task.ends(ABORTED).error_msg
    assert started.stands()


def test_the_newest_goal_wins_whoever_sent_it(started):
    first = go(started, 4.0, 0.0)
    assert started.drives()
    second = go(started, 3.0, 1.0)
    assert is_empty(first.ends(ABORTED))
    third = started.ask(NavigateThroughPoses, THROUGH, poses=[started.pose(3, 1)])
    assert is_empty(second.ends(ABORTED))
    started.bench.connect(started.goal)
    started.goal.publish(started.pose(2.0, 1.0))
    assert is_empty(third.ends(ABORTED))
    fourth = go(started, 4.0, 0.0)
    assert started.drives()
    assert fourth.tells(lambda f: f.distance_remaining > 3.5)
    started.put(4.0, 0.0)
    fourth.ends(SUCCEEDED)


def test_without_a_plan_it_is_aborted_with_the_planners_code(started):
    result = go(started, 50.0, 0.0).ends(ABORTED)
    assert result.error_code == 204
    assert "outside the map" in result.error_msg
    result = go(started, float("nan"), 0.0).ends(ABORTED)
    assert "not finite" in result.error_msg
    result = started.ask(NavigateThroughPoses, THROUGH).ends(ABORTED)
    assert (result.error_code, result.error_msg) == (309, f"{THROUGH}: there are no poses")
    assert started.stands()


def test_a_frame_that_nobody_knows_is_a_transform_error(started):
    pytest.importorskip("tf2_ros")
    pose = started.pose(1.0, 1.0, frame="moon")
    result = started.ask(NavigateToPose, TO_POSE, pose=pose).ends(ABORTED)
    assert result.error_code in (202, 9002)
    assert "transform" in result.error_msg


def test_through_poses_each_is_passed_and_the_start_is_not_the_goal(started):
    poses = [started.pose(3.0, 0.0), started.pose(3.0, 2.0), started.pose(0.0, 0.0)]
    task = started.ask(NavigateThroughPoses, THROUGH, poses=poses)
    assert started.drives()
    # It is 0 until there is a plan.
    assert task.tells(lambda f: f.number_of_poses_remaining == 3 and f.distance_remaining > 7.0)
    for k, (x, y) in enumerate([(2.8, 0.0), (3.0, 1.8)]):
        started.put(x, y)
        assert task.tells(lambda f, k=k: f.number_of_poses_remaining == 2 - k)
        assert started.drives()
    started.put(0.1, 0.0)
    assert is_empty(task.ends(SUCCEEDED))


def test_without_a_planner_the_controller_serves_the_action(stand):
    stand = stand()
    stand.start_controller(use_plan=False)
    task = go(stand, 3.0, 0.0)
    assert stand.drives()
    assert task.tells(lambda f: 2.5 < f.distance_remaining < 3.5)
    assert task.cancel()
    task.ends(CANCELED)
    poses = [stand.pose(1, 0), stand.pose(2, 0)]
    result = stand.ask(NavigateThroughPoses, THROUGH, poses=poses).ends(ABORTED)
    assert "one pose at a time" in result.error_msg


@pytest.mark.parametrize("step", ["trigger_deactivate", "leave"])
def test_a_node_that_acts_no_more_aborts_what_runs_and_says_so(started, step):
    task = go(started, 4.0, 0.0)
    assert started.drives()
    getattr(started.planner, step)()
    assert task.ends(ABORTED).error_msg == "the planner is not active"


def test_a_node_that_is_not_active_refuses_goals(stand):
    stand = stand()
    stand.start_planner()
    stand.planner.trigger_deactivate()
    assert not go(stand, 4.0, 0.0).accepted
    stand.planner.trigger_activate()
    assert go(stand, 4.0, 0.0).accepted
