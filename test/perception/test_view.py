"""What a scan says about places: something there, free, or nothing."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.points import scan_points
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.perception.view import FREE, HIDDEN, HIT, View
from mme_ilqr_ros.simulation.lidar import scan as cast

NO_GRID = GridMap.empty(0.1, 0.1, 0.1, Pose(-500.0, -500.0, 0.0))
DISC = np.array([[3.0, 0.0, 0.4, 0.0, 0.0]])


def view_of(circles, state, beams=720, view=1.5 * np.pi, noise=0.0, seed=0):
    step = view / (beams - 1)
    angles = -0.5 * view + step * np.arange(beams)
    ranges = cast(state.pose, angles, circles, NO_GRID, 10.0)
    ranges = ranges + noise * np.random.default_rng(seed).normal(size=beams)
    history = PoseHistory()
    history.add(0.0, state)
    scan = Scan(ranges, angles[0], step, 0.05, 10.0, 0.0)
    return View.of(scan_points(scan, history, 10.0))


@pytest.mark.parametrize("yaw", [0.0, 1.0, 2.2, -0.6])
def test_before_at_and_behind_a_disc(yaw):
    view = view_of(DISC, RobotState(0.0, 0.0, yaw))
    places = np.array([[2.0, 0.0], [2.6, 0.0], [3.0, 0.0], [5.0, 0.0], [0.0, 2.0]])
    assert view.at(places).tolist() == [FREE, HIT, HIDDEN, HIDDEN, FREE]


def test_nothing_is_known_beyond_the_range_and_out_of_view():
    view = view_of(DISC[:0], RobotState(0.0, 0.0, 0.0))
    assert view.at(np.array([[-2.0, 0.0], [10.5, 0.0], [9.0, 0.0]])).tolist() == [
        HIDDEN,
        HIDDEN,
        FREE,
    ]


def test_no_hit_on_what_stands_was_ever_seen_free():
    pillars = np.array([[2.0, 0.5, 0.1, 0, 0], [4.0, -1.0, 0.2, 0, 0], [3.0, 1.5, 0.4, 0, 0]])
    before = view_of(pillars, RobotState(0.0, 0.0, 0.0), noise=0.01, seed=1)
    for step, y in enumerate((-1.0, -0.3, 0.3, 1.0)):  # other sides of them, other edges
        now = view_of(pillars, RobotState(0.5, y, 0.1), noise=0.01, seed=2 + step)
        hits = now.reach > 0.0
        ends = now.origin + now.reach[:, None] * np.stack(
            [np.cos(now.bearings), np.sin(now.bearings)], axis=-1
        )
        said = before.at(ends[hits])
        assert (said != FREE).all()
        assert (said == HIT).sum() > 0.3 * hits.sum()
