"""The bucket queue against the heap, bit by bit."""

import numpy as np
import pytest

from mme_ilqr_ros.planning.field import solve_edges, solve_field
from mme_ilqr_ros.planning.field.costs import bordered, inner
from mme_ilqr_ros.planning.field.queues import MOST_BUCKETS, Buckets, solve_by_heap
from mme_ilqr_ros.planning.field.spread import CHUNK, Wave


def by_heap(field):
    """Return the values of the same problem, solved by the heap."""
    values = np.full_like(field.flat_values, np.inf)
    order = solve_by_heap(field.flat_costs, field.stride, field.n_moves, field.goal_index, values)
    assert set(order) == set(field.order)
    return values


def random_problem(rng):
    """A map of any shape, with walls, whose costs are equal, close together or far apart."""
    shape = tuple(int(n) for n in rng.integers(1, 60, size=2))
    unit = rng.choice([1e-3, 1.0, 7e4])
    cost = unit * np.exp(rng.choice([0.0, 0.5, 3.0, 6.0]) * rng.random(shape))
    cost[rng.random(shape) < rng.choice([0.0, 0.1, 0.3, 0.5])] = np.inf
    goal = tuple(int(i) for i in rng.integers((0, 0), shape))
    cost[goal] = unit
    return cost, goal


@pytest.mark.parametrize("seed", range(60))
def test_buckets_equal_the_heap_bit_by_bit(seed):
    rng = np.random.default_rng(seed)
    cost, goal = random_problem(rng)
    field = solve_field(cost, goal, int(rng.choice([4, 8])))
    assert field.buckets is not None
    np.testing.assert_array_equal(field.flat_values, by_heap(field))


@pytest.mark.parametrize("seed", range(20))
def test_buckets_equal_the_heap_on_edges(seed):
    rng = np.random.default_rng(seed)
    cost, goal = random_problem(rng)
    edges = cost * (0.5 + rng.random((int(rng.choice([4, 8])), *cost.shape)))
    edges[rng.random(edges.shape) < rng.choice([0.0, 0.3])] = np.inf
    field = solve_edges(edges, goal)
    assert field.buckets is not None
    np.testing.assert_array_equal(field.flat_values, by_heap(field))


def test_a_bucket_grows_when_many_cells_have_the_same_value():
    """Every other row begins at 0: thousands of cells in one bucket, then as many in the next."""
    height, width = 300, 40
    costs = bordered(np.ones((height, width)), np.inf)
    stride = width + 2
    values = np.full(len(costs), np.inf)
    inner(values, stride)[::2] = 0.0
    seeds, order = np.flatnonzero(values == 0.0), np.empty(len(costs) + CHUNK, np.int32)
    wave = Wave(seeds, Buckets(1 / 0.98, 4, 1.0, 2.0), stride, order)
    wave.go_on(costs, stride, 8, values)
    np.testing.assert_array_equal(inner(values, stride)[1::2], 1.0)
    assert sorted(order[: wave.n_settled]) == np.flatnonzero(np.isfinite(costs)).tolist()


def test_costs_too_far_apart_go_to_the_heap():
    cost = np.ones((20, 30))
    cost[:, 10] = 1e5
    field = solve_field(cost, (3, 3))
    assert field.buckets is None
    assert field.values[3, 9] == 6.0
    assert field.values[3, 11] == pytest.approx(7.0 + 1e5)
    cost[:, 10] = np.inf  # closed by the mask, a wall is no price at all
    assert solve_field(cost, (3, 3)).buckets is not None


@pytest.mark.parametrize("ratio", [1.0, 1.4, 100.0, 0.9 * MOST_BUCKETS])
def test_no_move_leads_past_the_ring(ratio):
    buckets = Buckets.between(0.7, 0.7 * ratio)
    assert buckets.n & (buckets.n - 1) == 0
    for value in (0.0, 0.123, 1e6):
        first = int(value * buckets.scale)
        assert int((value + 0.7) * buckets.scale) > first
        assert int((value + 0.7 * ratio) * buckets.scale) < first + buckets.n
    assert buckets.hold(0.7, 0.7 * ratio)
    assert not buckets.hold(0.69, 0.7)
    assert not buckets.hold(0.7, 2.0 * buckets.n)
    assert Buckets.between(0.7, 0.7 * MOST_BUCKETS) is None
