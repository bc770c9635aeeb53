"""Straightened paths are legal, not dearer, and straight."""

import itertools
import math

import numpy as np
import pytest

from mme_ilqr_ros.planning.cell_path import line_cost, straighten
from mme_ilqr_ros.planning.field import follow, solve_field


def test_the_integral_along_a_line_is_exact():
    """Costs 1, 2, 4 in a row: from the middle of the first to the middle of the last."""
    cost = np.array([[1.0, 2.0, 4.0]])
    assert line_cost((0.5, 0.5), (0.5, 2.5), cost) == pytest.approx(0.5 * 1 + 2 + 0.5 * 4)
    assert line_cost((0.5, 2.5), (0.5, 0.5), cost) == pytest.approx(0.5 * 1 + 2 + 0.5 * 4)
    assert line_cost((0.2, 0.5), (0.8, 1.5), cost) == pytest.approx(1.5 * math.hypot(1, 0.6))
    assert line_cost((0.5, 0.5), (0.5, 0.5), cost) == 0.0


def test_the_integral_agrees_with_a_fine_sum():
    rng = np.random.default_rng(0)
    cost = 1 + 9 * rng.random((9, 13))
    for _ in range(50):
        a, b = rng.uniform((0, 0), cost.shape, size=(2, 2))
        steps = (np.arange(20_000) + 0.5) / 20_000
        cells = np.floor(a + (b - a) * steps[:, None]).astype(int)
        total = cost[cells[:, 0], cells[:, 1]].mean() * np.hypot(*(b - a))
        assert line_cost(a, b, cost) == pytest.approx(total, rel=1e-3)


@pytest.mark.parametrize("length", [2, 3, 7])
def test_a_line_through_a_corner_needs_both_cells_beside_it(length):
    cost = np.ones((length, length))
    a, b = (0.5, 0.5), (length - 0.5, length - 0.5)
    assert line_cost(a, b, cost) == pytest.approx(math.sqrt(2) * (length - 1))
    cost[0, 1] = np.inf
    assert line_cost(a, b, cost) == np.inf
    assert line_cost(b, a, cost) == np.inf


def test_moves_between_centres_cost_what_the_planner_says():
    rng = np.random.default_rng(1)
    cost = np.where(rng.random((15, 25)) < 0.2, np.inf, 1 + rng.random((15, 25)))
    cost[2, 3] = 1.0
    field = solve_field(cost, (2, 3))
    start = np.argwhere(np.isfinite(field.values))[-1]
    points = follow(field, tuple(start)).cells + 0.5
    total = sum(line_cost(a, b, cost) for a, b in itertools.pairwise(points))
    assert total == pytest.approx(field.values[tuple(start)], rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_a_straightened_path_is_legal_and_not_dearer(seed):
    rng = np.random.default_rng(seed)
    cost = np.where(rng.random((30, 45)) < 0.15, np.inf, 1 + 3 * rng.random((30, 45)))
    cost[15, 20] = 1.0
    field = solve_field(cost, (15, 20))
    for start in np.argwhere(np.isfinite(field.values))[::101]:
        points = follow(field, tuple(start)).cells + 0.5
        points[0] += rng.uniform(-0.5, 0.5, 2) * 0.999  # the robot is not at a cell's centre
        before = sum(line_cost(a, b, cost) for a, b in itertools.pairwise(points))
        kept = straighten(points, cost)
        assert kept[0] == 0
        assert kept[-1] == len(points) - 1
        points = points[kept]
        after = sum(line_cost(a, b, cost) for a, b in itertools.pairwise(points))
        assert after <= before * (1 + 1e-8)
        for a, b in itertools.pairwise(points):
            cells = np.floor(a + (b - a) * np.linspace(0, 1, 500)[:, None]).astype(int)
            assert np.isfinite(cost[cells[:, 0], cells[:, 1]]).all()


def test_open_floor_gives_one_line():
    field = solve_field(np.ones((30, 50)), (25, 47))
    points = follow(field, (3, 2)).cells + 0.5
    assert straighten(points, field.cost).tolist() == [0, len(points) - 1]


@pytest.mark.parametrize("n", [1, 2])
def test_a_path_too_short_to_straighten_is_kept(n):
    assert straighten(np.full((n, 2), 0.5), np.ones((2, 2))).tolist() == list(range(n))


def test_a_path_of_kilometres_is_straightened_in_pieces():
    """Lines that could span it all would take the square of its length: minutes."""
    points = np.stack([np.full(60_000, 0.5), np.arange(60_000) + 0.5], axis=-1)
    kept = straighten(points, np.ones((1, 60_000)))
    assert (kept[0], kept[-1]) == (0, 59_999)
    assert len(kept) < 100
