"""Solvers of v = f(v, x) and the two adjoints: a linear case solved by hand, and a smooth one."""

import gc
import weakref

import pytest

torch = pytest.importorskip("torch")

from studies.fixed_point import (
    ADJOINTS,
    SOLVERS,
    FixedPointError,
    SolveStatus,
    Stopping,
    broyden,
    iterate,
    solve,
    squared_jacobian_norm,
    unroll,
)

EXACT = Stopping(tolerance=1e-13, max_iterations=1000)
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)


def contraction(v, x):
    """v [B, 3], x [B, 3]: each sample by itself, |df/dv| <= 0.5."""
    mix = torch.tensor([[0.3, -0.1, 0.1], [0.0, 0.2, 0.3], [-0.2, 0.1, 0.1]], dtype=v.dtype)
    return torch.tanh(v @ mix + x)


def inputs(batch=4):
    generator = torch.Generator().manual_seed(3)
    return torch.randn(batch, 3, dtype=torch.float64, generator=generator).requires_grad_()


def matrix(n=40, norm=0.9):
    """A matrix [n, n] of rank n whose largest singular value and eigenvalue are both `norm`."""
    generator = torch.Generator().manual_seed(5)
    a = torch.randn(n, n, dtype=torch.float64, generator=generator)
    a = a @ a.T / n
    return a * (norm / torch.linalg.matrix_norm(a, 2))


def loss(value):
    return (value**3).sum() + value[:, 0].sum()


@every_solver
def test_the_solution_of_a_linear_contraction_is_known(solver):
    """v = A v + x has the solution (1 - A)^-1 x."""
    a, x = matrix(), torch.randn(3, 40, dtype=torch.float64)
    result = solver(lambda v: v @ a.T + x, torch.zeros_like(x), EXACT)
    assert result.status is SolveStatus.CONVERGED
    assert result.residual.shape == (3,)
    assert result.residual.max() <= EXACT.tolerance
    expected = torch.linalg.solve(torch.eye(40) - a, x.T).T
    torch.testing.assert_close(result.value, expected, rtol=1e-10, atol=1e-11)


@every_solver
@pytest.mark.parametrize("adjoint", ADJOINTS)
def test_the_gradient_of_a_linear_contraction_is_known(solver, adjoint):
    """dl/dx = (1 - A)^-T dl/dv."""
    a = matrix()
    x = torch.randn(3, 40, dtype=torch.float64).requires_grad_()
    result = solve(
        lambda v, x: v @ a.T + x,
        torch.zeros_like(x),
        (x,),
        EXACT,
        adjoint=adjoint,
        solver=solver,
        adjoint_solver=solver,
    )
    result.value.square().sum().backward()
    expected = torch.linalg.solve(torch.eye(40) - a.T, 2 * result.value.detach().T).T
    torch.testing.assert_close(x.grad, expected, rtol=1e-9, atol=1e-10)


def test_plain_iteration_falls_by_the_factor_of_contraction():
    """Banach: |v_k - v*| <= L^k |v_0 - v*|, here in the 2-norm."""
    a, x = matrix(norm=0.8), torch.randn(1, 40, dtype=torch.float64)
    fixed = iterate(lambda v: v @ a.T + x, torch.zeros_like(x), EXACT).value
    for k in (1, 5, 20):
        value = unroll(lambda v: v @ a.T + x, torch.zeros_like(x), Stopping(0.0, k)).value
        assert (value - fixed).norm() <= 0.8**k * fixed.norm() + 1e-12


def test_acceleration_saves_evaluations_where_f_is_smooth():
    a, x = matrix(norm=0.98), torch.randn(2, 40, dtype=torch.float64)
    stopping = Stopping(1e-8, 5000)
    count = {
        name: solver(lambda v: v @ a.T + x, torch.zeros_like(x), stopping).iterations
        for name, solver in SOLVERS.items()
    }
    assert count["anderson"] < 0.7 * count["forward"]
    assert count["broyden"] < 0.7 * count["forward"]


@every_solver
def test_implicit_gradient_equals_central_differences(solver):
    x = inputs()

    def solved_loss(x):
        v0 = torch.zeros_like(x)
        options = {"adjoint": "implicit", "solver": solver, "adjoint_solver": solver}
        return loss(solve(contraction, v0, (x,), EXACT, **options).value)

    assert torch.autograd.gradcheck(solved_loss, (x,), eps=1e-6, atol=1e-8, rtol=1e-6)


