"""The solver of v = f(v, x) and its two adjoints, on a smooth contraction."""

import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.planning.fixed_point import (
    FixedPointError,
    SolveStatus,
    Stopping,
    iterate,
    solve,
)

EXACT = Stopping(tolerance=1e-13, max_iterations=1000)


def contraction(v, x):
    """v [B, 3], x [B, 3]: each sample by itself, |df/dv| <= 0.5."""
    mix = torch.tensor([[0.3, -0.1, 0.1], [0.0, 0.2, 0.3], [-0.2, 0.1, 0.1]], dtype=v.dtype)
    return torch.tanh(v @ mix + x)


def inputs(batch=4):
    generator = torch.Generator().manual_seed(3)
    return torch.randn(batch, 3, dtype=torch.float64, generator=generator).requires_grad_()


def loss(value):
    return (value**3).sum() + value[:, 0].sum()


def test_the_solution_is_a_fixed_point_and_says_how_it_got_there():
    x = inputs()
    result = solve(contraction, torch.zeros_like(x), (x,), EXACT, adjoint="implicit")
    assert result.status is SolveStatus.CONVERGED
    assert result.residual.shape == (4,)
    assert result.residual.max() <= EXACT.tolerance
    assert 5 < result.iterations < 100
    torch.testing.assert_close(result.value, contraction(result.value, x), rtol=0, atol=1e-12)


def test_implicit_gradient_equals_unrolled_gradient_at_convergence():
    gradients = {}
    for adjoint in ("implicit", "unrolled"):
        x = inputs()
        loss(solve(contraction, torch.zeros_like(x), (x,), EXACT, adjoint=adjoint).value).backward()
        gradients[adjoint] = x.grad
    torch.testing.assert_close(gradients["implicit"], gradients["unrolled"], rtol=1e-10, atol=1e-12)


def test_implicit_gradient_equals_central_differences():
    x = inputs()

    def solved_loss(x):
        return loss(solve(contraction, torch.zeros_like(x), (x,), EXACT, adjoint="implicit").value)

    assert torch.autograd.gradcheck(solved_loss, (x,), eps=1e-6, atol=1e-8, rtol=1e-6)


def test_only_the_inputs_that_want_one_get_a_gradient():
    x, scale = inputs(), torch.ones(4, 1, dtype=torch.float64)
    result = solve(
        lambda v, x, s: contraction(s * v, x), 0 * x.detach(), (x, scale), EXACT, adjoint="implicit"
    )
    result.value.sum().backward()
    assert scale.grad is None
    assert torch.isfinite(x.grad).all()


def test_the_cap_is_explicit_and_reported():
    x = inputs().detach()
    result = iterate(lambda v: contraction(v, x), torch.zeros_like(x), Stopping(0.0, 3))
    assert result.status is SolveStatus.MAX_ITERATIONS
    assert result.iterations == 3
    assert (result.residual > 0).all()


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


def test_divergence_is_reported():
    result = iterate(lambda v: v * v * 10, torch.full((2, 1), 3.0), Stopping(0.0, 1000))
    assert result.status is SolveStatus.NOT_FINITE
    assert result.iterations < 20


def test_the_answer_of_a_sample_does_not_depend_on_its_batch():
    x = inputs(6).detach()
    x[0] *= 50  # settles in a few iterations; the others go on without it
    rough = Stopping(1e-4, 1000)
    together = iterate(lambda v: contraction(v, x), torch.zeros_like(x), rough).value
    for k in range(6):
        alone = iterate(
            lambda v, k=k: contraction(v, x[k : k + 1]), torch.zeros(1, 3).double(), rough
        )
        torch.testing.assert_close(alone.value[0], together[k], rtol=0, atol=0)


def test_an_unknown_adjoint_is_refused():
    x = inputs()
    with pytest.raises(ValueError, match="must be one of implicit, unrolled"):
        solve(contraction, x, (x,), EXACT, adjoint="explicit")
