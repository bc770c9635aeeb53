"""Fields on tori: against Bellman sweeps, under rolling, and their gradient."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.learning.structured import UNREACHED, edge_costs
from mme_ilqr_ros.planning.field import FieldError, solve_edges
from studies.family import structured
from studies.family.sweeps import edge_bellman, goal_mask, sweeps
from studies.fixed_point import Stopping
from studies.torus import around, exact_on_torus, inner, solve_torus

GOALS = np.array([[0, 8], [5, 3], [2, 0]])


def random_edges(n_moves, seed=0, closed=0.3):
    rng = np.random.default_rng(seed)
    edges = rng.uniform(0.5, 3.0, (3, n_moves, 7, 9))
    return np.where(rng.random(edges.shape) < closed, np.inf, edges)


@pytest.mark.parametrize("n_moves", [4, 8])
def test_values_are_those_of_sweeps(n_moves):
    edges = random_edges(n_moves)
    fields = solve_torus(edges, GOALS)
    finite = torch.from_numpy(np.where(np.isfinite(edges), edges, UNREACHED))
    goal = goal_mask(torch.from_numpy(GOALS), (3, 7, 9))
    values = torch.full((3, 7, 9), UNREACHED, dtype=torch.float64)
    for _ in range(64):
        values = edge_bellman(values, finite, goal, wrap=True)
    np.testing.assert_allclose(
        fields.values, np.where(values.numpy() < UNREACHED, values, np.inf), rtol=1e-12
    )
    assert fields.residual < 1e-12
    assert (fields.values[np.arange(3), GOALS[:, 0], GOALS[:, 1]] == 0.0).all()


def test_with_a_wall_along_two_sides_a_torus_is_a_map():
    rng = np.random.default_rng(1)
    cost = torch.from_numpy(rng.uniform(0.5, 3.0, (1, 8, 8)))
    blocked = torch.zeros(1, 8, 8, dtype=torch.bool)
    blocked[:, 0] = blocked[:, :, 0] = True
    edges = inner(edge_costs(around(cost), around(blocked.double()) > 0.5)).numpy()
    edges = np.where(edges < UNREACHED, edges, np.inf)
    torus = solve_torus(edges, np.array([[3, 3]]))
    np.testing.assert_allclose(torus.values[0], solve_edges(edges[0], (3, 3)).values, rtol=1e-12)


@pytest.mark.parametrize("shift", [(1, 0), (0, 5), (3, -2)])
def test_rolling_the_torus_rolls_the_field(shift):
    edges = random_edges(4)
    rolled = solve_torus(np.roll(edges, shift, axis=(2, 3)), (GOALS + shift) % (7, 9))
    fields = solve_torus(edges, GOALS)
    np.testing.assert_allclose(rolled.values, np.roll(fields.values, shift, (1, 2)), rtol=1e-14)


def test_the_adjoint_is_the_derivative():
    edges, rng = random_edges(4, closed=0.2), np.random.default_rng(2)
    fields = solve_torus(edges, GOALS)
    gradient = rng.standard_normal(fields.values.shape)
    adjoint = fields.edge_adjoint(gradient)
    reached = np.isfinite(fields.values)

    def loss(e):
        return (gradient * solve_torus(e, GOALS).values)[reached].sum()

    for index in map(tuple, np.argwhere(np.isfinite(edges))[::17]):
        up, down = edges.copy(), edges.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        assert (loss(up) - loss(down)) / 2e-6 == pytest.approx(adjoint[index], abs=1e-6)


@pytest.mark.parametrize("adjoint", ["implicit", "unrolled"])
def test_the_structured_model_has_one_gradient_on_a_torus_too(adjoint):
    occupied = (torch.rand(2, 6, 6, generator=torch.Generator().manual_seed(3)) < 0.3).double()
    goals = torch.tensor([[0, 5], [3, 0]])
    model = structured(torch.Generator().manual_seed(4), wrap=True).double()

    def gradients(solve):
        model.zero_grad()
        plan = model(occupied, goals, n_moves=4, solve=solve)
        torch.log_softmax(plan.logits, dim=1)[:, 0].sum().backward()
        return plan.logits.detach(), [p.grad.clone() for p in model.encoder.parameters()]

    swept = sweeps(adjoint, Stopping(1e-12, 200), wrap=True)
    (logits, one), (others, other) = gradients(exact_on_torus), gradients(swept)
    torch.testing.assert_close(logits, others, rtol=1e-9, atol=1e-9)
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("wrap", [True, False])
def test_the_structured_model_rolls_with_its_map_only_where_maps_wrap(wrap):
    generator = torch.Generator().manual_seed(5)
    occupied = (torch.rand(2, 9, 9, generator=generator) < 0.3).double()
    model = structured(generator, wrap=wrap).double()
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        plan = model(occupied, torch.tensor([[1, 2], [8, 0]]), n_moves=8)
        goals = torch.tensor([[1 + 3, 2], [(8 + 3) % 9, 0]])
        rolled = model(occupied.roll(3, 1), goals, n_moves=8)
    assert torch.allclose(rolled.logits, plan.logits.roll(3, 2), rtol=1e-9, atol=1e-9) == wrap


@pytest.mark.parametrize(
    ("edges", "goals", "message"),
    [
        (np.ones((1, 4, 2, 5)), [[0, 0]], "torus of 2 x 5"),
        (np.ones((1, 4, 5, 5)), [[0, 5]], "outside"),
        (np.zeros((1, 4, 5, 5)), [[0, 0]], "> 0"),
    ],
)
def test_what_is_no_torus_is_refused(edges, goals, message):
    with pytest.raises(FieldError, match=message):
        solve_torus(edges, np.array(goals))
