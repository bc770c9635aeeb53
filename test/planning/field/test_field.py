"""The compiled field against scipy and its own mathematics."""

import math

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from mme_ilqr_ros.planning.field import NO_MOVE, FieldError, solve_field
from mme_ilqr_ros.planning.moves import STEPS


def random_cost(seed, shape=(13, 21), walls=0.3):
    """Costs 1..20 with blocked cells, and a free goal."""
    rng = np.random.default_rng(seed)
    cost = 1.0 + 19.0 * rng.random(shape)
    cost[rng.random(shape) < walls] = np.inf
    goal = tuple(int(i) for i in rng.integers((0, 0), shape))
    cost[goal] = 2.0
    return cost, goal


def scipy_values(cost, goal, n_moves):
    """Written from the definition: every legal edge into a sparse graph."""
    height, width = cost.shape
    moves = [(0, 1), (1, 0), (1, 1), (1, -1)][: n_moves // 2]
    edges = []
    for r in range(height):
        for c in range(width):
            for dr, dc in moves:
                a, b = r + dr, c + dc
                if not (0 <= a < height and 0 <= b < width):
                    continue
                if not np.isfinite([cost[r, c], cost[a, b], cost[a, c], cost[r, b]]).all():
                    continue
                length = math.hypot(dr, dc)
                edge = length * (cost[r, c] + cost[a, b]) / 2
                edges.append((r * width + c, a * width + b, edge))
    rows, columns, data = np.array(edges).T
    graph = coo_array((data, (rows.astype(int), columns.astype(int))), shape=(cost.size,) * 2)
    start = goal[0] * width + goal[1]
    return dijkstra(graph.tocsr(), directed=False, indices=start).reshape(cost.shape)


@pytest.mark.parametrize("n_moves", [4, 8])
@pytest.mark.parametrize("seed", range(5))
def test_field_equals_scipy(seed, n_moves):
    cost, goal = random_cost(seed)
    field = solve_field(cost, goal, n_moves)
    np.testing.assert_allclose(field.values, scipy_values(cost, goal, n_moves), rtol=1e-12)
    assert field.residual <= 1e-12 * field.values[np.isfinite(field.values)].max()


def test_each_cell_settles_once_and_after_the_cell_its_arrow_points_to():
    cost, goal = random_cost(1)
    field = solve_field(cost, goal)
    row, column = np.divmod(field.order, cost.shape[1] + 2)
    settled = np.full(cost.shape, -1)
    settled[row - 1, column - 1] = np.arange(field.n_settled)
    assert settled[goal] == 0
    assert len(np.unique(field.order)) == field.n_settled == np.isfinite(field.values).sum()
    cells = np.argwhere(settled > 0)
    before = cells + STEPS[field.arrows[tuple(cells.T)]]
    assert (settled[tuple(before.T)] < settled[tuple(cells.T)]).all()


def test_no_corner_is_cut():
    """From (0, 0) to (1, 1) past one blocked corner: two straight moves, not sqrt(2)."""
    cost = np.ones((2, 2))
    assert solve_field(cost, (1, 1)).values[0, 0] == pytest.approx(math.sqrt(2))
    cost[0, 1] = np.inf
    assert solve_field(cost, (1, 1)).values[0, 0] == 2.0
    cost[1, 0] = np.inf
    assert solve_field(cost, (1, 1)).values[0, 0] == np.inf


def test_an_edge_costs_its_length_times_the_mean_of_both_cells():
    values = solve_field(np.array([[1.0, 3.0, 10.0]]), (0, 0)).values
    np.testing.assert_allclose(values, [[0.0, 2.0, 8.5]])  # (1+3)/2, then + (3+10)/2


def test_turning_the_map_turns_the_field():
    cost, goal = random_cost(3)
    values = solve_field(cost, goal).values
    turned_goal = (cost.shape[1] - 1 - goal[1], goal[0])
    turned = solve_field(np.rot90(cost), turned_goal).values
    np.testing.assert_allclose(turned, np.rot90(values), rtol=1e-12)
    mirrored = solve_field(cost.T, goal[::-1]).values
    np.testing.assert_allclose(mirrored, values.T, rtol=1e-12)


def test_moving_the_map_moves_the_field():
    cost, goal = random_cost(4)
    wide = np.full((30, 40), np.inf)
    wide[5 : 5 + cost.shape[0], 9 : 9 + cost.shape[1]] = cost
    moved = solve_field(wide, (goal[0] + 5, goal[1] + 9)).values
    inside = moved[5 : 5 + cost.shape[0], 9 : 9 + cost.shape[1]]
    np.testing.assert_array_equal(inside, solve_field(cost, goal).values)
    assert np.isinf(moved).sum() == wide.size - np.isfinite(inside).sum()


def test_arrows_lead_downhill_to_the_goal():
    cost, goal = random_cost(5)
    field = solve_field(cost, goal)
    assert (field.arrows != NO_MOVE).sum() == field.n_settled - 1
    assert field.arrows[goal] == NO_MOVE


@pytest.mark.parametrize(
    ("change", "goal", "text"),
    [
        (None, (5, 0), "outside the cost map"),
        (np.inf, (1, 1), "goal cell .* is blocked"),
        (0.0, (0, 0), "must be > 0"),
        (np.nan, (0, 0), "must be > 0"),
    ],
)
def test_unusable_input_is_named(change, goal, text):
    cost = np.ones((3, 4))
    if change is not None:
        cost[1, 1] = change
    with pytest.raises(FieldError, match=text):
        solve_field(cost, goal)


def test_there_are_four_or_eight_moves():
    with pytest.raises(ValueError, match="must be 4"):
        solve_field(np.ones((2, 2)), (0, 0), n_moves=6)
