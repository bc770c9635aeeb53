import math

import numpy as np
import pytest

from mme_ilqr_ros.control.fallback import brake
from mme_ilqr_ros.control.goal_checker import GoalChecker
from mme_ilqr_ros.control.target import PathTarget, in_line_of_sight
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.models import ControlLimits

LIMITS = ControlLimits((-0.5, -1.5), (1.0, 1.5), (2.0, 5.0))
STRAIGHT = Path(np.array([[0.0, 0.0], [10.0, 0.0]]))
AHEAD = (1.0, 2.5)


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
    assert in_line_of_sight(position, point, field, 0.23)
    far = PathTarget().point(path, position, no_circles(), None, 0.23, (0.5, 4.0))
    assert far[0] > 2.5  # without the map it looks through the wall


def test_progress_is_kept_when_the_same_plan_comes_again_and_restarts_with_another():
    target, args = PathTarget(), (no_circles(), None, 0.25, AHEAD)
    loop = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0], [0.0, 0.05]])
    for x in np.linspace(0.0, 3.0, 31):
        target.point(Path(loop), np.array([x, 0.0]), *args)
    again = target.point(Path(loop.copy()), np.array([3.0, 0.0]), *args)
    assert again == pytest.approx([4.0, 1.5])
    other = target.point(STRAIGHT, np.array([5.0, 0.0]), *args)
    assert other == pytest.approx([7.5, 0.0])
