"""Polylines that are pulled taut: cheaper or the same, legal, and nearly the shortest there is."""

import itertools
import math

import numpy as np
import pytest

from mme_ilqr_ros.planning.cell_path import is_apart, line_cost, straighten
from mme_ilqr_ros.planning.field import follow, solve_field
from mme_ilqr_ros.planning.taut import pull_taut


def price(points, cost):
    return sum(line_cost(a, b, cost) for a, b in itertools.pairwise(points))


def straight(cost, start, goal):
    """Return the walk from a start, straightened, as points."""
    points = follow(solve_field(cost, goal), start).cells + 0.5
    return points[straighten(points, cost)]


def test_a_corner_is_drawn_to_the_obstacle_and_a_useless_one_goes():
    cost = np.ones((60, 60))
    cost[:30, 28:32] = np.inf
    slack = np.array([[20.5, 5.5], [50.5, 15.5], [45.5, 30.5], [50.5, 50.5], [20.5, 55.5]])
    taut = pull_taut(slack, cost)
    np.testing.assert_array_equal(taut[[0, -1]], slack[[0, -1]])
    bound = math.hypot(9.5, 22.5) + 4.0 + math.hypot(9.5, 23.5)  # by the corners themselves
    assert len(taut) == 4
    assert bound < price(taut, cost) < 1.01 * bound


def test_a_way_round_what_is_dear_gets_more_corners_where_that_pays():
    rows, columns = np.indices((80, 80)) + 0.5
    cost = 1.0 + 6.0 * np.exp(-((rows - 40) ** 2 + (columns - 40) ** 2) / 150.0)
    slack = np.array([[40.5, 5.5], [75.5, 40.5], [40.5, 75.5]])
    taut = pull_taut(slack, cost)
    assert len(taut) > 4
    assert price(taut, cost) < 0.93 * price(slack, cost)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_it_never_costs_more_and_stays_legal(seed, apart):
    rng = np.random.default_rng(seed)
    cost = np.where(rng.random((40, 60)) < 0.1, np.inf, 1.0 + 3.0 * rng.random((40, 60)))
    cost[15, 20] = 1.0
    field = solve_field(cost, (15, 20))
    n_better = 0
    for start in np.argwhere(np.isfinite(field.values))[::173]:
        points = follow(field, tuple(start)).cells + 0.5
        points = points[straighten(points, cost, apart)]
        taut = pull_taut(points, cost, apart)
        assert price(taut, cost) <= price(points, cost) * (1.0 + 1e-8)
        n_better += price(taut, cost) < 0.999 * price(points, cost)
        given = {(*a, *b) for a, b in itertools.pairwise(points)}
        for a, b in itertools.pairwise(taut):
            assert not apart or (*a, *b) in given or is_apart(a, b, cost)
    assert n_better > 0


@pytest.mark.parametrize("n", [1, 2])
def test_nothing_is_to_be_gained_of_less_than_three_points(n):
    points = np.full((n, 2), 0.5)
    assert pull_taut(points, np.ones((2, 2))) is points


def test_a_long_way_on_a_large_map_ends_in_time_and_not_worse():
    """The work is bounded by a number of cells: what is left then stays as it is."""
    rng = np.random.default_rng(1)
    cost = np.where(rng.random((500, 500)) < 0.2, np.inf, 1.0)
    cost[2, 2] = cost[-3, -3] = 1.0
    points = straight(cost, (497, 497), (2, 2))
    assert price(pull_taut(points, cost), cost) < price(points, cost)
