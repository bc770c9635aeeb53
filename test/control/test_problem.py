import numpy as np
import pytest

from mme_ilqr_ros.control.costs import Reference
from mme_ilqr_ros.control.kernel.build import PRINTED, build_program
from mme_ilqr_ros.control.objective import standard_problem

PROBLEM = standard_problem()
FUNCTIONS = PROBLEM.functions()


def sample(rng):
    x, u = rng.normal(size=5), rng.normal(size=2)
    return x, u, rng.uniform(0.1, 2.0, size=FUNCTIONS["stage_cost"].size1_in(2))


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
    phi_x, _ = (np.array(m) for m in FUNCTIONS["terminal_quadratic"](x, p, np.zeros(9)))
    final = FUNCTIONS["terminal_cost"]
    by_x = differences(lambda z: np.array([float(final(z, p))]), x)[0]
    assert phi_x[:, 0] == pytest.approx(by_x, abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_gauss_newton_hessians_equal_differences_of_the_gradient(seed):
    """Residuals that are linear, without the optional ones: Gauss-Newton is the Hessian itself."""
    x, u, _ = sample(np.random.default_rng(seed))
    p = PROBLEM.parameters(Reference(PROBLEM.model, 0.2, 1.0, -0.5), 1, PROBLEM.cost)[0]
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


@pytest.mark.parametrize("switch", [0.0, 1.0])
def test_printed_functions_equal_the_symbolic_ones(switch):
    """On lanes of three modes each, with random numbers for every input.

    The optional penalties are skipped where the switch, the first number of p, is 0.
    """
    module, switched = build_program(PROBLEM, "python").stage, PROBLEM.switched()
    rng, n, n_parameters = np.random.default_rng(0), 3, FUNCTIONS["stage_cost"].numel_in(2)
    for name, dt in PRINTED.items():
        function = FUNCTIONS[name]
        if switch == 0.0 and name in switched:
            function = switched[name].always
        sizes = [shape(function.size_in(i)) for i in range(function.n_in())]
        inputs = [rng.uniform(0.1, 2.0, size=(*size, n)) for size in sizes]
        for i, size in enumerate(sizes):
            if size == (n_parameters,):  # the same for all modes
                inputs[i][:] = inputs[i][:, :1]
                inputs[i][0] = switch
        for i in dt:
            inputs[i][:] = inputs[i][:, :1]
        numbers = [a[:, 0] if len(a) == n_parameters else a for a in inputs]
        numbers = [a[0, 0] if i in dt else a for i, a in enumerate(numbers)]
        outputs = [np.zeros((*shape(function.size_out(i)), n)) for i in range(function.n_out())]
        getattr(module, name)(*numbers, *outputs)
        for lane in range(n):
            expected = function.call([a[..., lane] for a in inputs])
            for ours, theirs in zip(outputs, expected, strict=True):
                reshaped = np.array(theirs).reshape(ours.shape[:-1])
                assert ours[..., lane] == pytest.approx(reshaped, rel=1e-10, abs=1e-12)


def shape(size):
    return (size[0],) if size[1] == 1 else size


def test_action_value_is_the_quadratic_of_stage_cost_plus_value():
    """Against the chain rule written out with the Jacobians."""
    rng = np.random.default_rng(1)
    x, u, p = sample(rng)
    V_x, root = rng.normal(size=5), rng.normal(size=(5, 5))
    V_xx, b = root @ root.T, rng.normal(size=9)
    A, B = (np.array(m) for m in FUNCTIONS["step_jacobian"](x, u, 0.2))
    l_x, l_u, l_xx, l_ux, l_uu = (np.array(m) for m in FUNCTIONS["stage_quadratic"](x, u, p))
    l_x[:3, 0] += b[[0, 1, 5]]
    l_xx[:3, :3] += b[[2, 3, 6, 3, 4, 7, 6, 7, 8]].reshape(3, 3)
    got = [np.array(m) for m in FUNCTIONS["action_value"](x, u, p, 0.2, b, V_x, V_xx)]
    expected = [
        l_x[:, 0] + A.T @ V_x,
        l_u[:, 0] + B.T @ V_x,
        np.triu(l_xx + A.T @ V_xx @ A),
        l_ux + B.T @ V_xx @ A,
        np.triu(l_uu + B.T @ V_xx @ B),
    ]
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.reshape(theirs.shape) == pytest.approx(theirs)
