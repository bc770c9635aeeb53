from functools import partial

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.replanner import Replanner
from mme_ilqr_ros.planning.result import PlanResult, PlanStatus
from mme_ilqr_ros.planning.settings import ReplanSettings

START, GOAL = np.array([0.0, 0.0]), np.array([4.0, 0.0])
LEFT = Path(np.array([START, [2.0, 1.0], GOAL]))
RIGHT = Path(LEFT.points * [1.0, -1.0])
FAILED = PlanResult(PlanStatus.NO_VALID_PATH, "")


def result(path, prices=None):
    """A result whose paths cost their length, or what `prices` says of them by their left side."""
    if prices is None:
        return PlanResult(PlanStatus.SUCCEEDED, "", path=path)
    left, right = prices

    def cost_of(priced):
        return priced.length * (left if priced.points[:, 1].max() > 0.1 else right)

    return PlanResult(PlanStatus.SUCCEEDED, "", path=path, cost_of=cost_of)


def straight(start, length):
    return Path(np.array([start, np.add(start, [length, 0.0])]))


class Case:
    """A replanner at a frequency of 2 Hz with the plan LEFT in force since time 0."""

    def __init__(self, **settings):
        self.replanner = Replanner(ReplanSettings(expected_planner_frequency=2.0, **settings))
        self.requests = 0
        assert self.update(0.0, LEFT).path is LEFT

    def update(self, now, path, position=START, prices=None):
        def plan():
            self.requests += 1
            return FAILED if path is None else result(path, prices)

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


@pytest.mark.parametrize(
    ("prices", "taken"), [((1.0, 1.0), False), ((1.5, 1.0), True), ((1.0, 0.95), False)]
)
def test_plans_are_compared_by_the_cost_that_is_minimised(prices, taken):
    longer = Path(np.array([START, [2.0, -1.2], GOAL]))
    assert longer.length > 1.03 * LEFT.length
    assert (Case().update(1.0, longer, prices=prices) is not None) is taken
    shorter = straight(START, 0.85 * LEFT.length)
    assert Case().update(1.0, shorter, prices=(1.0, 1.2)) is None


def test_on_a_new_map_a_plan_is_made_at_once_and_the_one_in_force_stays_if_it_is_as_good():
    case = Case()
    case.replanner.hasten()
    assert case.update(0.1, RIGHT) is None
    assert case.requests == 2
    assert case.replanner.path is LEFT
    assert case.replanner.latest.path is RIGHT
    case.replanner.hasten()
    assert case.update(0.2, RIGHT, prices=(1.5, 1.0)).path is RIGHT


def test_on_a_new_map_a_plan_that_is_blocked_gives_way_at_once_even_to_a_dearer_one():
    case = Case()
    case.replanner.hasten()
    assert case.update(0.1, RIGHT, prices=(np.inf, 3.0)).path is RIGHT


def test_on_a_new_map_without_a_way_that_is_said():
    case = Case()
    case.replanner.hasten()
    assert case.update(0.1, None) is FAILED
    assert case.replanner.path is None


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


def block(rows, columns):
    """Return a hall of 8 m x 6 m with a box in its middle, as far from either side."""
    occupied = np.zeros((120, 160), bool)
    occupied[40:80, 60:100] = True
    occupied[rows, columns] = True
    return GridMap(occupied, 0.05, Pose(0.0, 0.0, 0.0))


def test_with_the_planner_a_route_is_kept_over_maps_until_one_blocks_it():
    planner, replanner = GlobalPlanner(PlannerSettings()), Replanner(ReplanSettings())
    goal, sides = (7.0, 3.0), []
    for step, (y, (rows, columns)) in enumerate(
        [
            (3.02, (slice(0), slice(0))),
            (2.98, (slice(0), slice(0))),  # nearer to the other way
            (2.98, (slice(95, 97), slice(30, 32))),  # something small beside the way in force
            (2.98, (slice(80, 120), slice(78, 82))),  # a wall across it
        ]
    ):
        request = block(rows, columns), (1.0, y), goal
        replanner.hasten()
        replanner.update(0.1 * step, request[1], goal, partial(planner.plan, *request))
        assert planner.plan(*request).cost_of(replanner.path) < np.inf
        sides.append(replanner.path.points[:, 1].max() > 4.0)
    assert sides == [True, True, True, False]
    assert planner.plan(block(0, 0), (1.0, 2.98), goal).path.points[:, 1].max() < 4.0
