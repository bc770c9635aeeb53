"""The free-kernel planners: one module with two adjoints, its gradients, memory and symmetries."""

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.planning.moves import STEPS
from studies.family import FREE_KERNEL, MODELS, free_kernel, settings_of
from studies.family.best_action import best_action
from studies.family.convolution import convolve, in_turn
from studies.family.decision import transitions
from studies.family.free_kernel import free_and_goal
from studies.fixed_point import SolveStatus, Stopping

EXACT = Stopping(1e-12, 3000, relative=True)
CLASSES = ("vin", "gppn", "symvin")
FORMS = [*((name, None) for name in CLASSES), ("vin", 0.9), ("symvin", 0.9), ("gppn", 0.9)]
every_class = pytest.mark.parametrize("name", CLASSES)
every_form = pytest.mark.parametrize(("name", "discount"), FORMS)


def planner(name, *, spread=0.25, seed=0, **changes):
    """A small planner in double precision whose kernel over v is not zero, as it is at first."""
    settings = replace(FREE_KERNEL[name][1], n_hidden=4, n_q=3, **changes)
    generator = torch.Generator().manual_seed(seed)
    model = free_kernel(name, generator, settings).double()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim and not parameter.any():
                kicks = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
                parameter += spread * (2 * kicks - 1) / parameter[0].numel() ** 0.5
    return model


def maps(height=7, width=9, batch=3):
    generator = torch.Generator().manual_seed(4)
    occupied = (torch.rand(batch, height, width, generator=generator) < 0.3).double()
    goals = torch.tensor([[1, 2], [5, 0], [3, 8]])[:batch]
    return occupied, goals


def loss_of(model, n_moves=8):
    plan = model(*maps(), n_moves=n_moves)
    return torch.nn.functional.log_softmax(plan.logits, dim=1)[:, 0].square().mean()


def gradients(model):
    model.zero_grad()
    loss_of(model).backward()
    return {k: p.grad.clone() for k, p in model.named_parameters()}


def test_every_name_makes_a_planner_that_repeats():
    twins = {f"id_{name}" for name in CLASSES}
    assert set(MODELS) == {"structured", "lstm_gppn", *CLASSES, *twins}
    occupied, goals = (x.float() if x.is_floating_point() else x for x in maps())
    for make in MODELS.values():
        first, second = (
            make(torch.Generator().manual_seed(1))(occupied, goals, n_moves=4).logits
            for _ in range(2)
        )
        assert first.shape == (3, 4, 7, 9)
        assert torch.equal(first, second)


@pytest.mark.parametrize("name", [*CLASSES, "lstm_gppn"])
def test_what_lies_beyond_the_map_reads_as_wall(name):
    """The first convolution sees the same in a map and in the same map with a wall round it."""
    model, (occupied, goals) = planner(name), maps()
    alone = model.h(free_and_goal(occupied, goals))
    walled = torch.nn.functional.pad(occupied, (1, 1, 1, 1), value=1.0)
    inside = model.h(free_and_goal(walled, goals + 1))[..., 1:-1, 1:-1]
    torch.testing.assert_close(alone, inside, rtol=0, atol=1e-14)
    open_around = torch.nn.functional.pad(occupied, (1, 1, 1, 1), value=0.0)
    other = model.h(free_and_goal(open_around, goals + 1))[..., 1:-1, 1:-1]
    assert (alone - other).abs().max() > 1e-3


@every_form
def test_explicit_and_implicit_are_the_same_planner_with_another_adjoint(name, discount):
    """At convergence the same values, logits and gradients from the same weights."""
    unrolled = planner(name, stopping=EXACT, discount=discount)
    implicit = planner(f"id_{name}", stopping=EXACT, adjoint_stopping=EXACT, discount=discount)
    implicit.load_state_dict(unrolled.state_dict())
    plans = [model(*maps(), n_moves=4) for model in (unrolled, implicit)]
    assert plans[0].iterations > 5
    assert all(plan.status is SolveStatus.CONVERGED for plan in plans)
    torch.testing.assert_close(plans[0].logits, plans[1].logits, rtol=1e-9, atol=1e-10)
    one, other = gradients(unrolled), gradients(implicit)
    for parameter, gradient in one.items():
        torch.testing.assert_close(gradient, other[parameter], rtol=1e-6, atol=1e-10)
        assert gradient.abs().max() > 0


