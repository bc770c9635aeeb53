"""The torch backend against the kernel, and many robots against one by one."""

import dataclasses
import sys
import time

import casadi as ca
import numpy as np
import pytest
from one_robot import OneRobot, one_robot

torch = pytest.importorskip("torch")


from mme_ilqr_ros.control.costs import GoalCost, Penalty, Reference
from mme_ilqr_ros.control.kernel import (
    Barrier,
    CompiledKernel,
    KernelError,
    StageData,
    World,
)
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.models import (
    ControlLimits,
    RobotModel,
    ackermann,
    differential_drive,
    omnidirectional,
)
from studies.batched import BatchedKernel, clearance, kernel

torch.set_num_threads(1)
SETTINGS = in_own_units(ControllerSettings())
MODELS = {
    "diff_drive": (differential_drive(), (-0.2, -1.5), (1.0, 1.5), (2.5, 5.0)),
    "omni": (omnidirectional(), (-0.2, -0.5, -1.5), (1.0, 0.5, 1.5), (2.5, 2.0, 5.0)),
    "ackermann": (ackermann(0.4), (-0.2, -0.5), (1.0, 0.5), (2.5, 1.0)),
}
CIRCLES = np.array([[1.2, 0.1, 0.4, 0.0, 0.0], [2.0, -1.0, 0.3, 0.0, 0.3], [9.0, 0, 0.2, 0, 0]])


@dataclasses.dataclass(frozen=True)
class GoalAndEffort(GoalCost):
    effort: float = 0.1

    def stage(self, x, u, ref):
        return [*super().stage(x, u, ref), Penalty(self.effort, u, ca.sumsqr)]


COST = GoalAndEffort(goal_width=0.3, goal_weight=0.5, terminal_goal_weight=5.0)


def parameters_of(problem, n_stages, x, y):
    return problem.parameters(Reference(problem.model, 0.2, x, y), n_stages, COST)


def problem_of(model):
    return Problem(model, GoalAndEffort())


def world(energy, everything=True):
    """What stands is charged at rest, by the energy of the controls, and at contact."""
    at_contact = {"standing": 0.05, "contact": -0.02, "stiffness": 40.0}
    if not everything:
        barrier = Barrier(0.1, 0.03, 0.3, 0.23, 0.4, **at_contact)
        return World(CIRCLES, None, barrier, energy=energy)
    blocked = np.zeros((20, 30), dtype=bool)
    blocked[12:15, 5:9] = True
    field = build_distance_field(blocked, 0.1, Pose(-0.4, 0.2, 0.6), 1.0)
    values = np.random.default_rng(7).uniform(0.0, 5.0, size=(12, 15))
    goal = CostToGo(values, 0.25, Pose(-0.5, -0.8, 0.3))
    barrier = Barrier(0.1, 0.03, 0.3, 0.23, **at_contact)
    return World(CIRCLES, field, barrier, goal, (0.02, 0.3), energy)


def given(name, n_stages=20, n_modes=11, seed=0, everything=True):
    """(problem, x0, controls, data) of one kind of robot; some controls start outside the box."""
    model, lower, upper, rate = MODELS[name]
    problem, rng = problem_of(model), np.random.default_rng(seed)
    parameters = parameters_of(problem, n_stages, 3.0, 0.4)
    parameters *= rng.uniform(0.9, 1.1, size=(n_stages + 1, 1))
    surroundings = world(np.array([1.5, 0.9, 0.05])[: model.nu], everything)
    data = StageData(parameters, 0.2, ControlLimits(lower, upper, rate), surroundings)
    U = rng.uniform(1.2 * np.array(lower), 1.2 * np.array(upper), (n_modes, n_stages, model.nu))
    return problem, rng.uniform(-0.1, 0.3, model.nx), U, data


