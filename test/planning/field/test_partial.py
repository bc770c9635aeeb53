"""A field that is solved as far as a cell: what it says is what the whole field says."""

import numpy as np
import pytest

from mme_ilqr_ros.planning.field import follow, solve_edges, solve_field
from mme_ilqr_ros.planning.field.costs import inner


def random_map(rng, shape=(60, 80)):
    """Costs that are whole numbers, with many ties, or not; the goal is free."""
    whole = rng.random() < 0.5
    cost = rng.integers(1, 4, shape).astype(float) if whole else 1.0 + 4.0 * rng.random(shape)
    cost[rng.random(shape) < 0.25] = np.inf
    goal = tuple(int(i) for i in rng.integers((0, 0), shape))
    cost[goal] = 1.0
    return cost, goal


def known(field, start):
    """Return the raw values [H, W] of a field that is solved as far as a start."""
    return inner(field.values_from(start), field.stride).copy()


@pytest.mark.parametrize("seed", range(20))
def test_what_is_settled_is_final_and_the_way_is_that_of_the_whole_field(seed):
    rng = np.random.default_rng(seed)
    cost, goal = random_map(rng)
    whole = solve_field(cost, goal)
    for cell in np.argwhere(np.isfinite(cost))[::311]:
        start = tuple(cell.tolist())
        field = solve_field(cost, goal, until=start)
        values, value = known(field, start), field.settle(start)
        assert value == whole.values[start]
        final = whole.values <= value if np.isfinite(value) else np.isfinite(cost)
        np.testing.assert_array_equal(values[final], whole.values[final])
        assert (values >= whole.values).all()  # the others are upper bounds
        walk, full = follow(field, start), follow(whole, start)
        np.testing.assert_array_equal(walk.cells, full.cells)
        assert walk.reached == full.reached
        np.testing.assert_array_equal(field.values, whole.values)  # completed when asked for
        np.testing.assert_array_equal(field.order, whole.order)
        np.testing.assert_array_equal(field.arrows, whole.arrows)


def test_a_near_start_costs_few_cells_and_an_unreachable_one_all():
    cost = np.ones((200, 200))
    cost[:, 150] = np.inf
    field = solve_field(cost, (100, 20), until=(100, 40))
    assert not field.is_complete
    assert field.n_so_far < 2000
    assert field.settle((90, 40)) < field.settle((100, 60))
    assert field.n_so_far < 6000
    assert field.settle((100, 180)) == np.inf
    assert field.is_complete
    assert field.n_so_far == 200 * 150


@pytest.mark.parametrize("seed", range(6))
def test_a_field_that_comes_in_pieces_is_the_same_and_can_be_repaired(seed):
    rng = np.random.default_rng(seed)
    cost, goal = random_map(rng)
    field, whole = solve_field(cost, goal, until=goal, least_cost=1.0), solve_field(cost, goal)
    n_pieces = 1
    while not field.advance(200):
        n_pieces += 1
    assert n_pieces > 3
    np.testing.assert_array_equal(field.flat_values, whole.flat_values)
    np.testing.assert_array_equal(field.order, whole.order)
    away = (goal[0] + 20) % 50, (goal[1] + 30) % 70
    field.repair(away, np.full((4, 4), np.inf))
    np.testing.assert_array_equal(field.values, solve_field(field.cost, goal).values)


def test_a_change_to_an_unfinished_field_begins_it_anew():
    cost, goal = random_map(np.random.default_rng(1))
    field = solve_field(cost, goal, until=goal)
    assert field.repair((0, 0), np.full((1, 1), 7.0)) is None
    np.testing.assert_array_equal(field.values, solve_field(field.cost, goal).values)


def test_costs_of_edges_and_costs_too_far_apart_for_buckets():
    rng = np.random.default_rng(2)
    edges = 1.0 + rng.random((8, 30, 40))
    field, whole = solve_edges(edges, (3, 3), until=(5, 5)), solve_edges(edges, (3, 3))
    assert not field.is_complete
    np.testing.assert_array_equal(follow(field, (5, 5)).cells, follow(whole, (5, 5)).cells)
    np.testing.assert_array_equal(field.values, whole.values)
    apart = np.where(rng.random((30, 40)) < 0.2, 1e6, 1.0)
    np.testing.assert_array_equal(
        solve_field(apart, (3, 3), until=(4, 4)).values, solve_field(apart, (3, 3)).values
    )
