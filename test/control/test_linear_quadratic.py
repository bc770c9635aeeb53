import linear_quadratic as lq
import numpy as np
import pytest

from mme_ilqr_ros.control.modes import soft_value

T = 6


@pytest.fixture(scope="module")
def kernel():
    return lq.kernel()


def test_a_linear_quadratic_problem_is_solved_in_one_iteration(kernel):
    rng = np.random.default_rng(1)
    starts = rng.normal(size=(3, T, 2))
    found = kernel.optimise(lq.X0, starts, lq.data(T), 1)
    U, J = found.U, found.costs
    gradient = np.zeros(2 * T)
    for i in range(2 * T):  # central differences of a quadratic are exact
        e = np.zeros(2 * T)
        e[i] = 1.0
        e = e.reshape(T, 2)
        gradient[i] = (lq.cost(kernel, U[0] + e) - lq.cost(kernel, U[0] - e)) / 2
    assert np.abs(gradient).max() < 1e-5
    assert np.ptp(J) < 1e-9
    further = kernel.optimise(lq.X0, U, lq.data(T), 5)
    assert further.costs == pytest.approx(J, rel=1e-9)


def test_gains_are_those_of_the_riccati_recursion(kernel):
    policies = kernel.policies(lq.X0, np.zeros((1, T, 2)), lq.data(T))
    C = 0.3 * np.array([[1, 0], [0, 1], [1, -1]])
    P = 2 * 0.7 * np.eye(3)
    for t in reversed(range(T)):
        Q_uu = 2 * 0.4 * np.eye(2) + 2 * 0.7 * C.T @ C + lq.B.T @ P @ lq.B
        Q_ux = 2 * 0.7 * C.T + lq.B.T @ P @ lq.A
        Q_xx = 2 * 0.7 * np.eye(3) + lq.A.T @ P @ lq.A
        gain = -np.linalg.solve(Q_uu, Q_ux)
        assert policies.K[0, t] == pytest.approx(gain, abs=1e-10)
        assert policies.Quu[0, t] == pytest.approx(Q_uu, abs=1e-10)
        P = Q_xx + Q_ux.T @ gain


@pytest.mark.parametrize("alpha", [0.5, 1e-1, 1e-3])
def test_soft_value_is_minus_alpha_log_of_the_exact_partition_function(kernel, alpha):
    policies = kernel.policies(lq.X0, np.zeros((1, T, 2)), lq.data(T))
    value = soft_value(policies.cost, policies.log_det, alpha, T, 2)[0]
    H = lq.hessian(kernel, T)
    best = kernel.optimise(lq.X0, np.zeros((1, T, 2)), lq.data(T), 3).costs
    log_det = np.linalg.slogdet(H)[1]
    assert policies.log_det[0] == pytest.approx(log_det, abs=1e-9)
    # Z = integral of exp(-J(U) / alpha) = exp(-J* / alpha) (2 pi alpha)^(T nu / 2) / sqrt(det H)
    log_Z = -best[0] / alpha + T * np.log(2 * np.pi * alpha) - 0.5 * log_det
    assert value == pytest.approx(-alpha * log_Z, abs=1e-9)


def test_soft_value_tends_to_the_optimal_cost_as_alpha_goes_to_zero(kernel):
    policies = kernel.policies(lq.X0, np.zeros((1, T, 2)), lq.data(T))
    best = kernel.optimise(lq.X0, np.zeros((1, T, 2)), lq.data(T), 3).costs

    def gap(alpha: float) -> float:
        return abs(soft_value(policies.cost, policies.log_det, alpha, T, 2)[0] - best[0])

    gaps = [gap(alpha) for alpha in (1e-1, 1e-2, 1e-3, 1e-4, 1e-6)]
    assert np.all(np.diff(gaps) < 0)
    assert gaps[-1] < 1e-3
    assert gap(0.0) < 1e-9


def test_clamped_controls_keep_the_box_and_the_cost_falls_monotonically(kernel):
    from mme_ilqr_ros.models import ControlLimits

    limits = ControlLimits((-0.3, -0.2), (0.3, 0.4), (np.inf, np.inf))
    U = np.zeros((1, T, 2))
    costs = [lq.cost(kernel, U[0], limits)]
    for _ in range(6):
        found = kernel.optimise(lq.X0, U, lq.data(T, limits), 1)
        U = found.U
        costs.append(found.costs[0])
    assert np.all(np.diff(costs) <= 1e-12)
    assert U[..., 0].min() >= -0.3
    assert U[..., 0].max() <= 0.3
    assert U[..., 1].min() >= -0.2
    assert U[..., 1].max() <= 0.4
    from scipy.optimize import minimize

    box = [(-0.3, 0.3), (-0.2, 0.4)] * T
    found = minimize(
        lambda u: lq.cost(kernel, u.reshape(T, 2), limits), np.zeros(2 * T), bounds=box
    )
    assert costs[-1] == pytest.approx(found.fun, rel=1e-5)


def test_policy_samples_have_the_covariance_of_the_boltzmann_distribution(kernel):
    """White policy noise rolled out through the gains is N(U*, alpha H^-1) exactly."""
    n_stages, alpha, n = 2, 0.5, 4000
    data = lq.data(n_stages)
    policies = kernel.policies(lq.X0, np.zeros((1, n_stages, 2)), data)
    sources = np.zeros(n, dtype=int)
    white = np.random.default_rng(3).standard_normal((n, n_stages, 2))
    draws = kernel.sample(policies, sources, white, alpha, 0.0, data).reshape(n, -1)
    expected = alpha * np.linalg.inv(lq.hessian(kernel, n_stages))
    error = np.linalg.norm(np.cov(draws.T) - expected) / np.linalg.norm(expected)
    assert error < 4 / np.sqrt(n) * 2
    best = kernel.optimise(lq.X0, np.zeros((1, n_stages, 2)), data, 3).U
    spread = np.sqrt(np.diag(expected) / n)
    assert np.all(np.abs(draws.mean(axis=0) - best[0].ravel()) < 4 * spread)