def test_implicit_gradient_equals_unrolled_gradient_at_convergence():
    gradients = {}
    for adjoint in ADJOINTS:
        x = inputs()
        loss(solve(contraction, torch.zeros_like(x), (x,), EXACT, adjoint=adjoint).value).backward()
        gradients[adjoint] = x.grad
    torch.testing.assert_close(gradients["implicit"], gradients["unrolled"], rtol=1e-10, atol=1e-12)


def test_only_the_inputs_that_want_one_get_a_gradient():
    x, scale = inputs(), torch.ones(4, 1, dtype=torch.float64)
    result = solve(
        lambda v, x, s: contraction(s * v, x), 0 * x.detach(), (x, scale), EXACT, adjoint="implicit"
    )
    result.value.sum().backward()
    assert scale.grad is None
    assert torch.isfinite(x.grad).all()


@every_solver
def test_the_cap_is_explicit_and_reported(solver):
    x = inputs().detach()
    result = solver(lambda v: contraction(v, x), torch.zeros_like(x), Stopping(0.0, 3))
    assert result.status is SolveStatus.MAX_ITERATIONS
    assert result.iterations == 3
    assert (result.residual > 0).all()


def test_unrolling_returns_the_last_layer():
    x = inputs().detach()
    result = unroll(lambda v: 2.0 * v + x, torch.zeros_like(x), Stopping(0.0, 4))
    torch.testing.assert_close(result.value, 15.0 * x)  # x (1 + 2 + 4 + 8)
    assert result.status is SolveStatus.MAX_ITERATIONS


@every_solver
def test_without_contraction_the_last_iterate_comes_back_and_says_so(solver):
    """A spiral outwards, bent back far out: the start has the lowest residual and is not taken."""
    turn = torch.tensor([[0.0, 1.6], [-1.6, 0.0]], dtype=torch.float64)
    seen = []

    def spiral(v):
        image = v @ turn + torch.sin(7.0 * v) + 0.3
        seen.append((v, (image - v).abs().amax(dim=1)))
        return image

    v0 = torch.tensor([[0.1, 0.0], [3.0, -2.0]], dtype=torch.float64)
    result = solver(spiral, v0, Stopping(1e-13, 9))
    assert result.status is SolveStatus.MAX_ITERATIONS
    assert not result.converged.any()
    assert result.iterations == len(seen) == 9
    assert torch.equal(result.value, seen[-1][0])
    assert torch.equal(result.residual, seen[-1][1])
    assert not torch.equal(result.value, v0)


def test_a_solve_that_runs_away_never_converges():
    """f(v) = 1.01 v + 1: |f(v) - v| / |f(v)| would fall to 0.01 far out."""
    result = iterate(lambda v: 1.01 * v + 1.0, torch.zeros(1, 1), Stopping(0.05, 2000, True))
    assert result.status is SolveStatus.MAX_ITERATIONS
    assert result.residual.item() > 1.0


@pytest.mark.parametrize("cap", [1, 2, 7])
@pytest.mark.parametrize("norm", [0.9, 1.1])
def test_a_plain_adjoint_that_is_cut_off_is_the_partial_sum(norm, cap):
    """w = sum over k < K of (A^T)^k dl/dv, whether the whole sum is finite or not."""
    a = matrix(norm=norm)
    x, seen = torch.randn(2, 40, dtype=torch.float64).requires_grad_(), []
    result = solve(
        lambda v, x: v @ a.T + x,
        torch.zeros_like(x),
        (x,),
        Stopping(1e-13, 50),
        adjoint="implicit",
        adjoint_stopping=Stopping(1e-13, cap),
        on_adjoint=seen.append,
    )
    loss_gradient = torch.randn(2, 40, dtype=torch.float64)
    result.value.backward(loss_gradient)
    terms = [loss_gradient]
    for _ in range(cap - 1):
        terms.append(terms[-1] @ a)
    torch.testing.assert_close(x.grad, sum(terms), rtol=1e-12, atol=1e-12)
    assert seen[0].status is SolveStatus.MAX_ITERATIONS


def test_which_samples_converged_is_known():
    factors = torch.tensor([[0.5], [1.0], [2.0]])
    result = iterate(lambda v: factors * v + 1.0, torch.zeros(3, 1), Stopping(1e-6, 100))
    assert result.converged.tolist() == [True, False, False]
    assert result.status is SolveStatus.MAX_ITERATIONS


@every_solver
def test_divergence_is_reported_and_stays_with_its_sample(solver):
    v0 = torch.tensor([[3.0], [0.05]])  # 10 v^2 runs away above v = 0.1 and falls to 0 below
    result = solver(lambda v: v * v * 10, v0, Stopping(1e-6, 1000))
    if solver is iterate:
        assert result.status is SolveStatus.NOT_FINITE
        assert not result.residual[0] <= 1e-6
    assert torch.isfinite(result.value).all()
    assert result.residual[1] <= 1e-6
    assert result.iterations < 60