@pytest.mark.parametrize("adjoint_solver", ["forward", "anderson", "broyden"])
@every_form
def test_implicit_gradient_equals_central_differences(name, discount, adjoint_solver):
    model = planner(
        f"id_{name}",
        stopping=EXACT,
        adjoint_stopping=EXACT,
        adjoint_solver=adjoint_solver,
        discount=discount,
    )
    gradient, eps = gradients(model), 1e-6
    for parameter_name, parameter in model.named_parameters():
        flat = parameter.data.view(-1)
        for k in range(0, flat.numel(), max(1, flat.numel() // 3)):
            old = flat[k].item()
            ends = []
            for value in (old + eps, old - eps):
                flat[k] = value
                with torch.no_grad():
                    ends.append(loss_of(model).item())
            flat[k] = old
            numeric = (ends[0] - ends[1]) / (2 * eps)
            exact = gradient[parameter_name].view(-1)[k].item()
            assert exact == pytest.approx(numeric, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("adjoint", ["unrolled", "implicit"])
@every_class
def test_a_map_is_planned_alike_alone_and_in_a_batch(name, adjoint):
    model = planner(name, adjoint=adjoint, stopping=Stopping(1e-3, 200))
    occupied, goals = maps()
    together = model(occupied, goals, n_moves=8).logits
    for k in range(len(goals)):
        alone = model(occupied[k : k + 1], goals[k : k + 1], n_moves=8).logits[0]
        torch.testing.assert_close(alone, together[k], rtol=1e-11, atol=1e-12)


def saved_bytes(model):
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        plan = model(*maps(), n_moves=4)
    return sum(kept.values()), plan.iterations


@every_class
def test_training_memory_is_flat_in_the_iterations(name):
    def at(adjoint, n_iterations):
        n_bytes, made = saved_bytes(
            planner(name, adjoint=adjoint, stopping=Stopping(0.0, n_iterations))
        )
        assert made == n_iterations
        return n_bytes

    assert at("implicit", 20) == pytest.approx(at("implicit", 5), rel=0.05)
    assert at("unrolled", 20) > 2 * at("unrolled", 5)


TURNS = {
    "quarter turn": lambda x: x.rot90(1, (-2, -1)),
    "half turn": lambda x: x.rot90(2, (-2, -1)),
    "mirror": lambda x: x.flip(-1),
    "other diagonal": lambda x: x.transpose(-2, -1).rot90(2, (-2, -1)),
}


def turned_moves(turn):
    """Where each move points after a turn: seen by turning a 3 x 3 map with one move in it."""
    steps = [tuple(step) for step in STEPS.tolist()]
    target = []
    for row, column in steps:
        grid = torch.zeros(3, 3)
        grid[1 + row, 1 + column] = 1.0
        (where,) = (turn(grid) == 1.0).nonzero().tolist()
        target.append(steps.index((where[0] - 1, where[1] - 1)))
    return target


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("name", ["symvin", "id_symvin"])
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("discount", [None, 0.8])
def test_symvin_turns_with_the_map_policy_included(name, discount, wrap, turn):
    model = planner(name, wrap=wrap, discount=discount)
    occupied, goals = maps()
    marks = torch.zeros_like(occupied)
    marks[torch.arange(3), goals[:, 0], goals[:, 1]] = 1.0
    logits = model(occupied, goals, n_moves=8).logits
    expected = torch.empty_like(turn(logits))
    expected[:, turned_moves(turn)] = turn(logits)
    goals = turn(marks).nonzero()[:, 1:]
    plan = model(turn(occupied), goals, n_moves=8)
    torch.testing.assert_close(plan.logits, expected, rtol=1e-11, atol=1e-13)
    assert logits.std(dim=1).min() > 1e-6  # the moves do differ


def test_vin_does_not_turn_with_the_map():
    """The test above can fail."""
    model, turn = planner("vin"), TURNS["half turn"]
    occupied, _ = maps()
    goals = torch.tensor([[3, 4]] * 3)  # the middle of 7 x 9
    logits = model(occupied, goals, n_moves=8).logits
    expected = torch.empty_like(logits)
    expected[:, turned_moves(turn)] = turn(logits)
    assert (model(turn(occupied), goals, n_moves=8).logits - expected).abs().max() > 1e-3


@every_class
def test_with_wrap_a_shifted_map_has_a_shifted_plan(name):
    occupied, goals = maps()
    shifted = (goals + torch.tensor([2, 4])) % torch.tensor([7, 9])
    for wrap in (True, False):
        model = planner(name, wrap=wrap)
        logits = model(occupied, goals, n_moves=8).logits.roll((2, 4), (2, 3))
        again = model(occupied.roll((2, 4), (1, 2)), shifted, n_moves=8).logits
        assert torch.allclose(again, logits, rtol=1e-10, atol=1e-12) == wrap


@pytest.mark.parametrize("name", ["vin", "symvin"])
def test_with_transitions_f_is_a_contraction_whatever_the_weights(name):
    """|f(v) - f(v')| <= L |v - v'| in the largest norm, and so one fixed point from anywhere."""
    model = planner(f"id_{name}", spread=50.0, discount=0.9, stopping=EXACT)
    occupied, goals = maps()
    x = torch.stack([occupied, (1.0 - occupied)], dim=1)
    inputs = model.inputs(x)
    generator = torch.Generator().manual_seed(8)
    shape = model.start(inputs).shape
    for scale in (1e-3, 1.0, 1e3):
        a, b = (torch.randn(shape, generator=generator).double() * scale for _ in range(2))
        moved = (model.step(a, *inputs) - model.step(b, *inputs)).abs().max()
        assert moved <= 0.9 * (a - b).abs().max() + 1e-12
    plan = model(occupied, goals, n_moves=4)
    assert plan.bound == pytest.approx(0.9)
    assert plan.status is SolveStatus.CONVERGED
    # Banach: ln(1e-12 (1 - L) / 2) / ln L = 290 iterations would do, wherever it starts.
    assert plan.iterations <= 290


def test_transitions_are_probabilities_of_each_action():
    weight = torch.randn(5, 1, 3, 3, generator=torch.Generator().manual_seed(2)).double() * 9
    chances = transitions(weight)
    assert (chances > 0.0).all()
    torch.testing.assert_close(chances.sum(dim=(1, 2, 3)), torch.ones(5).double())
    torch.testing.assert_close(transitions(weight + 3.0), chances)
    assert chances[2].argmax() == weight[2].argmax()


def test_a_decision_process_with_sure_moves_is_dynamic_programming():
    """Reward 1 at the goal alone and actions that go one cell: v falls by the discount a step."""
    model = planner("vin", kernel=3, discount=0.5, wrap=True, stopping=EXACT)
    model.settings = replace(model.settings, n_q=4)
    with torch.no_grad():
        model.w = torch.nn.Parameter(torch.full((4, 1, 3, 3), -50.0, dtype=torch.float64))
        for a, (row, column) in enumerate(STEPS[:4].tolist()):
            model.w[a, 0, 1 + row, 1 + column] = 50.0
        model.h.weight.zero_()
        model.h.bias.zero_()
        model.h.weight[0, 1, 1, 1] = 1.0
        model.r.weight.zero_()
        model.r.weight[0, 0] = 1.0
        model.log_sharpness.fill_(5.0)
    plan = model(torch.zeros(1, 7, 9).double(), torch.tensor([[3, 4]]), n_moves=4)
    row, column = torch.meshgrid(torch.arange(7), torch.arange(9), indexing="ij")
    far = (row - 3).abs() + (column - 4).abs()
    # To arrive pays 1, and from the goal one goes out and in again: v = 0.5 + 0.125 + ... there.
    expected = torch.where(far > 0, 0.5 ** (far - 1.0) * (4 / 3), 2 / 3)
    torch.testing.assert_close(plan.values[0, 0], expected.double())
    left, up = plan.logits[0, :, 3, 6], plan.logits[0, :, 5, 4]
    assert left.argmax() == 1  # west of (3, 6) lies the goal
    assert up.argmax() == 0
    torch.testing.assert_close(left.exp()[1], torch.tensor(1.0).double(), rtol=1e-3, atol=0.0)


@pytest.mark.parametrize("settings", [{"discount": 1.0}, {"discount": 0.9, "kernel": 1}])
def test_no_decision_process_without_discount_or_neighbours(settings):
    with pytest.raises(ValueError, match=next(reversed(settings))):
        planner("vin", **settings)


def test_gppn_maps_the_cube_into_itself():
    model = planner("gppn")
    inputs = model.inputs(torch.rand(2, 2, 6, 6, dtype=torch.float64) * 100)
    v = torch.rand(2, 3, 6, 6, dtype=torch.float64) * 2 - 1
    assert model.step(v, *inputs).abs().max() <= 1.0


@pytest.mark.parametrize("spread", [0.25, 20.0])
def test_a_bounded_gppn_is_a_contraction_whatever_the_weights(spread):
    """|f(v) - f(v')| <= L |v - v'| within the cube, with the L that it states."""
    model = planner("id_gppn", discount=0.9, stopping=EXACT)
    with torch.no_grad():
        model.gates *= spread
        model.candidate *= spread
    occupied, goals = maps()
    inputs = model.inputs(free_and_goal(occupied, goals))
    assert model.bound(*inputs) == 0.9
    generator = torch.Generator().manual_seed(8)
    shape = model.start(inputs).shape
    for scale in (1e-3, 0.3, 1.0):
        a = torch.rand(shape, generator=generator).double() * 2 - 1
        step = (torch.rand(shape, generator=generator).double() * 2 - 1) * scale
        b = (a + step).clamp(-1.0, 1.0)
        moved = (model.step(a, *inputs) - model.step(b, *inputs)).abs().max()
        assert moved <= 0.9 * (a - b).abs().max() + 1e-12
    plan = model(occupied, goals, n_moves=4)
    assert plan.status is SolveStatus.CONVERGED
    assert plan.iterations <= 1 + math.log(EXACT.tolerance) / math.log(0.9)


def test_the_gppn_of_the_first_authors_has_neither_a_twin_nor_a_bound():
    with pytest.raises(ValueError, match="does not see the map"):
        planner("lstm_gppn", adjoint="implicit")
    with pytest.raises(ValueError, match="no form that is a contraction"):
        planner("lstm_gppn", discount=0.9)


def test_a_cell_hears_one_number_of_its_neighbours():
    """A change of the state reaches as far as the kernel does, and elsewhere nothing changes."""
    model = planner("lstm_gppn", kernel=3)
    v = torch.randn(1, 6, 7, 7, dtype=torch.float64)
    other = v.clone()
    other[0, :, 3, 3] += 1.0
    changed = (model.step(v) != model.step(other)).any(dim=1)[0]
    expected = torch.zeros(7, 7, dtype=torch.bool)
    expected[2:5, 2:5] = True
    assert torch.equal(changed, expected)
    # Two changes that send the same message are not told apart.
    other[0, :3, 3, 3] = v[0, :3, 3, 3]
    changed = (model.step(v) != model.step(other)).any(dim=1)[0]
    assert changed.sum() == 1


@every_class
def test_the_jacobian_penalty_repeats_and_pushes_the_feedback_down(name):
    model = planner(f"id_{name}", jacobian_weight=1.0, stopping=EXACT, adjoint_stopping=EXACT)
    penalties = [model(*maps(), n_moves=4).penalty.item() for _ in range(2)]
    assert penalties[0] != penalties[1]  # other signs each time
    model.n_estimates.zero_()
    assert model(*maps(), n_moves=4).penalty.item() == penalties[0]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(20):
        optimizer.zero_grad()
        model(*maps(), n_moves=4).penalty.backward()
        optimizer.step()
    assert model(*maps(), n_moves=4).penalty.item() < 0.8 * min(penalties)
    assert model.eval()(*maps(), n_moves=4).penalty.item() == 0.0


def test_other_numbers_of_moves_are_refused():
    with pytest.raises(ValueError, match="must be 4"):
        planner("vin")(*maps(), n_moves=5)


@every_form
def test_settings_are_read_from_weights(name, discount):
    model = planner(f"id_{name}", discount=discount).float()
    tensors = {key: tensor.numpy() for key, tensor in model.state_dict().items()}
    settings = settings_of(f"id_{name}", tensors)
    assert (settings.n_hidden, settings.n_q, settings.kernel) == (4, 3, 3)
    assert settings.discount == (None if discount is None else pytest.approx(discount))
    again = free_kernel(f"id_{name}", torch.Generator().manual_seed(9), settings)
    again.load_state_dict(model.state_dict())
    occupied, goals = maps()
    plans = [m(occupied.float(), goals, n_moves=4).logits for m in (model, again)]
    assert torch.equal(*plans)
    with pytest.raises(KeyError):
        settings_of("gppn" if name != "gppn" else "vin", tensors)


@pytest.mark.parametrize("wrap", [False, True])
def test_the_best_action_has_the_gradients_of_a_maximum_over_channels(wrap):
    """First and second ones, the latter as a penalty on the Jacobian takes them."""
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(2, 2, 5, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(7, 2, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    results = []
    for best in (
        best_action(x, weight, wrap=wrap),
        convolve(x, weight, wrap=wrap).amax(dim=1, keepdim=True),
    ):
        loss = best.sin().sum()
        first = torch.autograd.grad(loss, (x, weight), retain_graph=True)
        (of_x,) = torch.autograd.grad(loss, x, create_graph=True)
        second = torch.autograd.grad(of_x.square().sum(), (x, weight))
        results.append([best, *first, *second])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_the_best_action_of_numbers_that_ran_away_is_no_number():
    x = torch.zeros(1, 1, 3, 3)
    x[0, 0, 1, 1] = torch.nan
    assert best_action(x, torch.ones(4, 1, 1, 1), wrap=False).isnan().sum() == 1


@pytest.mark.parametrize("wrap", [False, True])
def test_two_convolutions_in_turn_are_one(wrap):
    generator = torch.Generator().manual_seed(3)
    x, first, bias, second = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((2, 2, 5, 6), (8, 2, 3, 3), (8,), (3, 8, 1, 1))
    )
    both = convolve(convolve(x, first, bias, wrap=wrap), second, wrap=wrap)
    one = in_turn(x, first, bias, second, wrap=wrap)
    torch.testing.assert_close(one, both, rtol=1e-12, atol=1e-12)
