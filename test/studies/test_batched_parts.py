"""The parts of the torch backend: linear algebra, noise, and the printed functions on tensors."""

import numpy as np
import pytest
from test_batched import MODELS, problem_of

torch = pytest.importorskip("torch")


from studies.batched.box import log_det_free, solve
from studies.batched.kernel import correlated
from studies.batched.texts import lane_functions, load_texts


def test_elimination_solves_and_log_det_counts_free_controls_only():
    rng = np.random.default_rng(0)
    for nu in (1, 2, 3, 4):
        root = torch.as_tensor(rng.normal(size=(6, nu, nu)))
        M, right = root @ root.mT + torch.eye(nu), torch.as_tensor(rng.normal(size=(6, nu, 5)))
        found = solve(M.permute(1, 2, 0), right.permute(1, 2, 0)).permute(2, 0, 1)
        assert torch.allclose(found, torch.linalg.solve(M, right), atol=1e-10)
        active = torch.zeros(6, nu, dtype=M.dtype)
        active[:, 0] = -1.0
        assert torch.allclose(log_det_free(M, active), torch.logdet(M[:, 1:, 1:]))


def test_correlated_noise_is_the_recursion():
    white = torch.as_tensor(np.random.default_rng(0).normal(size=(7, 3)))
    xi = [white[0]]
    for e in white[1:]:
        xi.append(0.8 * xi[-1] + 0.6 * e)
    assert torch.allclose(correlated(white, 0.8), torch.stack(xi), atol=1e-12)


def test_the_lane_functions_take_numbers_for_lanes():
    f = lane_functions(torch.float64)
    mask, x = torch.tensor([True, False]), torch.tensor([1.0, 4.0], dtype=torch.float64)
    assert f["select"](mask, 0.1, 0.2).tolist() == [0.1, 0.2]  # not rounded to single precision
    assert f["vmin"](2.0, x).tolist() == [1.0, 2.0]
    assert f["vmax"](x, x * 2).tolist() == [2.0, 8.0]
    assert (f["vmin"](2.0, 3.0), f["sqrt"](4.0)) == (2.0, 2.0)


def test_no_printed_function_adds_zeros():
    """What the numbers are widened with costs an operation each on tensors."""
    seen = []
    texts = load_texts(problem_of(MODELS["omni"][0]), torch.float64)
    assert texts.step.__code__.co_filename == "<batched step>"
    x = [torch.zeros(3, dtype=torch.float64)] * 6
    with _counting(seen):
        texts.step(x, x[:3], (0.2,), {})
    assert len(seen) < 30


def _counting(seen):
    class Counting(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    return Counting()
