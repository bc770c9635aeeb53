import itertools
import time

import casadi as ca
import numba
import numpy as np
import pytest
from one_robot import one_robot

from mme_ilqr_ros.control.costs import CostSettings, GoalCost, Reference
from mme_ilqr_ros.control.kernel import (
    Barrier,
    KernelError,
    StageData,
    World,
    free_space,
    lane_math,
    lanes,
)
from mme_ilqr_ros.control.kernel.build import build_program, stage_source
from mme_ilqr_ros.control.kernel.compiled import CompiledKernel
from mme_ilqr_ros.control.kernel.emit import EmitError, emit
from mme_ilqr_ros.control.kernel.program.solve import solve
from mme_ilqr_ros.control.kernel.task import Memory
from mme_ilqr_ros.control.objective import standard_problem
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.models import ControlLimits

PROBLEM = standard_problem()
REFERENCE = CompiledKernel(PROBLEM, "python")
BOX = build_program(PROBLEM, "python").backward
FREE = ControlLimits((-1e3, -1e3), (1e3, 1e3), (1e6, 1e6))
LIMITS = ControlLimits((-0.2, -1.5), (1.0, 1.5), (2.5, 5.0))
SHAPE = (0.1, 0.03, 0.3, 0.23)


def field():
    blocked = np.zeros((20, 30), dtype=bool)
    blocked[12:15, 5:9] = True
    blocked[3, 20] = True
    return build_distance_field(blocked, 0.1, Pose(-0.4, 0.2, 0.6), 1.0)


def stage_data(n_stages, with_field=True, surprise=0.0, discs=((0.0, 0.0),)):
    wanted = Reference(PROBLEM.model, 0.2, 3.0, 0.4)
    costs = CostSettings(goal_width=0.3, terminal_goal_weight=5.0, vx_weight=0.5, wz_weight=0.5)
    parameters = PROBLEM.parameters(wanted, n_stages, costs)
    circles = np.array([[1.2, 0.1, 0.4, 0.0, 0.0], [2.0, -1.0, 0.3, 0.0, 0.3]])
    barrier = Barrier(*SHAPE, surprise_time=surprise)
    walls = field() if with_field else None
    world = World(circles, walls, barrier, discs=np.array(discs))
    return StageData(parameters, 0.2, LIMITS, world)


@pytest.mark.parametrize("discs", [[[0.0, 0.0]], [[-0.3, 0.0], [0.1, 0.0], [0.5, 0.02]]])
def test_compiled_kernel_equals_the_python_reference(discs):
    rng = np.random.default_rng(0)
    U = rng.uniform([-0.2, -1.5], [1.0, 1.5], size=(3, 8, 2))
    x0, data = np.array([0.1, 0.0, 0.2, 0.3, 0.0]), stage_data(8, surprise=0.5, discs=discs)
    compiled, reference = one_robot(PROBLEM, "numba"), one_robot(PROBLEM, "python")
    for got, expected in (
        (compiled.optimise(x0, U, data, 4), reference.optimise(x0, U, data, 4)),
        (compiled.policies(x0, U, data), reference.policies(x0, U, data)),
    ):
        for name, value in vars(expected).items():
            assert getattr(got, name) == pytest.approx(value, abs=1e-8), name
    p = reference.policies(x0, U, data)
    assert compiled.distances(p.X, data) == pytest.approx(reference.distances(p.X, data))
    white, sources = rng.standard_normal((3, 8, 2)), np.array([2, 0, 2])
    drawn = [k.sample(p, sources, white, 0.4, 0.9, data) for k in (compiled, reference)]
    assert drawn[0] == pytest.approx(drawn[1], abs=1e-10)


def test_single_precision_finds_the_same_plans():
    U = np.random.default_rng(0).uniform([0, -1.5], [1.0, 1.5], size=(8, 30, 2))
    x0, data = np.zeros(5), stage_data(30)
    double, single = (
        one_robot(PROBLEM, "numba", dtype).optimise(x0, U, data, 40)
        for dtype in (float, np.float32)
    )
    assert np.sort(single.costs)[:4] == pytest.approx(np.sort(double.costs)[:4], rel=2e-3)


