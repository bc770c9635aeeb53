"""A repaired field against a fresh solve, bit by bit."""

import numpy as np
import pytest

from mme_ilqr_ros.planning.field import FieldError, solve_edges, solve_field


def assert_fresh(field):
    fresh = solve_field(field.cost, field.goal, field.n_moves)
    np.testing.assert_array_equal(field.values, fresh.values)
    np.testing.assert_array_equal(field.arrows, fresh.arrows)
    assert field.residual == 0.0
    assert field.n_settled == fresh.n_settled


def random_patch(rng, before):
    """Appearing, disappearing, dearer, cheaper or simply other costs; sometimes single cells."""
    after = before.copy()
    kind = rng.integers(6)
    if kind == 0:
        after[...] = np.inf
    elif kind == 1:
        after[np.isinf(after)] = 1.0
    elif kind in (2, 3):
        after *= [0.5, 2.0][kind - 2]
    elif kind == 4:
        after[...] = rng.choice([1.0, 2.0, np.inf], size=after.shape)
    else:
        cell = tuple(rng.integers((0, 0), after.shape))
        after[cell] = rng.choice([1.0, 3.7, np.inf])
    return np.maximum(after, 1.0)


@pytest.mark.parametrize("seed", range(150))
def test_repairs_in_a_row_equal_fresh_solves(seed):
    """Ties abound where costs are whole numbers, so both kinds of map are tried."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(2, 45, size=2))
    cost = 1.0 + 6.0 * rng.random(shape) if seed % 2 else rng.integers(1, 4, shape).astype(float)
    cost[rng.random(shape) < rng.choice([0.0, 0.2, 0.4])] = np.inf
    goal = tuple(int(i) for i in rng.integers((0, 0), shape))
    cost[goal] = 1.0
    field = solve_field(cost, goal, int(rng.choice([4, 8])), least_cost=1.0)
    for _ in range(6):
        size = np.minimum(rng.integers(1, 9, size=2), shape)
        corner = tuple(int(i) for i in rng.integers((0, 0), np.array(shape) - size + 1))
        window = tuple(slice(c, c + n) for c, n in zip(corner, size, strict=True))
        patch = random_patch(rng, field.cost[window])
        at = goal[0] - corner[0], goal[1] - corner[1]
        if min(at) >= 0 and at[0] < size[0] and at[1] < size[1]:
            patch[at] = rng.choice([1.0, 1.0, 2.5])
        field.repair(corner, patch)
        np.testing.assert_array_equal(field.cost[window], patch)
        assert_fresh(field)


def test_a_small_change_touches_few_cells():
    cost = np.ones((100, 100))
    field = solve_field(cost, (0, 0))
    n_cleared = field.repair((80, 80), np.full((3, 3), np.inf))
    assert 9 <= n_cleared < 500
    assert_fresh(field)
    assert field.repair((80, 80), np.ones((3, 3))) == 0
    assert_fresh(field)


@pytest.mark.parametrize("seed", range(20))
def test_an_update_finds_what_changed_wherever_it_is(seed):
    rng = np.random.default_rng(seed)
    cost = np.where(rng.random((60, 80)) < 0.2, np.inf, 1.0 + rng.random((60, 80)))
    cost[30, 30] = 1.0
    field = solve_field(cost, (30, 30), least_cost=1.0)
    changed = field.cost.copy()
    for _ in range(rng.integers(1, 4)):
        row, column = rng.integers((0, 0), (55, 75))
        changed[row : row + 3, column : column + 3] = rng.choice([1.0, 1.5, np.inf])
    changed[30, 30] = 1.0
    field.update(changed)
    np.testing.assert_array_equal(field.cost, changed)
    assert_fresh(field)
    assert field.update(changed) == 0
    assert field.update(np.ones_like(cost)) is None
    assert_fresh(field)


def test_past_a_tenth_of_the_map_it_is_fresh():
    cost = np.ones((40, 40))
    field = solve_field(cost, (20, 0))
    wall = np.full((40, 1), np.inf)
    wall[0] = 1.0
    assert field.repair((0, 2), wall) is None
    assert_fresh(field)


def test_what_was_cut_off_is_reached_again_and_back():
    cost = np.ones((9, 9))
    cost[:, 4] = np.inf
    field = solve_field(cost, (4, 0))
    assert np.isinf(field.values[:, 5:]).all()
    field.repair((3, 4), np.ones((1, 1)))
    assert_fresh(field)
    assert np.isfinite(field.values[:, 5:]).all()
    field.repair((3, 4), np.full((1, 1), np.inf))
    assert_fresh(field)
    assert np.isinf(field.values[:, 5:]).all()


def test_costs_outside_the_range_of_the_buckets_solve_again():
    rng = np.random.default_rng(0)
    field = solve_field(1.0 + rng.random((30, 30)), (3, 3))
    for cost in (0.01, 1000.0, 1e9):
        assert field.repair((20, 20), np.full((2, 2), cost)) is None
        assert_fresh(field)
    assert field.buckets is None  # from .01 to 1e9: the heap
    field.repair((20, 20), np.full((2, 2), 1.0))
    assert field.buckets is not None
    assert_fresh(field)


def test_the_least_cost_to_come_is_remembered_by_a_fresh_solve():
    field = solve_field(np.full((30, 30), 3.0), (3, 3), least_cost=1.0)
    for cost in (1000.0, 3.0):
        assert (field.repair((20, 20), np.full((2, 2), cost)) is None) == (cost > 3.0)
        field.complete()
        assert field.buckets.least == 1.0
    assert field.repair((20, 20), np.full((2, 2), 1.0)) is not None
    assert_fresh(field)


def test_the_gradient_of_a_repaired_field_is_that_of_a_fresh_one():
    rng = np.random.default_rng(1)
    field = solve_field(1.0 + rng.random((20, 25)), (3, 3), least_cost=1.0)
    field.repair((5, 5), np.full((6, 6), np.inf))
    gradient = rng.normal(size=(20, 25))
    fresh = solve_field(field.cost, (3, 3), least_cost=1.0)
    # The costs left are in another range, so the cells settle, and add up, in another order.
    np.testing.assert_allclose(
        field.edge_adjoint(gradient), fresh.edge_adjoint(gradient), rtol=1e-12
    )


def test_a_change_of_nothing_is_none():
    field = solve_field(np.ones((5, 5)), (2, 2))
    assert field.repair((1, 1), np.ones((3, 3))) == 0


@pytest.mark.parametrize(
    ("corner", "patch", "text"),
    [
        ((3, 3), np.ones((3, 3)), "not on the map"),
        ((-1, 0), np.ones((1, 1)), "not on the map"),
        ((0, 0), np.ones(3), "not on the map"),
        ((1, 1), np.full((2, 2), np.inf), "goal cell .* is blocked"),
        ((0, 0), np.zeros((1, 1)), "must be > 0"),
        ((0, 0), np.full((1, 1), np.nan), "must be > 0"),
    ],
)
def test_unusable_changes_are_named_and_nothing_happens(corner, patch, text):
    field = solve_field(np.ones((5, 5)), (2, 2))
    before = field.values.copy()
    with pytest.raises(FieldError, match=text):
        field.repair(corner, patch)
    np.testing.assert_array_equal(field.values, before)
    np.testing.assert_array_equal(field.cost, np.ones((5, 5)))


def test_costs_of_another_map_are_no_update():
    field = solve_field(np.ones((5, 5)), (2, 2))
    for shape in ((5, 4), (6, 5), (5,)):
        with pytest.raises(FieldError, match="map"):
            field.update(np.ones(shape))


def test_edge_costs_are_not_repaired():
    field = solve_edges(np.ones((4, 3, 3)), (0, 0))
    with pytest.raises(FieldError, match="edge costs cannot be repaired"):
        field.repair((0, 0), np.ones((1, 1)))


def test_a_map_without_any_move_is_a_field():
    assert np.isinf(solve_edges(np.full((8, 3, 3), np.inf), (1, 1)).values).sum() == 8
    assert solve_field(np.ones((1, 1)), (0, 0)).values.tolist() == [[0.0]]