@pytest.fixture(scope="module")
def kernels():
    """The kernel's text on numpy, and the batched kernel, of every robot, made once.

    Not the compiled one: its fast mathematics may decide a tie the other way.
    """
    made = {}

    def of(name):
        if name not in made:
            problem = problem_of(MODELS[name][0])
            made[name] = one_robot(problem, "python"), OneRobot(BatchedKernel(problem))
        return made[name]

    return of


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("everything", [True, False], ids=["field and value", "circles"])
def test_it_finds_what_the_kernel_finds(name, everything, kernels):
    # Seed 0 has a step length that rounding decides, and from there on another plan.
    _, x0, U, data = given(name, seed=2, everything=everything)
    reference, batched = kernels(name)
    for expected, got in (
        (reference.optimise(x0, U, data, 4), batched.optimise(x0, U, data, 4)),
        (reference.policies(x0, U, data), batched.policies(x0, U, data)),
    ):
        for field, value in vars(expected).items():
            assert getattr(got, field) == pytest.approx(value, rel=1e-8, abs=1e-7), field
    p, rng = reference.policies(x0, U, data), np.random.default_rng(1)
    assert batched.distances(p.X, data) == pytest.approx(reference.distances(p.X, data))
    noise = rng.integers(0, len(U), 9), rng.standard_normal((9, *U.shape[1:])), 0.4, 0.9
    drawn = [k.sample(p, *noise, data) for k in (reference, batched)]
    assert drawn[1] == pytest.approx(drawn[0], abs=1e-7)


def test_every_control_keeps_the_limits_and_nan_becomes_a_bound(kernels):
    _, x0, U, data = given("diff_drive")
    U[0] = np.nan
    found = kernels("diff_drive")[1].optimise(x0, U, data, 3)
    assert np.all(np.array(data.limits.lower) <= found.U)
    assert np.all(np.array(data.limits.upper) >= found.U)
    change = np.abs(found.U - found.X[:, :-1, 3:])
    assert np.all(change <= data.dt * np.array(data.limits.rate) + 1e-12)


def test_single_precision_finds_the_same_plans(kernels):
    _, x0, U, data = given("diff_drive")
    problem = kernels("diff_drive")[0].problem
    single = OneRobot(BatchedKernel(problem, dtype=np.float32)).optimise(x0, U, data, 60)
    double = kernels("diff_drive")[1].optimise(x0, U, data, 60)
    assert np.sort(single.costs)[:4] == pytest.approx(np.sort(double.costs)[:4], rel=2e-3)


def test_a_deadline_in_the_past_leaves_the_starts_as_they_are(kernels):
    _, x0, U, data = given("diff_drive")
    found = kernels("diff_drive")[1].optimise(x0, U, data, 5, deadline=time.perf_counter() - 1.0)
    assert found.iterations == 0


def test_circles_in_blocks_of_any_size_cost_the_same(kernels, monkeypatch):
    _, x0, U, data = given("omni")
    expected = kernels("omni")[1].optimise(x0, U, data, 3).costs
    monkeypatch.setitem(clearance.BLOCK, "cpu", 1)
    assert kernels("omni")[1].optimise(x0, U, data, 3).costs == pytest.approx(expected, rel=1e-9)


def robots():
    """Four robots: different places, goals, and numbers of circles."""
    problem = standard_problem(settings=SETTINGS)
    rng, data = np.random.default_rng(3), []
    x0 = rng.uniform(-0.2, 0.4, size=(4, problem.model.nx))
    for n_circles in (0, 1, 3, 2):
        circles = np.zeros((n_circles, 5))
        circles[:, :2] = rng.uniform(1.0, 3.0, size=(n_circles, 2))
        circles[:, 2] = rng.uniform(0.2, 0.4, n_circles)
        goal = rng.uniform(3.0, 6.0, size=2)
        data.append(stage_data(problem, SETTINGS, goal, circles, None))
    return problem, x0, data


def test_a_batch_of_robots_drives_like_its_robots_one_by_one():
    """Same seeds, same plans, whoever else is in the batch; and those of the compiled kernel."""
    problem, x0, data = robots()
    mme = dataclasses.replace(SETTINGS.mme, n_iterations=4)
    batched = BatchedKernel(problem)
    together, alone = MmeIlqr(batched, mme, range(4)), MmeIlqr(batched, mme, [2])
    compiled = MmeIlqr(CompiledKernel(problem), mme, range(4))
    for _ in range(3):
        modes = together.cycle(x0, data, 0.1, 0.21)
        (second,) = alone.cycle(x0[2:3], data[2:3], 0.1, 0.21)
        assert second.costs == pytest.approx(modes[2].costs, rel=1e-9)
        for got, expected in zip(modes, compiled.cycle(x0, data, 0.1, 0.21), strict=True):
            assert got.costs == pytest.approx(expected.costs, rel=1e-6)
            assert got.weights == pytest.approx(expected.weights, abs=1e-6)
            assert got.chosen == expected.chosen
        x0 = x0 + 0.5 * (np.stack([m.states[m.chosen, 1] for m in modes]) - x0)