@pytest.mark.parametrize("n_modes", [1, 7, 8, 9, 20])
def test_modes_do_not_depend_on_how_many_there_are(n_modes):
    """Groups of lanes are filled up with copies; no mode may see another."""
    U = np.random.default_rng(4).uniform([0, -1.5], [1.0, 1.5], size=(20, 12, 2))
    kernel, data = one_robot(PROBLEM, "numba"), stage_data(12)
    together = kernel.optimise(np.zeros(5), U, data, 5)
    apart = kernel.optimise(np.zeros(5), U[:n_modes], data, 5)
    assert apart.costs == pytest.approx(together.costs[:n_modes], rel=1e-9)
    assert pytest.approx(together.U[:n_modes], abs=1e-9) == apart.U


def test_every_rolled_out_control_keeps_box_and_rate_limits():
    rng = np.random.default_rng(1)
    x0 = np.array([0.0, 0.0, 0.0, 0.9, -1.4])
    found = one_robot(PROBLEM, "numba").optimise(
        x0, rng.normal(size=(6, 30, 2)) * 3, stage_data(30), 7
    )
    X, U = found.X, found.U
    before = X[:, :-1, 3:]
    assert np.all((U - np.array(LIMITS.lower)) >= -1e-12)
    assert np.all((np.array(LIMITS.upper) - U) >= -1e-12)
    assert np.all(np.abs(U - before) <= 0.2 * np.array(LIMITS.rate) + 1e-12)


def test_from_beyond_the_box_the_rate_limit_leads_back():
    """A lowered speed limit must not ask for an impossible deceleration."""
    x0 = np.array([0.0, 0.0, 0.0, 3.0, 0.0])
    X = one_robot(PROBLEM, "numba").optimise(x0, np.ones((1, 10, 2)), stage_data(10), 3).X
    assert X[0, :5, 3] == pytest.approx([3.0, 2.5, 2.0, 1.5, 1.0])


def test_cost_never_rises_from_iteration_to_iteration():
    rng = np.random.default_rng(2)
    kernel, data = one_robot(PROBLEM, "numba"), stage_data(25)
    U = rng.uniform([0, -1.5], [1.0, 1.5], size=(5, 25, 2))
    costs = [kernel.optimise(np.zeros(5), U, data, n).costs for n in range(0, 12, 2)]
    assert np.all(np.diff(costs, axis=0) <= 1e-12)
    assert np.all(costs[-1] < costs[0])


def test_a_deadline_in_the_past_leaves_the_starts_as_they_are():
    kernel, data = one_robot(PROBLEM, "numba"), stage_data(10)
    U = np.full((2, 10, 2), 0.1)
    found = kernel.optimise(np.zeros(5), U, data, 10, deadline=0.0)
    assert found.iterations == 0
    assert pytest.approx(U) == found.U
    later = kernel.optimise(np.zeros(5), U, data, 10, deadline=time.perf_counter() + 60.0)
    assert later.iterations > 0


def test_a_map_of_one_row_and_a_position_that_is_not_finite_do_no_harm():
    f = build_distance_field(np.array([[False, True, False]]), 0.5, Pose(0, 0, 0))
    world = World(np.zeros((0, 5)), f, Barrier(*SHAPE))
    data = StageData(stage_data(6).parameters, 0.2, LIMITS, world)
    kernel, reference = one_robot(PROBLEM, "numba"), one_robot(PROBLEM, "python")
    X = np.zeros((2, 7, 5))
    X[0, :, 0], X[0, :, 1] = np.linspace(0.1, 1.4, 7), 0.25
    assert kernel.distances(X, data) == pytest.approx(reference.distances(X, data))
    nowhere = kernel.optimise(np.full(5, np.nan), np.zeros((1, 6, 2)), data, 2)
    assert not np.isfinite(nowhere.costs).any()  # seen, not hidden
    lost = kernel.optimise(np.zeros(5), np.full((1, 6, 2), np.nan), data, 2)
    assert np.isfinite(lost.U).all()  # a control that is no number becomes a bound


