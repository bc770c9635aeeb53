import math

import numpy as np
import pytest

from mme_ilqr_ros.control.goal_checker import GoalChecker
from mme_ilqr_ros.control.safety import brake, stop_time
from mme_ilqr_ros.control.target import PathTarget, in_line_of_sight
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.models import ControlLimits

LIMITS = ControlLimits((-0.5, -1.5), (1.0, 1.5), (2.0, 5.0))
STRAIGHT = Path(np.array([[0.0, 0.0], [10.0, 0.0]]))
AHEAD = (1.0, 2.5)


def test_braking_ends_in_exactly_zero_whatever_the_rounding():
    for speed in np.linspace(0.01, 1.0, 200):
        command = np.array([speed, 0.7])
        for _ in range(60):
            command = brake(command, LIMITS, 0.025)
        assert command.tolist() == [0.0, 0.0]


def test_braking_stops_within_v_squared_over_two_a():
    v, period, distance = 1.0, 0.05, 0.0
    velocities = (v, 0.0)
    while np.any(velocities):
        after = brake(velocities, LIMITS, period)
        assert abs(after[0] - velocities[0]) <= 2.0 * period + 1e-12
        distance += 0.5 * (velocities[0] + after[0]) * period
        velocities = after
    assert distance <= v**2 / (2 * 2.0) + 1e-9


def test_braking_ends_at_rest_from_either_direction_and_from_nonsense():
    assert not brake((-0.1, 0.2), LIMITS, 0.1).any()
    assert not brake((math.nan, math.inf), LIMITS, 0.1).any()


def test_the_goal_is_reached_inside_the_tolerance_once_it_gets_no_better():
    checker, goal = GoalChecker(), Pose(1.0, 0.0, 0.0)
    assert not checker.reached(RobotState(0.5, 0, 0), goal, 0.25)
    assert not checker.reached(RobotState(0.8, 0, 0), goal, 0.25)  # inside, still improving
    assert checker.reached(RobotState(0.8, 0, 0), goal, 0.25)
    assert checker.reached(RobotState(0.7, 0, 0), goal, 0.25)  # hysteresis
    assert not checker.reached(RobotState(0.5, 0, 0), goal, 0.25)  # pushed away
    assert not checker.reached(RobotState(0.8, 0, 0), Pose(9.0, 0, 0), 0.25)  # a new goal


def test_close_to_the_middle_of_the_tolerance_is_good_enough():
    assert GoalChecker().reached(RobotState(0.95, 0, 0), Pose(1.0, 0, 0), 0.25)


def test_the_target_lies_one_lookahead_ahead_and_ends_at_the_path_end():
    target = PathTarget()
    args = (no_circles(), None, 0.25, AHEAD)
    assert target.point(STRAIGHT, np.array([1.0, 0.3]), *args) == pytest.approx([3.5, 0.0])
    assert target.point(STRAIGHT, np.array([1.9, 0.3]), *args) == pytest.approx([4.4, 0.0])
    assert PathTarget().point(STRAIGHT, np.array([9.0, 0.0]), *args) == pytest.approx([10.0, 0.0])


def test_a_target_inside_an_obstacle_moves_on_behind_it():
    circles = np.array([[2.9, 0.0, 0.5, 0.0, 0.0]])
    point = PathTarget().point(STRAIGHT, np.zeros(2), circles, None, 0.23, AHEAD)
    assert point[0] == pytest.approx(2.9 + 0.5 + 0.23, abs=0.11)
    assert point[0] > 2.9 + 0.5 + 0.23


def test_a_wall_of_the_map_brings_the_target_into_sight():
    """A path round the corner of a wall: the straight line to the far target is not free."""
    blocked = np.zeros((40, 40), dtype=bool)
    blocked[:20, 20] = True  # x = 2.0, y < 2.0
    field = build_distance_field(blocked, 0.1, Pose(0.0, 0.0, 0.0))
    path = Path(np.array([[1.0, 0.5], [1.2, 2.5], [3.0, 2.5], [3.0, 0.5]]))
    position = np.array([1.0, 0.5])
    point = PathTarget().point(path, position, no_circles(), field, 0.23, (0.5, 4.0))
    assert in_line_of_sight(position, point[None], field, 0.23).all()
    beyond = np.array([[3.0, 2.5], [3.0, 0.5]])
    assert in_line_of_sight(position, beyond, field, 0.23).tolist() == [False, False]
    far = PathTarget().point(path, position, no_circles(), None, 0.23, (0.5, 4.0))
    assert far[0] > 2.5  # without the map it looks through the wall


def test_progress_is_kept_when_the_same_plan_comes_again_and_restarts_with_another():
    target, args = PathTarget(), (no_circles(), None, 0.25, AHEAD)
    loop = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0], [0.0, 0.05]])
    for x in np.linspace(0.0, 3.0, 31):
        target.point(Path(loop), np.array([x, 0.0]), *args)
    again = target.point(Path(loop.copy()), np.array([3.0, 0.0]), *args)
    assert again == pytest.approx([4.0, 1.5])
    moved = Path(np.add(loop, [0.03, -0.02]))  # the map was corrected
    assert target.point(moved, np.array([3.0, 0.0]), *args) == pytest.approx([4.03, 1.5], abs=0.03)
    other = target.point(STRAIGHT, np.array([5.0, 0.0]), *args)
    assert other == pytest.approx([7.5, 0.0])


