"""The learned planner: gradients through the encoder, symmetry, numpy against torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.learning.encoders import ClearanceEncoder, CostEncoder
from mme_ilqr_ros.learning.structured import StructuredIDVIN, exact
from mme_ilqr_ros.planning.cost_model import ClearanceTable, WallCost
from mme_ilqr_ros.planning.weights import WeightsError
from mme_ilqr_ros.training.tasks.mazes import generate_mazes
from mme_ilqr_ros.training.tasks.navigation import imitation_loss, push_loss
from studies.family.sweeps import sweeps


def model(seed=0, c_max=100.0):
    generator = torch.Generator().manual_seed(seed)
    return StructuredIDVIN(CostEncoder(generator, n_channels=4, c_max=c_max)).double()


def batch():
    rng = np.random.default_rng(11)
    mazes = generate_mazes(3, 9, rng)
    # Shades in place of 0 and 1: paths of equal cost would be kinks without a gradient.
    shades = mazes.occupied + rng.uniform(-0.2, 0.2, mazes.occupied.shape)
    return (
        torch.from_numpy(shades),
        torch.from_numpy(mazes.goals),
        torch.from_numpy(mazes.labels()).double(),
    )


def loss_of(planner, solve, n_moves=4):
    occupied, goals, labels = batch()
    plan = planner(occupied, goals, n_moves=n_moves, solve=solve)
    if n_moves == 8:  # the labels know four moves; any loss of the values will do
        return (plan.values * torch.linspace(0, 1, plan.values[0].numel()).view(9, 9)).sum()
    return imitation_loss(plan.logits, labels) + 0.03 * push_loss(plan.log_cost, labels)


def gradients(planner, solve, n_moves=4):
    planner.zero_grad()
    loss_of(planner, solve, n_moves).backward()
    return {k: p.grad.clone() for k, p in planner.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("n_moves", [4, 8])
def test_all_three_adjoints_give_the_same_gradient(n_moves):
    planner = model()
    expected = gradients(planner, exact, n_moves)
    assert set(expected) >= {"encoder.first.rings", "encoder.second.rings", "encoder.head"}
    for adjoint in ("implicit", "unrolled"):
        for name, gradient in gradients(planner, sweeps(adjoint), n_moves).items():
            torch.testing.assert_close(gradient, expected[name], rtol=1e-8, atol=1e-10)


def test_gradient_through_the_encoder_equals_central_differences():
    planner, eps = model(), 1e-6
    gradient = gradients(planner, exact)
    for name, parameter in planner.named_parameters():
        flat = parameter.data.view(-1)
        for k in range(0, flat.numel(), 5):
            old = flat[k].item()
            with torch.no_grad():
                flat[k] = old + eps
                up = loss_of(planner, exact).item()
                flat[k] = old - eps
                down = loss_of(planner, exact).item()
                flat[k] = old
            numeric = (up - down) / (2 * eps)
            assert gradient[name].view(-1)[k].item() == pytest.approx(numeric, rel=1e-5, abs=1e-7)


def test_turning_or_mirroring_the_map_turns_or_mirrors_the_cost():
    encoder = model().encoder
    blocked = torch.rand(1, 12, 17, generator=torch.Generator().manual_seed(1)).double().round()
    cost = encoder(blocked)
    for turned, expected in (
        (blocked.rot90(1, (1, 2)), cost.rot90(1, (1, 2))),
        (blocked.flip(1), cost.flip(1)),
        (blocked.transpose(1, 2), cost.transpose(1, 2)),
    ):
        torch.testing.assert_close(encoder(turned), expected, rtol=1e-12, atol=1e-12)


def test_beyond_the_map_is_blocked_so_moving_the_map_moves_the_cost():
    encoder = model().encoder
    blocked = torch.rand(1, 9, 11, generator=torch.Generator().manual_seed(2)).double().round()
    wide = torch.ones(1, 20, 25).double()
    wide[:, 4:13, 7:18] = blocked
    torch.testing.assert_close(encoder(wide)[:, 4:13, 7:18], encoder(blocked))


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (300, 7), (130, 401)])
def test_numpy_encoder_equals_torch(shape):
    generator = torch.Generator().manual_seed(5)
    encoder = CostEncoder(generator)
    tensors = {k: v.numpy() for k, v in encoder.state_dict().items()}
    blocked = np.random.default_rng(0).random(shape) < 0.4
    expected = encoder.double()(torch.from_numpy(blocked)[None].double())[0].detach().numpy()
    log_cost = np.log(WallCost(tensors).of_cells(blocked))
    np.testing.assert_allclose(log_cost, expected, atol=1e-5)  # float32 against float64


def test_numpy_encoder_refuses_tensors_that_do_not_fit():
    tensors = {k: v.numpy() for k, v in CostEncoder(torch.Generator()).state_dict().items()}
    with pytest.raises(WeightsError, match="lack the tensor"):
        WallCost({k: v for k, v in tensors.items() if k != "first.rings"})
    with pytest.raises(WeightsError, match="shape"):
        WallCost({**tensors, "first.bias": np.zeros(3)})
    with pytest.raises(WeightsError, match="not finite"):
        WallCost({**tensors, "head": np.full_like(tensors["head"], np.nan)})


def test_the_table_of_clearance_in_numpy_equals_torch():
    encoder = ClearanceEncoder(torch.Generator().manual_seed(1), furthest=3.0, n_knots=7)
    with torch.no_grad():
        encoder.steps += torch.linspace(-1.0, 3.0, 6)
    model = ClearanceTable({k: v.numpy() for k, v in encoder.state_dict().items()})
    gap = np.linspace(-1.5, 5.0, 200).reshape(10, 20)
    layers = torch.from_numpy(gap)[None, None]
    log_cost = encoder.double()(torch.zeros(1, 10, 20).double(), layers)[0].detach().numpy()
    np.testing.assert_allclose(np.log(model.at(gap)), log_cost, atol=1e-6)
