"""The field that leads out of a dead end, round everything that is known to stand."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.control.way_out import find_way_out
from mme_ilqr_ros.geometry.circles import as_circles, clearance, no_circles
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose

RADIUS, REQUIRED = 0.2, 0.22
HERE, GOAL = np.zeros(2), np.array([3.0, 0.0])
ROUND = np.linspace(-np.pi, np.pi, 33)[:-1]


def dead_end(depth=3.0, half=0.8):
    """Circles [M, 5] in the shape of a U that is open to the left; the robot is at its bottom."""
    arm = np.arange(-depth, 0.61, 0.3)
    bottom = np.arange(-half, half + 0.01, 0.2)
    rows = [[x, side * half, 0.2] for side in (1.0, -1.0) for x in arm]
    return as_circles([*rows, *([0.6, y, 0.2] for y in bottom)])


def followed(way, here, step=0.12, most=200):
    """Positions [N, 2] of a walk that goes to the cheapest of the places around."""
    walk = [np.array(here)]
    for _ in range(most):
        around = walk[-1] + step * np.column_stack([np.cos(ROUND), np.sin(ROUND)])
        costs = [way.cost_at(point) for point in around]
        if min(costs) >= way.cost_at(walk[-1]) or math.dist(walk[-1], way.target) < 0.1:
            break
        walk.append(around[int(np.argmin(costs))])
    return np.array(walk)


def test_out_of_a_dead_end_the_way_leads_away_from_the_goal_first():
    circles = dead_end()
    way = find_way_out(HERE, GOAL, circles, None, RADIUS, REQUIRED)
    assert way.lack == 0.0
    assert 8.0 < way.length < 12.0  # 3 m out, round, and 6 m to the goal
    np.testing.assert_allclose(way.target, GOAL, atol=0.05)
    walk = followed(way, HERE)
    assert walk[:, 0].min() < -3.0
    assert math.dist(walk[-1], GOAL) < 0.15
    costs = [way.cost_at(point) for point in walk]
    assert np.all(np.diff(costs) < 0.0)
    assert clearance(walk, circles).min() > 0.0  # it is smoothed; plans keep the distance
    assert way.field.can_be_tracked


def test_in_the_open_it_is_the_straight_line():
    way = find_way_out(HERE, GOAL, no_circles(), None, RADIUS, REQUIRED)
    assert way.length == pytest.approx(3.0, abs=0.15)
    assert np.abs(followed(way, HERE)[:, 1]).max() < 0.1


def test_walls_of_the_map_stand_and_what_moves_does_not():
    blocked = np.zeros((80, 80), dtype=bool)
    blocked[:70, 40] = True  # a wall across, open at its upper end
    walls = build_distance_field(blocked, 0.1, Pose(-2.5, -4.0, 0.0))
    way = find_way_out(HERE, GOAL, no_circles(), walls, RADIUS, REQUIRED)
    assert way.length > 6.5
    assert followed(way, HERE)[:, 1].max() > 2.9
    passing = dead_end()
    passing[:, 3] = 0.3
    free = find_way_out(HERE, GOAL, passing, None, RADIUS, REQUIRED)
    assert free.length == pytest.approx(3.0, abs=0.15)


def test_an_occupied_goal_says_how_much_room_it_lacks_and_leads_beside_it():
    post = as_circles([[3.1, 0.0, 0.3]])
    way = find_way_out(HERE, GOAL, post, None, RADIUS, REQUIRED)
    assert way.lack == pytest.approx(REQUIRED + 0.2, abs=0.05)
    assert math.isfinite(way.length)
    assert clearance(way.target[None], post)[0] == pytest.approx(REQUIRED, abs=0.06)


def test_where_nothing_leads_on_the_length_is_infinite():
    ring = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    fence = as_circles(np.column_stack([np.cos(ring), np.sin(ring), np.full(24, 0.2)]))
    way = find_way_out(HERE, GOAL, fence, None, RADIUS, REQUIRED)
    assert way.length == math.inf
    assert way.field.can_be_tracked  # finite all the same
    gone = np.delete(fence, [11, 12, 13], axis=0)
    assert math.isfinite(find_way_out(HERE, GOAL, gone, None, RADIUS, REQUIRED).length)


def test_toward_a_far_goal_it_leads_some_sixty_radii():
    far = np.array([500.0, 0.0])
    way = find_way_out(HERE, far, dead_end(), None, RADIUS, REQUIRED)
    assert math.dist(way.target, HERE) == pytest.approx(60 * RADIUS, rel=0.05)
    assert way.field.values.size < 65_000
    assert math.isfinite(way.length)
