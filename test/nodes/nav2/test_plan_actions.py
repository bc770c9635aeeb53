"""Planning by nav2's actions: nothing drives, and each failure has its code."""

import threading

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("nav2_msgs")

from action_bench import ABORTED, CANCELED, SUCCEEDED
from nav2_msgs.action import ComputePathThroughPoses, ComputePathToPose
from nav2_msgs.srv import IsPathValid

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.plan_message import read_plan

TO_POSE, THROUGH = "compute_path_to_pose", "compute_path_through_poses"


def room():
    """Return a room of 8 m x 8 m with a block, a closed strip behind a wall, a solid corner."""
    occupied = np.zeros((80, 80), bool)
    occupied[50:60, 50:60] = True  # x 3 to 4, y 1 to 2
    occupied[:, 70] = True
    occupied[:25, :30] = True  # x below 1, y below -1.5
    return GridMap(occupied, 0.1, Pose(-2.0, -4.0, 0.0))


@pytest.fixture
def started(stand):
    stand = stand(grid=room())
    stand.start_planner(tolerance=0.0)
    assert stand.bench.spin_until(lambda: stand.planner.is_ready)
    return stand


def codes(kind, stand, name, **request):
    result = stand.ask(kind, name, **request).ends(ABORTED)
    assert result.error_msg
    assert len(result.path.poses) == 0
    return result.error_code


def test_a_path_from_the_robot_and_from_a_start_without_driving(started):
    goal = started.pose(2.0, 2.0, 1.0)
    result = started.ask(ComputePathToPose, TO_POSE, goal=goal, planner_id="GridBased")
    result = result.ends(SUCCEEDED)
    path = convert.path_value(result.path)
    assert path.points[[0, -1]].tolist() == [[0.0, 0.0], [2.0, 2.0]]
    assert convert.pose_value(result.path.poses[-1].pose).yaw == pytest.approx(1.0)
    assert result.error_code == 0
    assert result.planning_time.nanosec > 0
    start = started.pose(1.0, -1.0)
    result = started.ask(ComputePathToPose, TO_POSE, goal=goal, start=start, use_start=True)
    path = convert.path_value(result.ends(SUCCEEDED).path)
    assert path.points[0].tolist() == [1.0, -1.0]
    assert started.plans == []
    assert started.planner.goal_words == "none"


def test_each_failure_has_its_code(started):
    pose, kind = started.pose, ComputePathToPose.Result
    far, wall, block = pose(50.0, 0.0), pose(5.5, 0.0), pose(3.5, 1.5)
    to_pose = [
        ({"goal": far}, kind.GOAL_OUTSIDE_MAP),
        ({"goal": pose(1, 1), "start": far, "use_start": True}, kind.START_OUTSIDE_MAP),
        ({"goal": block}, kind.GOAL_OCCUPIED),
        ({"goal": wall}, kind.NO_VALID_PATH),
        ({"goal": pose(1, 1), "start": pose(-1.5, -3.5), "use_start": True}, kind.START_OCCUPIED),
        ({"goal": pose(float("nan"), 1.0)}, kind.UNKNOWN),
    ]
    for request, code in to_pose:
        assert codes(ComputePathToPose, started, TO_POSE, **request) == code
    kind = ComputePathThroughPoses.Result
    through = [
        ([], kind.NO_VIAPOINTS_GIVEN),
        ([pose(1, 1), far], kind.GOAL_OUTSIDE_MAP),
        ([wall, pose(1, 1)], kind.NO_VALID_PATH),
    ]
    for goals, code in through:
        assert codes(ComputePathThroughPoses, started, THROUGH, goals=goals) == code


def test_without_a_map_it_is_a_timeout_and_without_a_robot_a_transform_error(stand):
    stand = stand(with_map=False)
    stand.sends_odometry = False
    stand.start_planner()
    kind, goal = ComputePathToPose.Result, stand.pose(1.0, 1.0)
    assert codes(ComputePathToPose, stand, TO_POSE, goal=goal) == kind.TIMEOUT
    stand.map.publish(convert.occupancy_message(room(), stand.stamp(), "map"))
    assert stand.bench.spin_until(lambda: not stand.planner._ground.lack)
    assert codes(ComputePathToPose, stand, TO_POSE, goal=goal) == kind.TF_ERROR


def test_a_frame_that_nobody_knows_is_a_transform_error(started):
    pytest.importorskip("tf2_ros")
    goal = started.pose(1.0, 1.0, frame="moon")
    code = codes(ComputePathToPose, started, TO_POSE, goal=goal)
    assert code == ComputePathToPose.Result.TF_ERROR


def test_a_path_through_poses_has_them_as_via_points(started):
    goals = [started.pose(2.0, 0.0), started.pose(2.0, 3.0), started.pose(0.0, 0.0)]
    result = started.ask(ComputePathThroughPoses, THROUGH, goals=goals).ends(SUCCEEDED)
    from rclpy.serialization import serialize_message

    path = read_plan(bytes(serialize_message(result.path))).path
    np.testing.assert_allclose(path.point_at(path.vias), [(2.0, 0.0), (2.0, 3.0)], atol=1e-6)
    np.testing.assert_allclose(path.points[-1], (0.0, 0.0), atol=1e-6)


def test_a_newer_request_aborts_the_older_and_a_cancelled_one_ends(started, monkeypatch):
    plan, may_end = started.planner._ground.plan, threading.Event()

    def slow(*arguments):
        may_end.wait(10.0)
        return plan(*arguments)

    monkeypatch.setattr(started.planner._ground, "plan", slow)
    tasks = []
    for x in (1.0, 2.0):
        tasks.append(started.ask(ComputePathToPose, TO_POSE, goal=started.pose(x, 0.0)))
    result = tasks[0].ends(ABORTED)
    assert (result.error_code, result.error_msg) == (0, "")
    other = started.ask(ComputePathThroughPoses, THROUGH, goals=[started.pose(1.0, 0.0)])
    assert other.cancel()
    other.ends(CANCELED)
    may_end.set()
    path = convert.path_value(tasks[1].ends(SUCCEEDED).path)
    assert path.points[-1].tolist() == [2.0, 0.0]


def test_whether_a_path_is_valid_and_where_not(started):
    bench = started.bench

    def check(*points):
        request = IsPathValid.Request(path=started.path(*points))
        response = bench.call(IsPathValid, "is_path_valid", request)
        return response.is_valid, list(response.invalid_pose_indices)

    assert check((0.0, 0.0), (1.0, 0.0), (2.0, 0.0)) == (True, [])
    assert check((0.0, 0.0), (3.5, 1.5), (2.0, 0.0), (9.0, 0.0)) == (False, [1, 3])
    started.put(2.0, 0.0)
    assert check((0.0, 0.0), (3.5, 1.5), (2.0, 0.0), (9.0, 0.0)) == (False, [3])
    assert check() == (False, [])


def test_beside_another_navigator_the_path_is_shown_and_no_goal_is_taken(stand):
    stand = stand()
    stand.start_planner(serve_navigation=False)
    assert stand.bench.spin_until(lambda: stand.planner.is_ready)
    stand.ask(ComputePathToPose, TO_POSE, goal=stand.pose(2.0, 0.0)).ends(SUCCEEDED)
    assert stand.bench.spin_until(lambda: stand.plans)
    assert not stand.goal.get_subscription_count()
    names = [name for name, _ in stand.bench.node.get_topic_names_and_types()]
    assert not [name for name in names if "navigate_to_pose" in name]
