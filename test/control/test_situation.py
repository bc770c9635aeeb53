"""Inputs of the wrong kind are refused; numbers that cannot be true make the robot brake."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.robots import robot_of
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import MOST_CIRCLES, MOST_GIVEN, Situation
from mme_ilqr_ros.control.target import SIGHT, PathTarget, in_line_of_sight
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState

START, GOAL = RobotState(0.0, 0.0, 0.0), Pose(6.0, 0.0, 0.0)
FASTEST = (1.0, 0.0, 1.5)
WALLS = build_distance_field(np.eye(200, dtype=bool), 0.05, Pose(-2.0, -9.0, 0.0))
PLAN = Path([[0.0, 0.0], [6.0, 0.0]])


def situation(**changes):
    return replace(Situation(START, GOAL, 0.0, PLAN, walls=WALLS), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": None}, "state is a NoneType: must be a RobotState"),
        ({"goal": (6.0, 0.0, 0.0)}, "goal is a tuple: must be a Pose"),
        ({"path": [[0.0, 0.0], [6.0, 0.0]]}, "path is a list: must be a Path"),
        ({"walls": np.zeros((3, 3))}, "walls is a ndarray: must be a DistanceField"),
        ({"cost_to_go": WALLS}, "cost_to_go is a DistanceField: must be a CostToGo"),
        ({"now": "soon"}, "now = 'soon': must be a number"),
        ({"goal": Pose(6.0, None, 0.0)}, "goal.y = None: must be a number"),
        ({"state": RobotState(0.0, 0.0, 10**400)}, "state.yaw = 1000"),
        ({"circles": np.zeros(5)}, r"shape \(5,\)"),
        ({"circles": np.zeros((3, 4))}, r"shape \(3, 4\): must be \[M, 3\] or \[M, 5\]"),
        ({"circles": [["a", "b", "c"]]}, "rows must be x, y, radius"),
        ({"circles": [[1.0, 2.0, 0.5], [1.0]]}, "rows must be x, y, radius"),
    ],
)
def test_what_has_the_wrong_kind_is_refused_by_name(changes, words):
    with pytest.raises(InputError, match=words) as refusal:
        situation(**changes)
    assert "\n" not in str(refusal.value)


def test_rows_of_three_numbers_are_circles_at_rest_here_too():
    assert situation(circles=[[1, 2, 3]]).circles.tolist() == [[1.0, 2.0, 3.0, 0.0, 0.0]]
    assert situation(circles=[]).circles.shape == (0, 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": RobotState(1e6, 0.0, 0.0)}, "pose is 1e+06 m from the map"),
        ({"state": RobotState(0.0, -1e300, 0.0)}, "pose is at (0, -1e+300) m"),
        ({"state": RobotState(0.0, math.nan, 0.0)}, "pose is at (0, nan) m"),
        ({"state": RobotState(0.0, 0.0, 1e9)}, "pose has a yaw of 1e+09 rad"),
        ({"state": RobotState(0.0, 0.0, 0.0, vx=1e6)}, "measured vx = 1e+06 m/s is beyond 10 x"),
        ({"state": RobotState(0.0, 0.0, 0.0, wz=-40.0)}, "measured wz = -40 rad/s is beyond"),
        ({"state": RobotState(0.0, 0.0, 0.0, vy=math.inf)}, "measured vy = inf m/s is beyond"),
        ({"goal": Pose(1e9, 0.0, 0.0)}, "goal is at (1e+09, 0) m"),
        ({"now": math.nan}, "now = nan s is not finite"),
        ({"circles": [[1.0, 1.0, -0.1]]}, "circles: row 0: radius = -0.1"),
        ({"circles": [[1.0, 1.0, 0.1, 0, 0], [1.0, 1.0, 0.1, 1e6, 0]]}, "row 1 moves at 1e+06 m/s"),
        ({"circles": [[1e9, 1.0, 0.1]]}, "circles: row 0: [1000000000.0, 1.0"),
        ({"circles": np.zeros((MOST_GIVEN + 1, 5))}, f"{MOST_GIVEN + 1} circles: must be at most"),
        ({"walls": replace(WALLS, values=np.full((9, 9), math.nan))}, "walls hold a value"),
        ({"cost_to_go": CostToGo(np.array([[1.0, math.inf]]), 0.1, Pose(0, 0, 0))}, "for_tracking"),
    ],
)
def test_numbers_that_cannot_be_true_are_named(changes, words):
    fault = situation(**changes).fault(FASTEST)
    assert words in fault
    assert "\n" not in fault


@pytest.mark.parametrize(
    "changes",
    [
        {"state": RobotState(-900.0, 0.0, 50.0, vx=9.0, wz=-14.0, vy=-1.0)},
        {"goal": None, "path": None, "walls": None},
        {"state": RobotState(4e6, 5e6, 0.0), "walls": None},  # a map projection
        {"circles": [[0.0, 0.0, 0.0, 30.0, 0.0], [0.0, 0.0, 1e6, 0.0, 0.0]]},
    ],
)
def test_what_may_be_true_is_believed(changes):
    assert situation(**changes).fault(FASTEST) == ""


@pytest.mark.parametrize(
    ("kind", "speed", "turning"),
    [("diff_drive", 2.0, 3.0), ("ackermann", 2.0, 3.64), ("omni", 2.0, 3.0)],
)
def test_the_speeds_that_are_credible_follow_from_the_robot(kind, speed, turning):
    settings = ControllerSettings(motion_model=kind, vx_max=speed, wz_max=3.0)
    robot = robot_of(settings)
    vx, vy, wz = robot.fastest(robot.limits(settings))
    assert (vx, wz) == pytest.approx((speed, turning), abs=0.01)
    assert vy == (settings.vy_max if kind == "omni" else 0.0)


def test_the_nearest_circles_are_kept_in_order_with_those_that_come_fast():
    rng = np.random.default_rng(0)
    far = np.column_stack(
        [rng.uniform(50.0, 90.0, (3 * MOST_CIRCLES, 2)), np.full(3 * MOST_CIRCLES, 0.2)]
    )
    far = np.pad(far, ((0, 0), (0, 2)))
    near, coming = [1.0, 0.0, 0.2, 0.0, 0.0], [45.0, 45.0, 0.2, -40.0, -40.0]
    given = np.vstack([far[:1500], near, far[1500:], coming])
    kept = situation(circles=given).within_bounds().circles
    assert len(kept) == MOST_CIRCLES
    assert near in kept.tolist()
    assert kept[-1].tolist() == coming
    few = situation(circles=given[:50])
    assert few.within_bounds() is few


@pytest.mark.parametrize(
    "changes",
    [
        {"state": RobotState(1e6, 0.0, 0.0)},
        {"state": RobotState(0.0, 0.0, 0.0, vx=1e6)},
        {"path": Path([[0.0, 0.0], [1e6, 0.0]])},
        {"path": Path([[1e6, 0.0], [1e6, 5.0]])},
        {"path": Path(np.random.default_rng(0).normal(size=(100_000, 2)))},
        {"circles": np.random.default_rng(0).uniform(0.4, 40.0, (MOST_GIVEN, 3))},
    ],
)
def test_a_cycle_ends_whatever_comes_in_and_the_next_one_drives(changes):
    """Each of these took 15 s, or more memory than there is."""
    control = LocalController(ControllerSettings())
    control.warm_up()
    first = control.compute_command(situation())
    begin = time.thread_time()
    result = control.compute_command(situation(now=0.1, **changes))
    assert time.thread_time() - begin < 5.0
    assert math.isfinite(result.vx)
    assert abs(result.vx - first.vx) <= 0.25 + 1e-9
    if result.status is ControlStatus.INVALID_INPUT:
        assert result.vx == pytest.approx(max(0.0, first.vx - 0.25))
        assert result.message.endswith(", braking")
    moving = RobotState(0.0, 0.0, 0.0, vx=result.vx, wz=result.wz)
    assert control.compute_command(situation(state=moving, now=0.2)).status is ControlStatus.DRIVING


def test_what_is_too_far_away_is_out_of_sight_and_the_target_stays_at_the_least_lookahead():
    ends = np.array([[SIGHT - 1.0, -8.0], [SIGHT + 1.0, -8.0], [1e6, -8.0]])
    assert in_line_of_sight(np.array([0.0, -8.0]), ends, WALLS, 0.2).tolist() == [
        True,
        False,
        False,
    ]
    position = np.array([-2.0, 100.0])
    point = PathTarget().point(PLAN, position, no_circles(), WALLS, 0.2, (1.0, 2.5))
    assert point == pytest.approx([1.0, 0.0], abs=0.01)


def test_a_plan_that_cannot_be_followed_does_not_spoil_the_next():
    target, args = PathTarget(), (no_circles(), None, 0.2, (1.0, 2.5))
    with pytest.raises(AttributeError):
        target.point([[0.0, 0.0], [6.0, 0.0]], np.zeros(2), *args)
    assert target.point(PLAN, np.zeros(2), *args) == pytest.approx([2.5, 0.0])