def lane(*values):
    return np.array([*values], dtype=float)


def box_policy(g, g_x, H, low, high, on_rate=((0, 0), (0, 0))):
    """The kernel's box policy for one mode: (k, K)."""

    def lanes(values):
        return np.array(values, dtype=float)[..., None]

    active, M, R = np.empty((2, 1)), np.empty((2, 2, 1)), np.empty((2, 6, 1))
    arguments = (lanes(g), lanes(g_x), lanes(H), lane(0.0), lanes(low), lanes(high))
    BOX.box_policy(*arguments, lanes(on_rate), active, M, R)
    return R[:, 0, 0], R[:, 1:, 0]


@pytest.mark.parametrize("seed", range(30))
def test_box_policy_solves_the_box_problem(seed):
    """Against all active sets, tried one by one."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2, 2))
    H, g = root @ root.T + 0.1 * np.eye(2), rng.normal(size=2)
    low, high = -rng.uniform(0, 1, 2), rng.uniform(0, 1, 2)
    k, _ = box_policy(g, rng.normal(size=(2, 5)), H, low, high)
    best = np.inf
    for choice in itertools.product((-1, 0, 1), repeat=2):
        fixed = np.array([low[i] if c < 0 else high[i] for i, c in enumerate(choice)])
        free = np.array(choice) == 0
        u = fixed.copy()
        if free.any():
            rest = -g[free] - H[np.ix_(free, ~free)] @ fixed[~free]
            u[free] = np.linalg.solve(H[np.ix_(free, free)], rest)
        if np.all(u >= low - 1e-12) and np.all(u <= high + 1e-12):
            best = min(best, g @ u + 0.5 * u @ H @ u)
    assert g @ k + 0.5 * k @ H @ k == pytest.approx(best, abs=1e-9)


def test_a_control_on_its_rate_limit_follows_the_state_that_holds_it():
    g, g_x, box = [-10.0, 0.0], np.ones((2, 5)), np.ones(2)
    k, K = box_policy(g, g_x, np.eye(2), -box, box, on_rate=[[0, 0], [1, 0]])
    assert k[0] == 1.0
    assert K[0] == pytest.approx([0, 0, 0, 1, 0])
    _, K = box_policy(g, g_x, np.eye(2), -box, box)  # on the box itself it stays where it is
    assert K[0] == pytest.approx(np.zeros(5))


def test_gap_is_also_measured_half_way_between_stages():
    world = World(np.array([[0.5, 0.0, 0.1, 0.0, 0.0]]), None, Barrier(*SHAPE))
    data = StageData(stage_data(1).parameters, 0.2, LIMITS, world)
    X = np.zeros((1, 2, 5))
    X[0, 1, 0] = 1.0
    assert one_robot(PROBLEM, "numba").distances(X, data) == pytest.approx([-0.1], abs=1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lane_functions_equal_the_libraries(dtype):
    a = (np.random.default_rng(0).normal(size=(200, 8)) * 6).astype(dtype)
    out = np.empty((200, 6, 8), dtype)
    _call_lane_functions(a, out)
    wide, tolerance = a.astype(float), 1e-12 if dtype is np.float64 else 3e-6
    expected = [np.sin(wide), np.cos(wide), np.log(np.abs(wide) + 1e-3), np.floor(wide)]
    expected += [np.exp(-np.abs(wide)), np.abs(wide) ** 1.5]
    for i, values in enumerate(expected):
        assert out[:, i] == pytest.approx(values, abs=tolerance * max(1.0, np.abs(values).max()))


@numba.njit
def _call_lane_functions(a, out):
    x, y = lanes.lanes(a, 8), lanes.lanes(out, 8)
    for i in range(x.shape[0]):
        v = x[i]
        size = lane_math.absolute(v)
        y[i, 0], y[i, 1] = lane_math.sin(v), lane_math.cos(v)
        y[i, 2], y[i, 3] = lane_math.log(size + 1e-3), lane_math.floor(v)
        y[i, 4], y[i, 5] = (
            lane_math.exp(-lane_math.absolute(v)),
            lane_math.power(lane_math.absolute(v), 1.5),
        )


def test_an_operation_without_a_lane_form_is_named(monkeypatch):
    x = ca.SX.sym("x", 2)
    with pytest.raises(EmitError, match=r"odd: .* cannot be compiled; write .* with \+"):
        emit(ca.Function("odd", [x], [ca.erf(x)]))


def test_an_edited_cost_gets_another_kernel():
    other = Problem(PROBLEM.model, GoalCost())
    assert stage_source(PROBLEM) != stage_source(other)
    same = build_program(PROBLEM), build_program(PROBLEM)
    assert same[0].solve is same[1].solve
    assert build_program(other).solve is not same[0].solve


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(KernelError, match="fortran"):
        one_robot(PROBLEM, "fortran")


def test_a_read_only_cache_falls_back_and_none_at_all_is_an_error(tmp_path, monkeypatch):
    from mme_ilqr_ros.control.kernel import build

    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setattr(build.cache_folders, "writable", lambda: [blocked, tmp_path / "good"])
    folder = build._written({"a.py": "x = 1\n"}, "kernel")
    assert folder.is_relative_to(tmp_path / "good")
    (folder / "a.py").write_text("edited")
    build._written({"a.py": "x = 1\n"}, "kernel")
    assert (folder / "a.py").read_text() == "x = 1\n"
    monkeypatch.setattr(build.cache_folders, "writable", lambda: [blocked])
    with pytest.raises(KernelError, match="can be written"):
        build._written({"a.py": "x = 1\n"}, "kernel")


def test_what_a_kernel_returned_is_not_changed_by_its_next_use():
    """Results are views of lanes; given back as a start they must not be worked on in place."""
    U = np.random.default_rng(6).uniform([0, -1.5], [1.0, 1.5], size=(8, 12, 2))
    kernel, data = one_robot(PROBLEM, "numba"), stage_data(12)
    found = kernel.optimise(np.zeros(5), U, data, 1)
    kept = found.U.copy()
    kernel.optimise(np.zeros(5), found.U, data, 5)
    kernel.policies(np.array([0, 0, 0, 1.0, 1.5]), found.U, data)
    assert np.array_equal(found.U, kept)


def test_the_program_as_it_stands_solves_its_example_by_one_newton_step():
    """A point mass with a quadratic cost: one iteration reaches zero gradient."""
    T, U = 6, np.random.default_rng(0).normal(size=(3, 12))
    shapes = [(3, 7 * 4), (3, T * 2), (3, 0), (3, 0), (3, 0), (3, 4)]
    data = StageData(np.tile([1.0, -2.0, 0.3], (T + 1, 1)), 0.2, FREE, free_space())
    task, costs = REFERENCE._task(data), []
    for iterations in (0, 1, 6):
        outcome = tuple(np.empty(shape) for shape in shapes)
        lanes_of = ((T + 1, 4), (T, 2), (T + 1, 4), (T, 2), (T, 2), (T, 2, 4), (T, 2, 2), (4,))
        memory = Memory(*(np.empty((*s, 8)) for s in lanes_of), np.empty(8, np.int64))
        solve(np.zeros(4), U, iterations, np.inf, outcome, np.zeros(1, np.int64), memory, task)
        costs.append(outcome[-1][:, 0])
    assert np.all(costs[1] < costs[0])
    assert costs[1] == pytest.approx(np.full(3, costs[2][0]), rel=1e-6)
