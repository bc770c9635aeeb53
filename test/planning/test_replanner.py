import numpy as np
import pytest

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.planning.replanner import Replanner
from mme_ilqr_ros.planning.result import PlanResult, PlanStatus
from mme_ilqr_ros.planning.settings import ReplanSettings

START, GOAL = np.array([0.0, 0.0]), np.array([4.0, 0.0])
LEFT = Path(np.array([START, [2.0, 1.0], GOAL]))
RIGHT = Path(LEFT.points * [1.0, -1.0])
FAILED = PlanResult(PlanStatus.NO_VALID_PATH, "")


def result(path):
    return PlanResult(PlanStatus.SUCCEEDED, "", path=path)


def straight(start, length):
    return Path(np.array([start, np.add(start, [length, 0.0])]))


class Case:
    """A replanner at a frequency of 2 Hz with the plan LEFT in force since time 0."""

    def __init__(self, **settings):
        self.replanner = Replanner(ReplanSettings(expected_planner_frequency=2.0, **settings))
        self.requests = 0
        assert self.update(0.0, LEFT).path is LEFT

    def update(self, now, path, position=START):
        def plan():
            self.requests += 1
            return FAILED if path is None else result(path)

        return self.replanner.update(now, position, GOAL, plan)


def test_it_plans_once_a_period_whatever_comes_of_it():
    case = Case()
    for now in (0.1, 0.2, 0.4):
        assert case.update(now, RIGHT) is None
    assert case.requests == 1
    case.update(0.5 - 1e-12, None)
    case.update(0.9, None)
    assert case.requests == 2
    case.update(0.3, None)  # a clock that went backwards
    assert case.requests == 3


def test_calls_that_come_late_keep_the_frequency_and_a_pause_is_not_made_up_for():
    case = Case()
    times = [0.1 * k + 0.04 for k in range(1, 101)]
    for now in times:
        case.update(now, RIGHT)
    assert case.requests == 1 + 20
    for now in (30.0, 30.1, 30.4):
        case.update(now, RIGHT)
    assert case.requests == 1 + 20 + 1


def test_without_a_frequency_only_a_restart_makes_a_plan():
    case = Case()
    case.replanner.settings = ReplanSettings(expected_planner_frequency=0.0)
    assert case.update(99.0, RIGHT) is None
    case.replanner.restart()
    assert case.update(99.0, RIGHT).path is RIGHT
    assert case.requests == 2


def test_of_two_ways_equally_long_the_one_in_force_stays():
    case = Case()
    assert case.update(1.0, RIGHT) is None
    assert case.update(2.0, RIGHT, (0.1, -0.02)) is None
    assert case.replanner.path is LEFT


@pytest.mark.parametrize(("detour", "taken"), [(0.97, False), (0.85, True)])
def test_a_plan_that_is_shorter_by_more_than_the_margin_is_taken(detour, taken):
    new = straight(START, detour * LEFT.length)
    assert (Case().update(1.0, new) is not None) is taken


def test_what_is_driven_already_does_not_count():
    position = LEFT.point_at(0.5 * LEFT.length)
    rest = Path(np.array([position, GOAL]))
    assert Case().update(1.0, rest, position) is None


def test_far_from_its_plan_the_robot_gets_a_new_one():
    assert Case().update(1.0, RIGHT, (0.5, 0.2)) is None
    far = Path(np.array([[2.0, -1.5], GOAL]))
    assert Case().update(1.0, far, (2.0, -1.5)).path is far


def test_a_request_that_fails_keeps_the_plan_in_force_but_for_a_new_task_says_so():
    case = Case()
    assert case.update(1.0, None) is None
    assert case.replanner.path is LEFT
    case.replanner.restart()
    assert case.update(1.1, None) is FAILED
    assert case.replanner.path is None
    assert case.update(2.0, RIGHT).path is RIGHT


def test_near_the_goal_only_a_new_task_makes_a_plan():
    case, near = Case(replan_distance=0.5), (3.6, 0.0)
    case.replanner.release()
    assert case.update(1.0, straight(near, 0.4), near) is None
    assert case.requests == 1
    case.replanner.restart()
    assert case.update(1.1, straight(near, 0.4), near) is not None


def test_a_plan_for_other_settings_is_taken_though_it_is_longer():
    case, longer = Case(), straight(START, 9.0)
    case.replanner.release()
    assert case.update(0.1, longer) is None  # not before it is due
    assert case.update(0.5, longer).path is longer
