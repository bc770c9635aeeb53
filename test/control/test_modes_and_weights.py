from dataclasses import replace

import numpy as np
import pytest
from one_robot import one_robot

from mme_ilqr_ros.control.kernel import Policies
from mme_ilqr_ros.control.modes import mixture_weights, select_mode, selection_costs, soft_value
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.samplers.mixture import draw
from mme_ilqr_ros.control.samplers.sampling import in_blocks, random_blocks
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.models import ControlLimits

ALL = np.ones(4, dtype=bool)
KERNEL = one_robot(standard_problem())


def test_weights_are_the_boltzmann_shares():
    V = np.array([1.0, 1.5, 3.0, 2.0])
    z = np.exp(-V / 0.5)
    assert mixture_weights(V, 0.5, ALL, 0.0) == pytest.approx(z / z.sum())
    assert mixture_weights(V + 1e6, 0.5, ALL, 0.0) == pytest.approx(z / z.sum())


def test_a_wide_basin_outweighs_a_narrow_one_of_equal_cost():
    narrow_and_wide = soft_value(np.array([5.0, 5.0]), np.array([40.0, 20.0]), 0.5, 10, 2)
    weights = mixture_weights(narrow_and_wide, 0.5, np.ones(2, bool), 0.0)
    assert weights[1] / weights[0] == pytest.approx(np.exp(0.5 * 20))  # exp(difference / 2)


def test_the_floor_keeps_every_feasible_mode_alive_and_no_other():
    V = np.array([0.0, 100.0, 100.0, 50.0])
    weights = mixture_weights(V, 0.5, np.array([True, True, False, True]), 0.02)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[2] == 0.0
    assert weights[[1, 3]] == pytest.approx(0.02 / 1.04)


def test_without_a_feasible_mode_all_share():
    weights = mixture_weights(np.zeros(4), 0.5, ~ALL, 0.02)
    assert weights == pytest.approx(np.full(4, 0.25))


def test_at_temperature_zero_the_best_mode_takes_all():
    assert mixture_weights(np.array([3.0, 1.0, 2.0, 9.0]), 0.0, ALL, 0.02)[1] == 1.0


def noise(Quu, temperature, rho, n, n_stages, seed=0):
    """Samples of a policy at zero without gains: its noise alone."""
    data = stage_data(
        KERNEL.problem, in_own_units(ControllerSettings()), np.zeros(2), no_circles(), None
    )
    limits = ControlLimits((-1e3, -1e3), (1e3, 1e3), (1e6, 1e6))
    data = replace(
        data, limits=limits, parameters=np.ones((n_stages + 1, data.parameters.shape[1]))
    )
    X, U = np.zeros((1, n_stages + 1, 5)), np.zeros((1, n_stages, 2))
    K, one = np.zeros((1, n_stages, 2, 5)), np.zeros(1)
    policies = Policies(X, U, U, K, np.tile(Quu, (1, n_stages, 1, 1)), one, one, one)
    white = np.random.default_rng(seed).standard_normal((n, n_stages, 2))
    return KERNEL.sample(policies, np.zeros(n, dtype=int), white, temperature, rho, data)


def test_policy_noise_has_covariance_temperature_times_inverse_hessian():
    Quu = np.array([[2.0, 0.5], [0.5, 1.0]])
    for rho in (0.0, 0.9):  # at every stage, correlated along the horizon or not
        draws = noise(Quu, 0.3, rho, 4000, 30)[:, -1]
        assert np.cov(draws.T) == pytest.approx(0.3 * np.linalg.inv(Quu), rel=0.07, abs=0.01)


def test_neighbouring_noise_is_correlated_by_rho():
    draws = noise(np.eye(2), 1.0, 0.9, 8, 20000)[..., 0]
    assert draws.std() == pytest.approx(1.0, abs=0.03)
    for lag in (1, 10):
        pairs = np.corrcoef(draws[:, lag:].ravel(), draws[:, :-lag].ravel())
        assert pairs[0, 1] == pytest.approx(0.9**lag, abs=0.03)


def test_sources_are_drawn_with_their_weights_and_never_without():
    weights = np.array([0.5, 0.0, 0.3, 0.2, 0.0])
    sources = draw(weights, np.random.default_rng(0).random(20000))
    assert np.bincount(sources, minlength=5) / 20000 == pytest.approx(weights, abs=0.015)
    assert draw(weights, np.array([0.0, 0.4999, 0.5, 1 - 2**-53])).tolist() == [0, 0, 2, 3]


def test_random_controls_fill_the_box_in_blocks():
    limits = ControlLimits((-0.2, -1.5), (1.0, 1.5), (2.5, 5.0))
    U = in_blocks(random_blocks(1, limits, np.random.default_rng(0)), 50)[0]
    assert U.shape == (50, 2)
    assert len(np.unique(U[:, 0])) == 5
    assert np.array_equal(U, np.clip(U, limits.lower, limits.upper))


def test_feasibility_comes_before_cost():
    costs = selection_costs(np.array([1.0, 50.0]), np.array([0.19, 0.30]), 0.2)
    assert np.argmin(costs) == 1
    assert costs[1] == 50.0


def test_a_larger_switch_margin_means_fewer_switches():
    """Two equally good modes whose costs fluctuate by one per cent."""
    rng = np.random.default_rng(0)
    noise = 10.0 * (1 + 0.01 * rng.standard_normal((300, 2)))

    def switches(margin: float) -> int:
        incumbent, count = 0, 0
        for costs in noise:
            chosen = select_mode(costs, incumbent, margin)
            count += chosen != incumbent
            incumbent = chosen
        return count

    counts = [switches(margin) for margin in (0.0, 0.01, 0.05)]
    assert counts[0] > counts[1] > counts[2] == 0


def test_a_mode_that_dwells_stays_whatever_the_others_cost():
    assert select_mode(np.array([10.0, 1.0]), 0, 0.05, dwells=True) == 0
    assert select_mode(np.array([10.0, 1.0]), 0, 0.05, dwells=False) == 1


def test_an_improvement_beyond_the_margin_is_taken():
    assert select_mode(np.array([10.0, 9.4]), 0, 0.05) == 1
    assert select_mode(np.array([10.0, 9.6]), 0, 0.05) == 0


def test_near_the_target_where_every_way_is_cheap_the_margin_does_not_vanish():
    cheap = np.array([1.0, 0.8])
    assert select_mode(cheap, 0, 0.05) == 1
    assert select_mode(cheap, 0, 0.05, 10.0) == 0
    assert select_mode(np.array([1.0, 0.4]), 0, 0.05, 10.0) == 1
    assert select_mode(np.array([100.0, 94.0]), 0, 0.05, 10.0) == 1  # dear ways: as before


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_mode_whose_cost_is_no_number_neither_wins_nor_stays(broken):
    costs, gaps = np.array([broken, 3.0, 2.0]), np.ones(3)
    assert select_mode(selection_costs(costs, gaps, 0.2), 1, 0.05, 1.0) == 2
    assert select_mode(selection_costs(costs, gaps, 0.2), 0, 0.05, 1.0) == 2