def test_robots_that_cannot_share_a_batch_are_told_why():
    problem, _, data = robots()
    other = dataclasses.replace(data[1], dt=0.1)
    with pytest.raises(ValueError, match="the same stage duration"):
        BatchedKernel(problem).distances(np.zeros((2, 1, 21, 5)), [data[0], other])
    world = dataclasses.replace(data[0].world, discs=np.array([[-0.2, 0.0], [0.2, 0.0]]))
    long = dataclasses.replace(data[0], world=world)
    with pytest.raises(ValueError, match="round robots only"):
        BatchedKernel(problem).distances(np.zeros((1, 1, 21, 5)), [long])


def test_devices_and_precisions_that_are_not_there_are_named(monkeypatch):
    problem = problem_of(MODELS["omni"][0])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device, message in (("cuda", "finds no CUDA GPU"), ("abacus", "must be cpu or cuda")):
        with pytest.raises(KernelError, match=f"device '{device}': .*{message}"):
            BatchedKernel(problem, device)
    with pytest.raises(KernelError, match="precision 'int64'"):
        BatchedKernel(problem, dtype=np.int64)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_finds_what_the_cpu_finds(kernels):
    problem, x0, U, data = given("diff_drive")
    expected = kernels("diff_drive")[1].optimise(x0, U, data, 6)
    got = OneRobot(BatchedKernel(problem, "cuda")).optimise(x0, U, data, 6)
    assert got.costs == pytest.approx(expected.costs, rel=1e-8)


def test_an_iteration_keeps_to_its_device_and_never_waits_for_it(monkeypatch):
    """On a device that holds no numbers at all: a tensor left on the CPU or a look would fail."""
    problem, x0, U, data = given("diff_drive")
    monkeypatch.setattr(kernel, "_device", torch.device)
    nowhere = BatchedKernel(problem, "meta")
    task = nowhere._task_of([data], len(U))
    state = nowhere._start(task, x0[None], U[None])
    ones = torch.ones_like(state[2])
    lanes = torch.zeros_like(ones), ones, ones.to(torch.bool), len(U)
    after = nowhere._improve(task, *state, *lanes)
    assert [a.shape for a in after[:3]] == [a.shape for a in state]
    gains = nowhere._backward(task, *after[:2], after[3])
    assert gains.log_det().shape == after[2].shape
    assert clearance.least_distance(nowhere._texts, task, after[0]).shape == after[2].shape


def test_a_robot_with_one_control_and_constants_in_its_symbols():
    """Vectors and constants are printed in another way than matrices."""

    def step(x, u, dt):
        return ca.vertcat(x[0] + u[0] * dt, 0.5, x[2])

    model = RobotModel("cart", ("px", "py", "yaw"), ("v",), step, (-1,))
    problem = problem_of(model)
    parameters = parameters_of(problem, 8, 2.0, 0.5)
    limits = ControlLimits((-1.0,), (1.0,), (np.inf,))
    data = StageData(parameters, 0.2, limits, world(None, everything=False))
    U = np.random.default_rng(0).uniform(-1, 1, (3, 8, 1))
    expected = one_robot(problem, "python").optimise(np.zeros(3), U, data, 5)
    got = OneRobot(BatchedKernel(problem)).optimise(np.zeros(3), U, data, 5)
    assert pytest.approx(expected.U, abs=1e-9) == got.U


def test_without_torch_the_package_says_what_to_install(monkeypatch):
    import importlib.util

    for name in [m for m in sys.modules if m.startswith("studies.batched")]:
        monkeypatch.delitem(sys.modules, name)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "torch" else real(name, *a)
    )
    with pytest.raises(ImportError, match="needs torch: pip install torch"):
        import studies.batched  # noqa: F401
