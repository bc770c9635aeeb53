"""Regret against the expert, and the tasks whose cost only the expert knows."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.learning.structured import StructuredIDVIN
from mme_ilqr_ros.planning.field import follow
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS
from mme_ilqr_ros.training.tasks.demonstrations import (
    demonstrate,
    field_of,
    measure,
    regrets,
    true_cost_of,
)
from mme_ilqr_ros.training.tasks.hidden_cost import path_regret_loss
from studies.tasks import lanes, terrain
from studies.tasks.demonstrated import demonstrate_some
from studies.tasks.lanes import generate_lanes
from studies.tasks.terrain import generate_terrain

GENERATORS = (generate_terrain, generate_lanes)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("generate", GENERATORS)
def test_the_same_seed_draws_the_same_maps(generate):
    a, b = generate(2, 20, rng(3)), generate(2, 20, rng(3))
    for name in ("occupied", "layers", "goals", "cost"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert not np.array_equal(a.occupied, generate(2, 20, rng(4)).occupied)


@pytest.mark.parametrize("generate", GENERATORS)
def test_the_hidden_cost_depends_on_nothing_further_away_than_its_reach(generate):
    module = {generate_terrain: terrain, generate_lanes: lanes}[generate]
    maps, other = generate(1, 24, rng(1)), generate(1, 24, rng(2))
    window = slice(5, 5 + 2 * module.REACH + 1)
    occupied, layers = other.occupied[0].copy(), other.layers[0].copy()
    occupied[window, window] = maps.occupied[0][window, window]
    layers[:, window, window] = maps.layers[0][:, window, window]
    middle = (..., 5 + module.REACH, 5 + module.REACH)
    np.testing.assert_allclose(module.hidden_cost(occupied, layers)[middle], maps.cost[0][middle])


def test_keeping_right_is_cheap_and_the_wrong_side_is_dear():
    occupied = np.ones((9, 5), dtype=bool)
    occupied[:, 1:4] = False  # an aisle three cells wide, from north to south
    north, south = STEPS.tolist().index([-1, 0]), STEPS.tolist().index([1, 0])
    cost = lanes.hidden_cost(occupied, np.ones((1, 9, 5)))
    assert cost[north, 4, 1:4].tolist() == [4.0, 2.0, 1.0]
    assert cost[south, 4, 1:4].tolist() == [1.0, 2.0, 4.0]
    assert np.isinf(cost[:, :, 0]).all()
    unpainted = lanes.hidden_cost(occupied, np.zeros((1, 9, 5)))
    assert unpainted[north, 4, 1:4].tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("generate", GENERATORS)
def test_the_oracle_has_no_regret_and_scale_does_not_matter(generate):
    maps = generate(3, 20, rng())
    result = measure(lambda m, k: 3.0 * m.cost[k], maps)
    assert result.p95 == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("generate", GENERATORS)
def test_regret_is_what_walking_the_paths_costs(generate):
    maps = generate(1, 16, rng(5))
    truth, occupied = maps.truth(0), maps.occupied[0]
    field = field_of(np.where(occupied, np.inf, 1.0), maps.goal(0))
    starts = np.argwhere(np.isfinite(truth.values) & (truth.values > 0.0))
    expected = []
    for start in starts:
        cells = follow(field, tuple(start)).cells
        steps = np.diff(cells, axis=0)
        moves = [STEPS.tolist().index(step) for step in steps.tolist()]
        if generate is generate_lanes:
            spent = sum(maps.cost[0][m, i, j] for m, (i, j) in zip(moves, cells[:-1], strict=True))
        else:
            at = maps.cost[0][tuple(cells.T)]
            spent = (LENGTHS[moves] * 0.5 * (at[1:] + at[:-1])).sum()
        expected.append(100.0 * (spent / truth.values[tuple(start)] - 1.0))
    np.testing.assert_allclose(regrets(field, truth), expected, atol=1e-9)
    assert np.min(expected) >= -1e-9
    assert np.max(expected) > 1.0


def test_demonstrations_are_the_experts_moves():
    maps = generate_terrain(2, 18, rng(6))
    everywhere = demonstrate(maps)
    for k in range(2):
        arrows = maps.truth(k).arrows
        assert (everywhere[k].sum(axis=0) == (arrows >= 0)).all()
        assert (everywhere[k].argmax(axis=0)[arrows >= 0] == arrows[arrows >= 0]).all()
    single = demonstrate_some(maps, rng(7), paths=1)
    assert (single <= everywhere).all()
    assert 0 < single.sum() < 0.3 * everywhere.sum()
    noisy = demonstrate_some(maps, rng(7), noise=0.5)
    assert 0 < (noisy != everywhere).any(axis=1).sum() < 0.5 * everywhere.sum()


class Oracle(torch.nn.Module):
    """An encoder that knows the hidden cost of the maps it is asked about."""

    def __init__(self, maps):
        super().__init__()
        cost = np.where(np.isfinite(maps.cost), maps.cost, 1.0)
        if cost.ndim == 4:
            cost = cost / LENGTHS[:, None, None]
        self.log_cost = torch.from_numpy(np.log(cost))

    def forward(self, occupied, layers):
        return self.log_cost


@pytest.mark.parametrize("generate", GENERATORS)
def test_the_loss_of_a_path_is_what_it_costs_more_than_the_best_one(generate):
    maps = generate(1, 16, rng(8))
    planner = StructuredIDVIN(Oracle(maps))
    occupied, goals = torch.from_numpy(maps.occupied).double(), torch.from_numpy(maps.goals)
    plan = planner(occupied, goals, mask=True, n_moves=8)
    misled = field_of(np.where(maps.occupied[0], np.inf, 1.0), maps.goal(0))
    start = np.unravel_index(np.argmax(np.nan_to_num(misled.values, posinf=0.0)), (16, 16))
    cells = follow(misled, start).cells
    shown = np.zeros((1, 8, 16, 16))
    for (i, j), arrow in zip(cells[:-1], misled.arrows[tuple(cells[:-1].T)], strict=True):
        shown[0, arrow, i, j] = 1.0
    truth = maps.truth(0)
    regret = true_cost_of(misled, truth)[start] - truth.values[start]
    loss = path_regret_loss(plan, torch.from_numpy(shown)).item()
    assert regret > 0.1
    assert loss == pytest.approx(regret / (len(cells) - 1))
    perfect = torch.from_numpy(demonstrate(maps)).double()
    assert path_regret_loss(plan, perfect).item() == pytest.approx(0.0, abs=1e-9)
