"""Homotopy classes of plans by winding numbers, and changes of the driven plan's class."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.homotopy import same_class, wall_points, way_change_times
from mme_ilqr_ros.reporting.run_record import RunRecord

T, DT = 50, 0.2
PILLAR = np.array([[4.0, 0.0, 0.6, 0.0, 0.0]])


def through(*corners, duration=T * DT, wait=0.0):
    """A plan [T+1, 3] at even speed through corners, that stands for a while first."""
    corners = np.array([(0.0, 0.0), *corners])
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    fractions = np.clip((np.arange(T + 1) * DT - wait) / (duration - wait), 0.0, 1.0)
    xy = [np.interp(fractions * lengths[-1], lengths, corners[:, i]) for i in (0, 1)]
    return np.column_stack([*xy, np.zeros(T + 1)])


def labels(*plans, circles=PILLAR, field=None):
    """Return for every plan the first one of its homotopy class."""
    found = []
    for n, plan in enumerate(plans):
        first = (k for k in range(n) if found[k] == k and same(plans[k], plan, circles, field))
        found.append(next(first, n))
    return found


def same(a, b, circles, field):
    return same_class(a[:, :2], b[:, :2], DT, circles, field)


ORIGIN = Pose(0.0, -4.0, 0.0)


def grid(*blocked, shape=(80, 160), origin=ORIGIN):
    """A map of 0.1 m cells with blocked boxes (x0, x1, y0, y1) in m."""
    cells = np.zeros(shape, bool)
    for x0, x1, y0, y1 in blocked:
        rows = slice(round((y0 - origin.y) * 10), round((y1 - origin.y) * 10))
        cells[rows, round((x0 - origin.x) * 10) : round((x1 - origin.x) * 10)] = True
    return build_distance_field(cells, 0.1, origin)


LEFT, RIGHT = through((4, 1), (8, 0)), through((4, -1), (8, 0))


def test_left_and_right_of_a_pillar_differ():
    assert labels(LEFT, RIGHT) == [0, 1]


def test_the_same_side_at_any_distance_and_speed_is_the_same_way():
    wide, slow = through((4, 3), (8, 0)), through((4, 1), (8, 0), wait=3.0)
    short = through((4, 1), (6, 0.5))
    assert labels(LEFT, wide, slow, short) == [0, 0, 0, 0]


def test_where_a_plan_lies_far_from_the_obstacle_does_not_matter():
    a, b = through((8, 6)), through((8, -6))
    assert labels(a, b, circles=np.array([[4.0, 7.0, 0.5, 0, 0], [4.0, -7.0, 0.5, 0, 0]])) == [0, 0]
    assert labels(a, b, circles=np.array([[7.0, 0.0, 0.5, 0, 0]])) == [0, 1]


@pytest.mark.parametrize("seed", range(20))
def test_swapping_two_plans_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    circles = np.column_stack([rng.uniform((1, -2), (7, 2), (6, 2)), np.full(6, 0.3)])
    circles = np.column_stack([circles, rng.uniform(-0.3, 0.3, (6, 2))])
    a, b = (through(*rng.uniform((1, -3), (7, 3), (2, 2)), (8, 0)) for _ in range(2))
    one, other = labels(a, b, circles=circles), labels(b, a, circles=circles)
    assert (one[1] == 0) == (other[1] == 0)


@pytest.mark.parametrize("seed", range(20))
def test_the_winding_number_equals_the_angle_swept(seed):
    """Plans with a common end: they differ when the angles they sweep round a circle do."""
    rng = np.random.default_rng(seed)
    circles = np.column_stack([rng.uniform((1, -2), (7, 2), (3, 2)), np.zeros((3, 3))])
    circles[:, 3:] = rng.uniform(-0.2, 0.2, (3, 2))
    plans = [through(*rng.uniform((0, -3), (8, 3), (3, 2)), (8, 0)) for _ in range(2)]
    times = np.arange(T + 1)[:, None, None] * DT
    swept = []
    for plan in plans:
        apart = plan[:, None, :2] - (circles[None, :, :2] + times * circles[None, :, 3:])
        angle = np.unwrap(np.arctan2(apart[..., 1], apart[..., 0]), axis=0)
        swept.append(angle[-1] - angle[0])
    winds = np.round((swept[0] - swept[1]) / (2 * np.pi))
    assert labels(*plans, circles=circles) == [0, 1 if winds.any() else 0]


def test_before_and_behind_a_crossing_circle_differ():
    crossing = np.array([[4.0, -3.0, 0.5, 0.0, 0.6]])  # on the robot's line after 5 s
    before, behind = through((8, 0)), through((8, 0), wait=4.0)
    assert np.abs(before[:, 1]).max() == np.abs(behind[:, 1]).max() == 0.0
    early, late = through((8, 0), duration=6.0), through((8, 0), wait=5.0)
    assert labels(early, late, circles=crossing) == [0, 1]
    assert labels(early, through((8, 0.2), duration=7.0), circles=crossing) == [0, 0]


def test_plans_whose_ends_an_obstacle_parts_are_not_the_same():
    stopped, passed = through((3.2, 0.0)), through((4, 1), (8, 0))
    assert labels(stopped, passed) == [0, 1]
    assert labels(stopped, through((2.0, 0.0))) == [0, 0]


def test_a_gap_in_a_wall_is_another_way_than_round_its_end():
    field = grid((4, 4.3, -2, -0.5), (4, 4.3, 0.5, 2))
    gap, above, below = through((8, 0)), through((4, 3), (8, 0)), through((4, -3), (8, 0))
    through_gap = through((4, 0.3), (8, 0))
    found = labels(gap, above, below, through_gap, above, circles=no_circles(), field=field)
    assert found == [0, 1, 2, 0, 1]


def test_round_one_connected_wall_every_point_of_it_counts_as_one():
    """An L: its single point lies in one arm, and both ways round still differ."""
    field = grid((3, 6, 1.0, 1.3), (5.7, 6, -2, 1.3))
    assert len(wall_points(field)) == 1
    inside, outside = through((5, 0), (5, -3), (8, 0)), through((3, 2.5), (8, 2), (8, 0))
    assert labels(inside, outside, circles=no_circles(), field=field) == [0, 1]
    assert labels(inside, through((4, -3), (8, 0)), circles=no_circles(), field=field) == [0, 0]


def test_walls_turn_with_their_map():
    cells = np.zeros((40, 40), bool)
    cells[20:24, 18:22] = True
    origin = Pose(6.0, -2.0, np.pi / 2)  # the block lies at x 3.6 .. 4, y -0.2 .. 0.2
    field = build_distance_field(cells, 0.1, origin)
    assert wall_points(field)[0, :2] == pytest.approx([3.8, 0.0], abs=0.15)
    assert labels(LEFT, RIGHT, circles=no_circles(), field=field) == [0, 1]


def test_ends_on_both_sides_of_a_wall_do_not_see_each_other():
    field = grid((3, 8, 0.4, 0.5))
    plans = through((7, 0.1)), through((2, 1), (7, 1))
    assert labels(*plans, circles=no_circles(), field=field) == [0, 1]


def test_a_map_without_walls_and_a_world_without_anything():
    assert labels(LEFT, RIGHT, circles=no_circles()) == [0, 0]
    assert labels(LEFT, RIGHT, circles=no_circles(), field=grid()) == [0, 0]


X = np.linspace(0.0, 4.0, 21)
ABOVE, BELOW = (np.stack([X, side * np.sin(X * np.pi / 4.0)], axis=1) for side in (1.0, -1.0))
NEARBY = ABOVE * [1.0, 1.1]


def record_of(*cycles):
    """Return a record of (candidates, chosen) a second apart, with a circle in the middle."""
    record, before = RunRecord(), None
    for time, (lines, chosen) in enumerate(cycles):
        record.add_circles(time, [[2.0, 0.0, 0.5]])
        record.add_modes(time, lines, np.ones(len(lines)), chosen, chosen != before)
        before = chosen
    return record


def test_a_switch_to_the_other_side_is_a_change_and_one_on_the_same_side_is_none():
    lines = [ABOVE, BELOW, NEARBY]
    record = record_of((lines, 0), (lines, 1), (lines, 1), (lines, 0), (lines, 2))
    assert record.mode_switches == 4
    assert way_change_times(record, 0.1) == [1.0, 3.0]


def test_with_one_plan_a_cycle_nothing_is_known():
    assert way_change_times(record_of(([ABOVE], 0), ([BELOW], 0)), 0.1) is None
