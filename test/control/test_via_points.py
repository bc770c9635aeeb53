"""The controller on plans that come back: it passes the via points and does not take the start for
the goal."""

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.target import PathTarget
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState

PERIOD, REACH = 0.1, 0.5


def drive(path):
    control = LocalController(ControllerSettings(controller_frequency=1.0 / PERIOD), realtime=False)
    state, goal, places, speeds = RobotState(0.0, 0.0, 0.0), Pose(*path.points[-1], 0.0), [], []
    for k in range(300):
        result = control.compute_command(Situation(state, goal, PERIOD * k, path))
        places.append(state.position)
        speeds.append(result.vx)
        if result.status is ControlStatus.GOAL_REACHED:
            return np.array(places), np.array(speeds)
        here = RobotState(state.x, state.y, state.yaw, result.vx, result.wz)
        state = here.after(PERIOD)
    raise AssertionError("the goal was not reached")


def test_there_and_back_goes_there_first():
    places, _ = drive(Path([[0.0, 0.0], [4.0, 0.0], [0.0, 0.0]], [4.0]))
    assert np.hypot(*(places - (4.0, 0.0)).T).min() < REACH
    assert np.hypot(*places[-1]) < 0.25


def test_corners_are_passed_near_by_and_without_a_stop():
    corners = np.array([(0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (0.0, 3.0), (0.0, 0.0)])
    places, speeds = drive(Path(corners, [3.0, 6.0, 9.0]))
    for corner in corners[1:]:
        assert np.hypot(*(places - corner).T).min() < REACH
    assert speeds[5:-20].min() > 0.3


def test_a_via_point_on_a_straight_plan_changes_nothing():
    target, points = PathTarget(), [[0.0, 0.0], [3.0, 0.0], [9.0, 0.0]]
    target.reach = REACH
    for vias in ([], [3.0]):
        found = target.point(Path(points, vias), np.zeros(2), no_circles(), None, 0.2, (1.0, 5.0))
        assert found == pytest.approx((5.0, 0.0))


def test_the_target_does_not_cut_a_via_point_off():
    target, path = PathTarget(), Path([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], [1.0])
    target.reach = REACH
    for lookahead in ((0.5, 5.0), (1.6, 5.0)):
        found = target.point(path, np.zeros(2), no_circles(), None, 0.2, lookahead)
        assert 1.0 - 0.5 * REACH <= found[0] <= 1.0
    assert target.has_via_ahead(path, np.zeros(2))
    assert not target.has_via_ahead(Path([[0.0, 0.0], [1.0, 0.0]]), np.zeros(2))
    assert not target.has_via_ahead(None, np.zeros(2))


def test_a_way_back_to_the_plan_leads_before_its_via_point():
    target, path = PathTarget(), Path([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], [1.0])
    target.reach = REACH
    rest, point = target.rest(path, np.zeros(2), 10.0, None)
    assert rest == pytest.approx(2.0)
    assert point == pytest.approx((1.0, 0.0))
