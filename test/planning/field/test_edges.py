"""Costs of edges: against sweeps written from the definition, cells, and finite differences."""

import numpy as np
import pytest

from mme_ilqr_ros.planning.field import NO_MOVE, FieldError, follow, solve_edges, solve_field
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS


def random_edges(seed, n_moves=8, shape=(9, 14), closed=0.2):
    """Costs that differ in the two directions of an edge, some not allowed."""
    rng = np.random.default_rng(seed)
    edges = 1.0 + 9.0 * rng.random((n_moves, *shape))
    edges[rng.random(edges.shape) < closed] = np.inf
    return edges, tuple(int(i) for i in rng.integers((0, 0), shape))


def edges_of_cells(cost, n_moves):
    """[A, H, W] from the definition in moves.py."""
    height, width = cost.shape
    edges = np.full((n_moves, height, width), np.inf)
    for a, (dr, dc) in enumerate(STEPS[:n_moves]):
        for r in range(height):
            for c in range(width):
                to = r + dr, c + dc
                if not (0 <= to[0] < height and 0 <= to[1] < width):
                    continue
                corners = (cost[r + dr, c], cost[r, c + dc]) if a >= N_STRAIGHT else ()
                if np.isfinite([cost[r, c], cost[to], *corners]).all():
                    edges[a, r, c] = LENGTHS[a] * (0.5 * (cost[r, c] + cost[to]))
    return edges


def swept_values(edges, goal):
    """The fixed point by Bellman sweeps over the whole map."""
    n_moves, height, width = edges.shape
    values = np.full((height, width), np.inf)
    values[goal] = 0.0
    for _ in range(height * width):
        padded = np.pad(values, 1, constant_values=np.inf)
        seen = [padded[1 + r : 1 + r + height, 1 + c : 1 + c + width] for r, c in STEPS[:n_moves]]
        new = (np.stack(seen) + edges).min(axis=0)
        new[goal] = 0.0
        if np.array_equal(new, values):
            return new
        values = new
    raise AssertionError("the sweeps do not end")


@pytest.mark.parametrize("n_moves", [4, 8])
@pytest.mark.parametrize("seed", range(4))
def test_values_equal_sweeps(seed, n_moves):
    edges, goal = random_edges(seed, n_moves)
    field = solve_edges(edges, goal)
    np.testing.assert_array_equal(field.values, swept_values(edges, goal))
    assert field.residual == 0.0
    np.testing.assert_array_equal(
        (field.arrows == NO_MOVE), ~(field.values > 0) | ~np.isfinite(field.values)
    )


@pytest.mark.parametrize("n_moves", [4, 8])
def test_costs_of_cells_are_a_layer_over_costs_of_edges(n_moves):
    rng = np.random.default_rng(0)
    cost = np.where(rng.random((11, 13)) < 0.3, np.inf, 1 + rng.random((11, 13)))
    cost[4, 5] = 1.0
    cells = solve_field(cost, (4, 5), n_moves)
    edges = solve_edges(edges_of_cells(cost, n_moves), (4, 5))
    np.testing.assert_array_equal(cells.values, edges.values)
    np.testing.assert_array_equal(cells.arrows, edges.arrows)
    gradient = rng.normal(size=cost.shape)
    # Sums are made in settling order, which depends on the width of the buckets.
    passed = cells.edge_adjoint(gradient)
    np.testing.assert_allclose(passed, edges.edge_adjoint(gradient), rtol=1e-12)


def test_one_way_streets_are_kept():
    """Along a row, going right costs 1 and going left 5."""
    edges = np.full((4, 1, 4), np.inf)
    edges[3, 0, :], edges[1, 0, :] = 1.0, 5.0  # the outermost ones lead off the map
    np.testing.assert_array_equal(solve_edges(edges, (0, 2)).values, [[2.0, 1.0, 0.0, 5.0]])
    edges[1, 0, 3] = np.inf
    np.testing.assert_array_equal(solve_edges(edges, (0, 2)).values, [[2.0, 1.0, 0.0, np.inf]])


def test_costs_come_back_as_given_except_off_the_map():
    edges, goal = random_edges(2)
    cost = solve_edges(edges, goal).cost
    for a, (dr, dc) in enumerate(STEPS):
        rows, columns = np.indices(edges.shape[1:])
        inside = (rows + dr >= 0) & (rows + dr < 9) & (columns + dc >= 0) & (columns + dc < 14)
        np.testing.assert_array_equal(cost[a], np.where(inside, edges[a], np.inf))


def test_edge_adjoint_equals_central_differences():
    edges, goal = random_edges(6, shape=(5, 6))
    field = solve_edges(edges, goal)
    weights = np.random.default_rng(2).normal(size=edges.shape[1:])
    reached = np.isfinite(field.values)
    gradient, eps = field.edge_adjoint(weights), 1e-6
    for index in np.argwhere(np.isfinite(edges)):
        step = np.zeros_like(edges)
        step[tuple(index)] = eps
        change = solve_edges(edges + step, goal).values - solve_edges(edges - step, goal).values
        numeric = (weights * change)[reached].sum() / (2 * eps)
        assert gradient[tuple(index)] == pytest.approx(numeric, rel=1e-6, abs=1e-7)


def test_the_visitation_counts_the_walks_over_each_edge():
    edges, goal = random_edges(7)
    field = solve_edges(edges, goal)
    reached = np.isfinite(field.values)
    counted = np.zeros_like(edges)
    for start in np.argwhere(reached):
        cells = follow(field, tuple(start)).cells
        for cell, step in zip(cells[:-1], np.diff(cells, axis=0), strict=True):
            move = int(np.flatnonzero((step == STEPS).all(axis=1))[0])
            counted[move, cell[0], cell[1]] += 1
    np.testing.assert_array_equal(field.edge_adjoint(reached.astype(float)), counted)


@pytest.mark.parametrize(
    ("edges", "goal", "text"),
    [
        (np.ones((8, 3, 4)), (3, 0), "outside the cost map"),
        (np.zeros((8, 3, 4)), (0, 0), "every edge cost must be > 0"),
        (np.ones((3, 4)), (0, 0), "must be .A, H, W."),
    ],
)
def test_unusable_input_is_named(edges, goal, text):
    with pytest.raises(FieldError, match=text):
        solve_edges(edges, goal)
