"""Costs learned from layers: symmetry, bounds, and exact gradients of costs of cells and edges."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.learning.encoders import _RINGS
from mme_ilqr_ros.learning.structured import StructuredIDVIN, edges_of, exact
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS
from studies.family.sweeps import sweeps
from studies.tasks.demonstrated import anchor_loss
from studies.tasks.lane_encoder import LaneEncoder
from studies.tasks.layer_network import ring_index
from studies.tasks.terrain_encoder import TerrainEncoder

N_LAYERS = 2
KINDS = (TerrainEncoder, LaneEncoder)


def encoder(kind, seed=0):
    generator = torch.Generator().manual_seed(seed)
    model = kind(generator, N_LAYERS, n_channels=6).double()
    with torch.no_grad():  # away from the kinks of relu at biases of exactly 0
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model


def batch(n=2, height=11, width=11, seed=1):
    rng = np.random.default_rng(seed)
    occupied = rng.random((n, height, width)) < 0.2
    occupied[:, 1, 1] = False
    layers = rng.normal(size=(n, N_LAYERS, height, width)) * ~occupied[:, None]
    goals = torch.ones((n, 2), dtype=torch.int64)
    return torch.from_numpy(occupied).double(), torch.from_numpy(layers), goals


def move_after(turn):
    """Return [8] the index of each move after the change `turn` of a displacement (row, column)."""
    steps = [tuple(step) for step in STEPS.tolist()]
    return [steps.index(turn(*step)) for step in steps]


def test_a_symmetric_kernel_has_one_weight_for_each_distance_class():
    assert ring_index(3).tolist() == _RINGS.tolist()
    index = ring_index(7)
    assert index.max() == 9
    np.testing.assert_array_equal(index, np.rot90(index))
    np.testing.assert_array_equal(index, index[::-1])


def test_turning_or_mirroring_the_map_turns_or_mirrors_the_cost_of_places():
    occupied, layers, _ = batch(height=12, width=17)
    model = encoder(TerrainEncoder)
    cost = model(occupied, layers)
    for change in (lambda x: x.rot90(1, (-2, -1)), lambda x: x.flip(-1), lambda x: x.flip(-2)):
        torch.testing.assert_close(model(change(occupied), change(layers)), change(cost))


def test_turning_the_map_turns_the_costs_of_directions_and_mirroring_it_does_not():
    occupied, layers, _ = batch(height=12, width=17)
    model = encoder(LaneEncoder)
    cost = model(occupied, layers)
    # rot90 takes the upper right corner to the upper left: a move (row, column) to (-column, row).
    turned = torch.empty_like(cost)
    turned[:, move_after(lambda row, column: (-column, row))] = cost
    quarter = model(occupied.rot90(1, (-2, -1)), layers.rot90(1, (-2, -1)))
    torch.testing.assert_close(quarter, turned.rot90(1, (-2, -1)))

    mirrored = torch.empty_like(cost)
    mirrored[:, move_after(lambda row, column: (row, -column))] = cost
    other = model(occupied.flip(-1), layers.flip(-1))
    assert (other - mirrored.flip(-1)).abs().max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_beyond_the_map_is_blocked_so_moving_the_map_moves_the_cost(kind):
    occupied, layers, _ = batch(1, 9, 11)
    wide, wide_layers = torch.ones(1, 20, 25).double(), torch.zeros(1, N_LAYERS, 20, 25).double()
    wide[:, 4:13, 7:18] = occupied
    wide_layers[:, :, 4:13, 7:18] = layers
    model = encoder(kind)
    moved = model(wide, wide_layers)[..., 4:13, 7:18]
    torch.testing.assert_close(moved, model(occupied, layers))


@pytest.mark.parametrize("kind", KINDS)
def test_costs_keep_within_their_bound(kind):
    occupied, layers, _ = batch()
    model = encoder(kind)
    log_cost = model(occupied, 1e6 * layers)
    assert log_cost.abs().max() <= model.bound
    assert log_cost.abs().max() > 0.99 * model.bound


def test_one_cost_for_all_directions_is_a_cost_of_edges():
    """With a constant log cost, cells and edges price every legal move alike."""
    occupied, _, _ = batch()
    cells = edges_of(torch.full_like(occupied, 0.7), occupied > 0.5, 8)
    edges = edges_of(torch.full((2, 8, 11, 11), 0.7).double(), occupied > 0.5, 8)
    torch.testing.assert_close(cells, edges)
    straight = cells[0, 0][cells[0, 0] < 1e30]
    torch.testing.assert_close(straight, torch.full_like(straight, LENGTHS[0] * np.exp(0.7)))


def loss_of(planner, solve):
    occupied, layers, goals = batch()
    plan = planner(occupied, goals, layers=layers, mask=True, n_moves=8, solve=solve)
    weights = torch.linspace(0.5, 1.5, plan.values.numel()).double().view_as(plan.values)
    reached = plan.values < 1e20
    spent = torch.where(plan.regrets < 1e4, plan.regrets, 0.0).sum()
    return (plan.values * weights)[reached].sum() + 0.1 * spent


def gradients(planner, solve):
    planner.zero_grad()
    loss_of(planner, solve).backward()
    return {k: p.grad.clone() for k, p in planner.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("kind", KINDS)
def test_all_three_adjoints_give_the_same_gradient(kind):
    planner = StructuredIDVIN(encoder(kind))
    expected = gradients(planner, exact)
    assert len(expected) >= 6
    for adjoint in ("implicit", "unrolled"):
        for name, gradient in gradients(planner, sweeps(adjoint)).items():
            torch.testing.assert_close(gradient, expected[name], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_the_exact_gradient_equals_central_differences(kind):
    planner, eps = StructuredIDVIN(encoder(kind)), 1e-6
    gradient = gradients(planner, exact)
    for name, parameter in planner.encoder.named_parameters():
        flat = parameter.data.view(-1)
        for k in range(0, flat.numel(), max(1, flat.numel() // 6)):
            old = flat[k].item()
            with torch.no_grad():
                flat[k] = old + eps
                up = loss_of(planner, exact).item()
                flat[k] = old - eps
                down = loss_of(planner, exact).item()
                flat[k] = old
            numeric = (up - down) / (2 * eps)
            assert gradient[f"encoder.{name}"].view(-1)[k].item() == pytest.approx(
                numeric, rel=1e-3, abs=1e-6
            )


def test_the_anchor_counts_free_cells_of_each_map():
    log_cost = torch.tensor([[[1.0, 3.0], [9.0, 9.0]], [[-2.0, -2.0], [-2.0, -2.0]]])
    blocked = torch.tensor([[[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    assert anchor_loss(log_cost, blocked).item() == pytest.approx((2.0**2 + 2.0**2) / 2)
    edges = log_cost[:, None].expand(-1, 8, -1, -1)
    assert anchor_loss(edges, blocked).item() == pytest.approx(4.0)