@every_solver
def test_the_answer_of_a_sample_does_not_depend_on_its_batch(solver):
    x = inputs(6).detach()
    x[0] *= 50  # settles in a few iterations; the others go on without it
    rough = Stopping(1e-4, 1000)
    together = solver(lambda v: contraction(v, x), torch.zeros_like(x), rough)
    for k in range(6):
        alone = solver(
            lambda v, k=k: contraction(v, x[k : k + 1]), torch.zeros(1, 3).double(), rough
        )
        # Not always bitwise: the small linear algebra may round differently in another batch.
        torch.testing.assert_close(alone.value[0], together.value[k], rtol=0, atol=1e-13)
        torch.testing.assert_close(alone.residual[0], together.residual[k], rtol=1e-8, atol=1e-13)


def test_a_relative_residual_does_not_know_the_scale():
    a, x = matrix(), torch.randn(2, 40, dtype=torch.float64)
    x[1] = 1e-9 * x[0]
    result = iterate(lambda v: v @ a.T + x, torch.zeros_like(x), Stopping(1e-3, 500, relative=True))
    torch.testing.assert_close(result.value[1], 1e-9 * result.value[0], rtol=1e-12, atol=0)
    assert result.iterations > 20
    nothing = iterate(lambda v: 0.5 * v, torch.zeros(2, 3), Stopping(1e-3, 500, relative=True))
    assert nothing.status is SolveStatus.CONVERGED  # 0 = f(0): no division of 0 by 0


def test_an_adjoint_that_did_not_converge_is_never_silent():
    x = inputs()
    arguments = (contraction, torch.zeros_like(x), (x,), EXACT)
    result = solve(*arguments, adjoint="implicit", adjoint_stopping=Stopping(1e-13, 2))
    with pytest.raises(FixedPointError, match="adjoint not converged"):
        result.value.sum().backward()
    seen = []
    result = solve(
        *arguments,
        adjoint="implicit",
        adjoint_stopping=Stopping(1e-13, 2),
        on_adjoint=seen.append,
    )
    result.value.sum().backward()
    assert [(s.status, s.iterations) for s in seen] == [(SolveStatus.MAX_ITERATIONS, 2)]


def saved_bytes(adjoint, n_iterations):
    """Bytes of the distinct tensors that autograd keeps between forward and backward."""
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x = inputs()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = solve(
            contraction, torch.zeros_like(x), (x,), Stopping(0.0, n_iterations), adjoint=adjoint
        )
    assert result.iterations == n_iterations
    return sum(kept.values())


def test_memory_of_the_implicit_adjoint_is_flat_in_the_iterations():
    assert saved_bytes("implicit", 3) == saved_bytes("implicit", 12) > 0
    assert saved_bytes("unrolled", 12) > 3 * saved_bytes("unrolled", 3)


def test_broyden_keeps_a_limited_number_of_values():
    alive = weakref.WeakSet()
    most = 0

    def f(v):
        nonlocal most
        most = max(most, len(alive))
        image = torch.tanh(v @ matrix(norm=1.3).T) + 0.1
        alive.update((v, image))
        return image

    broyden(f, torch.zeros(1, 40, dtype=torch.float64), Stopping(0.0, 60), memory=4)
    assert most < 12


@pytest.mark.parametrize("adjoint", ADJOINTS)
def test_nothing_stays_behind_after_a_backward_pass(adjoint):
    """Freed by reference counts alone: no circle of graph, context and closure."""
    gc.collect()
    gc.disable()
    try:
        x = inputs()
        result = solve(contraction, torch.zeros_like(x), (x,), EXACT, adjoint=adjoint)
        value = weakref.ref(result.value)
        loss(result.value).backward()
        del result
        assert value() is None
    finally:
        gc.enable()


def test_jacobian_norm_is_estimated_without_bias_and_has_a_gradient():
    a = matrix(8).requires_grad_()
    value = torch.randn(400, 8, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    estimate = squared_jacobian_norm(lambda v, a: v @ a.T, value, (a,), generator)
    assert estimate.item() == pytest.approx(a.square().sum().item() / 8, rel=0.1)
    (gradient,) = torch.autograd.grad(estimate, a)
    torch.testing.assert_close(gradient, 2 * a.detach() / 8, rtol=0.3, atol=0.03)


def test_an_unknown_adjoint_is_refused():
    x = inputs()
    with pytest.raises(ValueError, match="must be one of implicit, unrolled"):
        solve(contraction, x, (x,), EXACT, adjoint="explicit")
