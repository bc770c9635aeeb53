import numpy as np
import pytest

from mme_ilqr_ros.control.kernel.build import build_module
from mme_ilqr_ros.control.objective import standard_problem
from mme_ilqr_ros.control.problem import Problem

PROBLEM = standard_problem()
FUNCTIONS = {f.name(): f for f in PROBLEM.functions()}


def sample(rng):
    x, u = rng.normal(size=5), rng.normal(size=2)
    p = rng.uniform(0.1, 2.0, size=len(PROBLEM.parameter_names))
    return x, u, p


def differences(function, z, step=1e-6):
    columns = []
    for i in range(len(z)):
        e = np.zeros(len(z))
        e[i] = step
        columns.append((function(z + e) - function(z - e)) / (2 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("seed", range(5))
def test_jacobians_of_the_step_equal_central_differences(seed):
    x, u, _ = sample(np.random.default_rng(seed))
    A, B = (np.array(m) for m in FUNCTIONS["step_jacobian"](x, u, 0.2))
    step = FUNCTIONS["step"]
    assert pytest.approx(differences(lambda z: np.array(step(z, u, 0.2))[:, 0], x), abs=1e-8) == A
    assert pytest.approx(differences(lambda z: np.array(step(x, z, 0.2))[:, 0], u), abs=1e-8) == B


@pytest.mark.parametrize("seed", range(5))
def test_cost_gradients_equal_central_differences(seed):
    x, u, p = sample(np.random.default_rng(seed))
    l_x, l_u, *_ = (np.array(m) for m in FUNCTIONS["stage_quadratic"](x, u, p))
    cost = FUNCTIONS["stage_cost"]
    by_x = differences(lambda z: np.array([float(cost(z, u, p))]), x)[0]
    by_u = differences(lambda z: np.array([float(cost(x, z, p))]), u)[0]
    assert l_x[:, 0] == pytest.approx(by_x, abs=1e-7)
    assert l_u[:, 0] == pytest.approx(by_u, abs=1e-7)
    phi_x, _ = (np.array(m) for m in FUNCTIONS["terminal_quadratic"](x, p))
    final = FUNCTIONS["terminal_cost"]
    by_x = differences(lambda z: np.array([float(final(z, p))]), x)[0]
    assert phi_x[:, 0] == pytest.approx(by_x, abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_gauss_newton_hessians_equal_differences_of_the_gradient(seed):
    """The residuals of the standard terms are linear, so Gauss-Newton is the Hessian itself."""
    x, u, p = sample(np.random.default_rng(seed))
    quadratic = FUNCTIONS["stage_quadratic"]
    _, _, l_xx, l_ux, l_uu = (np.array(m) for m in quadratic(x, u, p))
    by_x = differences(lambda z: np.array(quadratic(z, u, p)[0])[:, 0], x)
    by_u = differences(lambda z: np.array(quadratic(x, z, p)[1])[:, 0], u)
    cross = differences(lambda z: np.array(quadratic(z, u, p)[1])[:, 0], x)
    assert l_xx == pytest.approx(by_x, abs=1e-6)
    assert l_uu == pytest.approx(by_u, abs=1e-6)
    assert l_ux == pytest.approx(cross, abs=1e-6)
    whole = np.block([[l_xx, l_ux.T], [l_ux, l_uu]])
    assert np.linalg.eigvalsh(whole).min() > -1e-12


def test_printed_functions_equal_the_symbolic_ones():
    module = build_module(PROBLEM, "python")
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, u, p = sample(rng)
        inputs = {"step": (x, u, [0.2]), "step_jacobian": (x, u, [0.2])}
        for name, function in FUNCTIONS.items():
            given = inputs.get(name, (x, u, p) if name.startswith("stage") else (x, p))
            outputs = [
                np.zeros(
                    function.size_out(i) if function.size2_out(i) > 1 else function.size1_out(i)
                )
                for i in range(function.n_out())
            ]
            getattr(module, name)(*given, *outputs)
            for ours, theirs in zip(outputs, function.call([*given]), strict=True):
                assert ours == pytest.approx(np.array(theirs).reshape(ours.shape), abs=1e-12)


def test_parameters_shared_by_terms_appear_once():
    names = PROBLEM.parameter_names
    assert len(names) == len(set(names))
    assert Problem(PROBLEM.model, ()).parameter_names == ()
