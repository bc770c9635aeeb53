import numpy as np
import pytest

from mme_ilqr_ros.control.samplers.stein_direction import newton_system, rbf_kernel, stein_direction

ALPHA = 0.7
A = np.array([[3.0, 1.0], [1.0, 2.0]])


def particles(n, nu, seed=0, stages=()):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(*stages, n, nu))


def quartic(U):
    """A cost with its gradient [N, nu] and Hessian [N, nu, nu] for particles [N, nu]."""
    cost = np.sum(U**4 / 4 + U**2, axis=-1)
    return cost, U**3 + 2 * U, (3 * U**2 + 2)[..., None] * np.eye(U.shape[-1])


def moved(U, gradient, hessian, alpha):
    """A step that keeps the map one to one."""
    w, stretch = stein_direction(U, gradient, hessian, alpha)
    return U + min(1.0, 0.3 / stretch) * w


def divergence(beta, U, k_of):
    """KL of the moved particles from exp(-J / alpha), but for a constant; beta [N, nu].

    With T(u) = u + w(u) it is the mean of J(T(u)) / alpha - log det(I + grad w).
    """
    k, grad = k_of
    w = np.einsum("mi,lm->li", beta, k)
    slope = np.einsum("mi,lmj->lij", beta, grad)
    log_det = np.linalg.slogdet(np.eye(U.shape[1]) + slope)[1]
    return np.mean(quartic(U + w)[0] / ALPHA - log_det)


def test_one_mode_takes_the_newton_step():
    rng = np.random.default_rng(0)
    U, gradient = rng.normal(size=(5, 1, 2)), rng.normal(size=(5, 1, 2))
    hessian = np.tile(A, (5, 1, 1, 1))
    step, _ = stein_direction(U, gradient, hessian, ALPHA)
    assert step[:, 0] == pytest.approx(-gradient[:, 0] @ np.linalg.inv(A), rel=1e-7)


def test_kernel_gradient_equals_central_differences():
    U, e = particles(4, 2), 1e-6
    k, grad = rbf_kernel(U)
    apart = U[0] - U
    h = -np.sum(apart[1] ** 2) / np.log(k[0, 1])
    for i, d in enumerate(e * np.eye(2)):  # at fixed width, as in the method

        def moved(sign, d=d):
            return np.exp(-np.sum((apart + sign * d) ** 2, axis=1) / h)

        assert grad[0, :, i] == pytest.approx((moved(1) - moved(-1)) / (2 * e), abs=1e-8)


def test_width_is_the_mean_squared_distance_over_log():
    U = np.array([[0.0], [1.0], [3.0]])
    k, _ = rbf_kernel(U)
    h = (1 + 9 + 4) / 3 / np.log(4.0)
    assert k[0, 2] == pytest.approx(np.exp(-9 / h))


@pytest.mark.parametrize("nu", [1, 2])
def test_phi_is_the_negative_gradient_of_the_divergence(nu):
    U, e = particles(4, nu), 1e-6
    _, gradient, hessian = quartic(U)
    phi = newton_system(U, gradient, hessian, ALPHA).phi
    for m in range(4):
        for i in range(nu):
            beta = np.zeros((4, nu))
            beta[m, i] = e
            kernel = rbf_kernel(U)
            slope = divergence(beta, U, kernel) - divergence(-beta, U, kernel)
            assert phi[m, i] == pytest.approx(-slope / (2 * e), abs=1e-7)


def test_the_system_is_the_second_derivative_of_the_divergence():
    U, e = particles(4, 1), 1e-4
    _, gradient, hessian = quartic(U)
    H = newton_system(U, gradient, hessian, ALPHA).H
    kernel = rbf_kernel(U)

    def at(*steps):
        beta = np.zeros((4, 1))
        for m, sign in steps:
            beta[m] += sign * e
        return divergence(beta, U, kernel)

    for m in range(4):
        for n in range(4):
            pairs = at((m, 1), (n, 1)) - at((m, 1), (n, -1)) - at((m, -1), (n, 1))
            second = (pairs + at((m, -1), (n, -1))) / (4 * e * e)
            assert H[m, 0, n, 0] == pytest.approx(second, abs=1e-5)


def test_the_system_is_symmetric_and_never_indefinite():
    U = particles(6, 2, stages=(3,))
    hessian = np.tile(A, (3, 6, 1, 1))
    H = newton_system(U, np.zeros_like(U), hessian, ALPHA).H
    flat = H.reshape(3, 12, 12)
    assert flat == pytest.approx(np.swapaxes(flat, 1, 2))
    assert np.linalg.eigvalsh(flat).min() > 0.0


def test_particles_spread_to_the_covariance_of_a_gaussian():
    mean, U = np.array([1.0, -2.0]), 0.1 * particles(60, 2)
    hessian = np.tile(A, (60, 1, 1))
    for _ in range(120):
        U = moved(U, (U - mean) @ A, hessian, ALPHA)
    assert U.mean(axis=0) == pytest.approx(mean, abs=0.02)
    expected = ALPHA * np.linalg.inv(A)
    assert np.linalg.norm(np.cov(U.T) - expected) / np.linalg.norm(expected) < 0.2


def test_two_wells_keep_their_particles():
    """J = (u^2 - 1)^2: particles on both sides stay there, and none of them coincide."""
    U = np.array([[-1.4], [-1.3], [-0.9], [0.8], [1.0], [1.5]])
    for _ in range(50):
        gradient, hessian = 4 * U * (U**2 - 1), np.maximum(12 * U**2 - 4, 1.0)[..., None]
        U = moved(U, gradient, hessian, 0.1)
    assert np.sum(U < 0) == 3
    assert np.diff(np.sort(U[:, 0])).min() > 0.02


def test_the_order_of_modes_does_not_matter():
    U, order = particles(5, 2, stages=(4,)), np.array([3, 0, 4, 1, 2])
    gradient, hessian = quartic(U)[1:]
    one, _ = stein_direction(U, gradient, hessian, ALPHA)
    other, _ = stein_direction(U[:, order], gradient[:, order], hessian[:, order], ALPHA)
    assert other == pytest.approx(one[:, order], abs=1e-9)


def test_stages_do_not_see_one_another():
    U = particles(5, 2, stages=(4,))
    gradient, hessian = quartic(U)[1:]
    together, _ = stein_direction(U, gradient, hessian, ALPHA)
    alone, _ = stein_direction(U[2], gradient[2], hessian[2], ALPHA)
    assert together[2] == pytest.approx(alone, abs=1e-12)


def test_modes_that_coincide_move_as_one():
    U = np.zeros((3, 2))
    gradient, hessian = np.tile([1.0, 2.0], (3, 1)), np.tile(A, (3, 1, 1))
    step, stretch = stein_direction(U, gradient, hessian, ALPHA)
    newton = np.tile(-np.linalg.solve(A, [1.0, 2.0]), (3, 1))
    assert step == pytest.approx(newton, rel=1e-3, abs=1e-3)
    assert stretch == 0.0


def test_within_the_stretch_modes_do_not_jump_over_one_another():
    U = np.sort(particles(5, 1), axis=0)
    gradient, hessian = quartic(U)[1:]
    w, stretch = stein_direction(U, gradient, hessian, ALPHA)
    assert np.all(np.diff((U + 0.9 / stretch * w)[:, 0]) > 0)
    assert stretch > np.abs(np.diff(w[:, 0]) / np.diff(U[:, 0])).min()
