"""Following a field ends for any field."""

import numpy as np

from mme_ilqr_ros.planning.cell_path import first_fault
from mme_ilqr_ros.planning.field import follow, solve_field
from mme_ilqr_ros.planning.field.costs import inner


def test_the_walk_costs_what_its_first_value_says():
    rng = np.random.default_rng(0)
    cost = np.where(rng.random((20, 31)) < 0.25, np.inf, 1 + 5 * rng.random((20, 31)))
    cost[3, 4] = 1.0
    field = solve_field(cost, (3, 4))
    for start in np.argwhere(np.isfinite(field.values))[::37]:
        walk = follow(field, tuple(start))
        assert walk.reached
        assert first_fault(walk.cells, np.isinf(cost), tuple(start), (3, 4)) is None
        lengths = np.hypot(*np.diff(walk.cells, axis=0).T)
        along = cost[walk.cells[:, 0], walk.cells[:, 1]]
        total = (lengths * (along[:-1] + along[1:]) / 2).sum()
        np.testing.assert_allclose(total, field.values[tuple(start)], rtol=1e-12)


def test_a_long_walk_is_whole():
    walk = follow(solve_field(np.ones((1, 500)), (0, 0)), (0, 499))
    assert walk.reached
    np.testing.assert_array_equal(walk.cells[:, 1], np.arange(500)[::-1])


def test_a_walk_ends_where_wrong_values_do_not_fall():
    field = solve_field(np.ones((1, 5)), (0, 0), n_moves=4)
    inner(field.flat_values, field.stride)[0, 1] = (
        9.0  # now the best move of cell 2 is to cell 3, and back again
    )
    walk = follow(field, (0, 4))
    assert not walk.reached
    assert walk.cells.tolist() == [[0, 4], [0, 3], [0, 2]]


def test_an_unreachable_start_stays_where_it_is():
    walk = follow(solve_field(np.array([[1.0, np.inf, 1.0]]), (0, 0)), (0, 2))
    assert not walk.reached
    assert walk.cells.tolist() == [[0, 2]]