def figure_of_eight():
    t = np.linspace(0.0, 2 * np.pi, 400)
    return Path(np.column_stack([2.0 * np.sin(t), np.sin(2.0 * t)]))


def test_a_plan_that_crosses_itself_is_followed_past_its_crossing_whatever_comes_again():
    """The same plan comes again in every cycle, once in a while moved by a corrected map."""
    target, path, rng = PathTarget(), figure_of_eight(), np.random.default_rng(0)
    for i, s in enumerate(np.arange(0.0, path.length - 2.6, 0.1)):
        shift = rng.normal(scale=0.02, size=2) if i % 10 == 0 else np.zeros(2)
        again = Path(path.points + shift)
        position = path.point_at(s) + rng.normal(scale=0.03, size=2)
        point = target.point(again, position, no_circles(), None, 0.23, (2.5, 2.5))
        assert np.hypot(*(point - path.point_at(s + 2.5))) < 0.3
        reference = target.reference(again, position, 0.1, 5)
        assert reference[:, :2] == pytest.approx(path.point_at(s + 0.1 * np.arange(5)), abs=0.3)


def test_a_plan_is_joined_at_the_first_of_its_near_points():
    """It starts on the crossing: the nearest point may lie on the branch that comes back."""
    path = Path(np.array([[-0.1, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0], [0.0, -1.0]]))
    position = np.array([0.0, 0.02])
    reference = PathTarget().reference(path, position, 0.5, 3)
    assert reference[:, 0] == pytest.approx([0.0, 0.5, 1.0], abs=0.11)
    assert reference[:, 1] == pytest.approx([0.0, 0.0, 0.0])
    assert reference[:, 2] == pytest.approx([0.0, 0.0, 0.0])


def test_the_points_of_a_reference_end_at_the_end_of_the_plan():
    reference = PathTarget().reference(STRAIGHT, np.array([9.0, 0.2]), 0.4, 6)
    assert reference[:, 0] == pytest.approx([9.0, 9.4, 9.8, 10.0, 10.0, 10.0])


def test_a_goal_with_a_heading_is_reached_only_turned_right():
    checker, goal = GoalChecker(), Pose(1.0, 0.0, math.pi)
    assert not checker.reached(RobotState(1.0, 0.0, 0.0), goal, 0.25, 0.2)
    assert not checker.reached(RobotState(1.0, 0.0, 2.8), goal, 0.25, 0.2)
    assert checker.reached(RobotState(1.0, 0.0, -3.1), goal, 0.25, 0.2)  # across the seam
    assert checker.reached(RobotState(1.0, 0.0, 2.9), goal, 0.25, 0.2)  # hysteresis
    assert GoalChecker().reached(RobotState(1.0, 0.0, 0.0), goal, 0.25)


def test_a_stopping_time_is_that_of_the_slowest_control_that_has_to_stop():
    assert stop_time((1.0, 1.0), LIMITS) == pytest.approx(0.5)
    assert stop_time((1.0, 5.0), LIMITS, kept=(1,)) == pytest.approx(0.5)
    assert brake((1.0, 0.7), LIMITS, 0.1, kept=(1,)) == pytest.approx([0.8, 0.7])


def test_a_reached_goal_stays_reached_while_localisation_corrects_its_frame():
    checker = GoalChecker()
    assert checker.reached(RobotState(0.95, 0, 0), Pose(1.0, 0, 0), 0.25)
    assert checker.reached(RobotState(0.85, 0, 0), Pose(1.02, 0.01, 0.01), 0.25)
    assert not checker.reached(RobotState(0.85, 0, 0), Pose(1.09, 0, 0), 0.25)  # another goal


def test_braking_keeps_the_curve():
    controls = np.array([1.0, 0.8])
    for _ in range(3):
        after = brake(controls, LIMITS, 0.1, turning=(1,))
        assert after[1] / after[0] == pytest.approx(0.8)
        assert after[0] == pytest.approx(controls[0] - 0.1 * LIMITS.rate[0])
        controls = after


def test_a_turn_that_cannot_fall_with_the_speed_falls_as_fast_as_it_can():
    after = brake((0.1, 1.4), LIMITS, 0.1, turning=(1,))
    assert after[0] == 0.0
    assert after[1] == pytest.approx(1.4 - 0.1 * LIMITS.rate[1])
    assert not brake((0.0, 0.1), LIMITS, 0.1, turning=(1,)).any()


def test_a_way_back_to_the_plan_ends_where_walls_are_no_longer_known():
    straight = Path(np.array([[0.0, 0.0], [30.0, 0.0]]))
    window = DistanceField(np.full((60, 60), 2.0), 0.1, Pose(-3.0, -3.0, 0.0), 2.0)
    here = np.zeros(2)
    assert PathTarget().rest(straight, here, 10.0, None)[1] == pytest.approx([10.0, 0.0])
    length, place = PathTarget().rest(straight, here, 10.0, window)
    assert length == pytest.approx(30.0)
    assert 2.7 < place[0] <= 3.0
    whole = DistanceField(np.full((60, 400), 2.0), 0.1, Pose(-3.0, -3.0, 0.0), 2.0)
    assert PathTarget().rest(straight, here, 10.0, whole)[1] == pytest.approx([10.0, 0.0])
