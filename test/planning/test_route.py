"""A way through poses: its legs, its via points, and how far a robot has come."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.result import PlanResult, PlanStatus
from mme_ilqr_ros.planning.route import Legs, Travel

START, B, C = Pose(0.0, 0.0, 0.0), Pose(4.0, 0.0, 0.0), Pose(4.0, 3.0, 1.0)


class Straight:
    """Plans straight legs and counts them; none leads beyond x = 9."""

    def __init__(self):
        self.asked = []

    def __call__(self, start, goal):
        self.asked.append((start, goal))
        if goal.x > 9.0:
            return PlanResult(PlanStatus.GOAL_OUTSIDE_MAP, "far out")
        path = Path(np.array([[start.x, start.y], [goal.x, goal.y]]))
        return PlanResult(PlanStatus.SUCCEEDED, "path; a note", path, path.length)


def test_one_goal_is_planned_as_it_is():
    plan = Straight()
    result = Legs().plan(START, [B], plan)
    assert result.message == "path; a note"
    assert not len(result.path.vias)


def test_the_legs_make_one_path_with_via_points_between_them():
    result = Legs().plan(START, [B, C, START], Straight())
    np.testing.assert_allclose(result.path.vias, [4.0, 7.0])
    np.testing.assert_allclose(result.path.points[[0, 1, 2, 3]], [(0, 0), (4, 0), (4, 3), (0, 0)])
    assert result.length == pytest.approx(12.0)
    assert result.message == "path of 12.00 m through 3 poses; a note; a note; a note"


def test_only_the_leg_from_the_robot_is_planned_again():
    legs, plan = Legs(), Straight()
    legs.plan(START, [B, C, START], plan)
    plan.asked.clear()
    result = legs.plan(Pose(1.0, 0.5, 0.0), [B, C, START], plan)
    assert len(plan.asked) == 1
    assert len(result.path.vias) == 2
    legs.forget()
    plan.asked.clear()
    legs.plan(START, [B, C, START], plan)
    assert len(plan.asked) == 3


def test_a_leg_that_fails_is_named():
    result = Legs().plan(START, [B, Pose(10.0, 0.0, 0.0), C], Straight())
    assert result.status is PlanStatus.GOAL_OUTSIDE_MAP
    assert result.message == "to pose 2 of 3: far out"
    assert result.path is None


def test_a_robot_there_and_back_passes_its_via_point_once_and_knows_the_rest():
    path = Legs().plan(START, [B, START], Straight()).path
    travel = Travel(path, 2, reach=0.5)
    there, back = np.linspace(0.0, 3.6, 19), np.linspace(3.4, 0.0, 18)
    passed = [travel.advance((x, 0.0)) for x in there]
    assert passed == [False] * 18 + [True]
    assert travel.n_ahead == 1
    assert not any(travel.advance((x, 0.1)) for x in back)
    assert travel.rest((0.0, 0.1)) == pytest.approx(0.1, abs=0.01)


def test_beside_a_via_point_behind_a_wall_is_not_there():
    path = Path(np.array([(0.0, 0.0), (3.0, 0.0), (3.0, 0.4), (0.0, 0.4), (-3.0, 0.4)]), [6.0])
    travel = Travel(path, 2, reach=0.5)
    assert not travel.advance((0.0, 0.0))
    assert travel.n_ahead == 2


def test_without_a_plan_nothing_is_known():
    travel = Travel()
    assert not travel.advance((1.0, 1.0))
    assert travel.rest((1.0, 1.0)) == 0.0
