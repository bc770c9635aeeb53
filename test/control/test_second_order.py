from dataclasses import dataclass, replace

import casadi as ca
import numpy as np
import pytest

from mme_ilqr_ros.control.kernel import Kernel, StageData, free_space
from mme_ilqr_ros.control.objective import standard_problem
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.second_order import least_eigenvalue, lifted
from mme_ilqr_ros.models import ControlLimits, RobotModel

GAUSS_NEWTON = standard_problem()
CURVED = replace(GAUSS_NEWTON, second_order_dynamics=True)
DT = 0.2


def action_value(problem, x, u, p, V_x, V_xx):
    """Return Q_xx, Q_ux, Q_uu in full."""
    Q = problem.functions()["action_value"](x, u, p, DT, np.zeros(5), V_x, V_xx)
    _, _, Q_xx, Q_ux, Q_uu = (np.array(part) for part in Q)
    return np.triu(Q_xx) + np.triu(Q_xx, 1).T, Q_ux, np.triu(Q_uu) + np.triu(Q_uu, 1).T


def exact_hessian(x, u, p, V_x, V_xx):
    """Second differences of l(x, u) + V(f(x, u)), with V quadratic round f(x, u)."""
    functions = GAUSS_NEWTON.functions()
    after = np.array(functions["step"](x, u, DT))[:, 0]

    def value(z):
        d = np.array(functions["step"](z[:5], z[5:], DT))[:, 0] - after
        return float(functions["stage_cost"](z[:5], z[5:], p)) + V_x @ d + d @ V_xx @ d / 2

    z, e = np.concatenate([x, u]), 1e-4 * np.eye(7)

    def second(a, b):
        return value(z + a + b) - value(z + a - b) - value(z - a + b) + value(z - a - b)

    return np.array([[second(a, b) for b in e] for a in e]) / 4e-8


def point(seed):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(5, 5))
    p = rng.uniform(0.5, 2.0, size=len(GAUSS_NEWTON.parameter_names))
    return rng.normal(size=5), rng.normal(size=2), p, rng.normal(size=5), half @ half.T


@pytest.mark.parametrize("seed", range(4))
def test_action_value_is_the_exact_hessian_where_that_is_definite_enough(seed):
    x, u, p, V_x, V_xx = point(seed)
    V_x = 0.1 * V_x
    exact = exact_hessian(x, u, p, V_x, V_xx)
    Q_xx, Q_ux, Q_uu = action_value(CURVED, x, u, p, V_x, V_xx)
    assert Q_xx == pytest.approx(exact[:5, :5], abs=1e-5)
    assert Q_ux == pytest.approx(exact[5:, :5], abs=1e-5)
    assert Q_uu == pytest.approx(exact[5:, 5:], abs=1e-5)
    gauss_newton = action_value(GAUSS_NEWTON, x, u, p, V_x, V_xx)
    assert np.abs(gauss_newton[1] - exact[5:, :5]).max() > 1e-4  # there is a difference


@pytest.mark.parametrize("seed", range(10))
def test_the_policy_stays_defined_however_curved_the_step(seed):
    x, u, p, V_x, V_xx = point(seed)
    for scale in (1.0, 1e2, 1e4):
        for V in (V_xx, -V_xx):
            _, _, Q_uu = action_value(CURVED, x, u, p, scale * V_x, V)
            assert np.linalg.eigvalsh(Q_uu).min() > 1e-10


def test_a_straight_value_changes_nothing():
    x, u, p, _, V_xx = point(0)
    one, other = (
        action_value(problem, x, u, p, np.zeros(5), V_xx) for problem in (GAUSS_NEWTON, CURVED)
    )
    for a, b in zip(one, other, strict=True):
        assert a == pytest.approx(b, abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_least_eigenvalue_is_exact_for_two_and_bounded_for_more(n):
    rng = np.random.default_rng(n)
    for _ in range(10):
        half = rng.normal(size=(n, n))
        M = half + half.T
        bound, true = float(least_eigenvalue(ca.DM(M))), np.linalg.eigvalsh(M)[0]
        assert bound <= true + 1e-12
        if n <= 2:
            assert bound == pytest.approx(true)
        raised = np.array(ca.evalf(lifted(ca.SX(M), ca.SX(0.3))))
        assert np.linalg.eigvalsh(raised)[0] >= 0.3 - 1e-9


@dataclass(frozen=True)
class Squares:
    """The squared distance to (1, 2) at the end, or of the controls on the way."""

    terminal: bool
    parameters: tuple[str, ...] = ()

    def residual(self, x, u, p):
        return x[:2] - ca.DM([1.0, 2.0]) if self.terminal else u

    def loss(self, r, p):
        return (1.0 if self.terminal else 0.1) * ca.sumsqr(r)


def turning(x, u, dt):
    return x + dt * ca.vertcat(u[0] * ca.cos(x[2]), u[0] * ca.sin(x[2]), u[1])


def test_where_much_cost_remains_it_needs_fewer_iterations_than_gauss_newton():
    """Effort dear enough that the goal is not reached: there Gauss-Newton converges slowly."""
    model = RobotModel("turning", ("px", "py", "yaw"), ("v", "w"), turning, (-1, -1))
    free = ControlLimits((-1e6, -1e6), (1e6, 1e6), (np.inf, np.inf))
    data = StageData(np.zeros((31, 1)), 0.1, free, free_space())
    start, found = np.tile([0.5, 0.1], (1, 30, 1)), {}
    for second_order in (False, True):
        problem = Problem(model, (Squares(True), Squares(False)), second_order)
        found[second_order] = Kernel(problem, "python").optimise(np.zeros(3), start, data, 30)
    assert found[True].iterations <= 0.7 * found[False].iterations < 20
    assert found[True].costs[0] <= found[False].costs[0] + 1e-5
