import numpy as np
import pytest

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.planning.plan_switch import is_worth_switching

LEFT = Path(np.array([[0.0, 0.0], [2.0, 1.0], [4.0, 0.0]]))
RIGHT = Path(LEFT.points * [1.0, -1.0])


def test_of_two_ways_equally_long_the_one_in_force_stays():
    assert not is_worth_switching(LEFT, RIGHT, (0.0, 0.0), 0.1, 1.0)
    assert not is_worth_switching(RIGHT, LEFT, (0.1, 0.02), 0.1, 1.0)


@pytest.mark.parametrize(("detour", "expected"), [(0.97, False), (0.85, True)])
def test_a_plan_that_is_shorter_by_more_than_the_margin_is_taken(detour, expected):
    new = Path(np.array([[0.0, 0.0], [detour * LEFT.length, 0.0]]))
    assert is_worth_switching(LEFT, new, (0.0, 0.0), 0.1, 1.0) is expected


def test_what_is_driven_already_does_not_count():
    position = LEFT.point_at(0.5 * LEFT.length)
    rest = Path(np.array([position, [4.0, 0.0]]))
    assert not is_worth_switching(LEFT, rest, position, 0.1, 1.0)


def test_far_from_its_plan_the_robot_gets_a_new_one():
    new = Path(np.array([[2.0, -1.5], [4.0, 0.0]]))
    assert is_worth_switching(LEFT, new, (2.0, -1.5), 0.1, 1.0)
    assert not is_worth_switching(LEFT, RIGHT, (0.5, 0.2), 0.1, 1.0)
