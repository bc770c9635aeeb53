import itertools

import numpy as np
import pytest

from mme_ilqr_ros.control.kernel import Barrier, Kernel, KernelError, StageData, World
from mme_ilqr_ros.control.kernel.build import build_module, kernel_source
from mme_ilqr_ros.control.objective import standard_problem
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.models import ControlLimits

PROBLEM = standard_problem()
PYTHON = build_module(PROBLEM, "python")
LIMITS = ControlLimits((-0.2, -1.5), (1.0, 1.5), (2.5, 5.0))
SHAPE = np.array([0.1, 0.03, 0.3, 0.23])


def field():
    blocked = np.zeros((20, 30), dtype=bool)
    blocked[12:15, 5:9] = True
    blocked[3, 20] = True
    return build_distance_field(blocked, 0.1, Pose(-0.4, 0.2, 0.6), 1.0)


def stage_data(n_stages, with_field=True):
    row = dict.fromkeys(PROBLEM.parameter_names, 0.1)
    row |= {"goal_x": 3.0, "goal_y": 0.4, "goal_width": 0.3, "terminal_goal_weight": 5.0}
    parameters = np.tile([row[name] for name in PROBLEM.parameter_names], (n_stages + 1, 1))
    circles = np.array([[1.2, 0.1, 0.4, 0.0, 0.0], [2.0, -1.0, 0.3, 0.0, 0.3]])
    world = World(circles, field() if with_field else None, Barrier(*SHAPE))
    return StageData(parameters, 0.2, LIMITS, world)


def test_compiled_kernel_equals_the_python_reference():
    rng = np.random.default_rng(0)
    U = rng.uniform([-0.2, -1.5], [1.0, 1.5], size=(3, 8, 2))
    x0, data = np.array([0.1, 0.0, 0.2, 0.3, 0.0]), stage_data(8)
    compiled, reference = Kernel(PROBLEM, "numba"), Kernel(PROBLEM, "python")
    for got, expected in zip(
        compiled.optimise(x0, U, data, 4), reference.optimise(x0, U, data, 4), strict=True
    ):
        assert got == pytest.approx(expected, abs=1e-8)
    a, b = compiled.policies(x0, U, data), reference.policies(x0, U, data)
    for name in ("X", "U", "k", "K", "Quu", "cost", "log_det"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), abs=1e-8)
    assert compiled.smallest_gaps(a.X, data) == pytest.approx(reference.smallest_gaps(b.X, data))


def test_every_rolled_out_control_keeps_box_and_rate_limits():
    rng = np.random.default_rng(1)
    x0 = np.array([0.0, 0.0, 0.0, 0.9, -1.4])
    X, U, _, _ = Kernel(PROBLEM, "numba").optimise(
        x0, rng.normal(size=(6, 30, 2)) * 3, stage_data(30), 7
    )
    before = X[:, :-1, 3:]
    assert np.all((U - np.array(LIMITS.lower)) >= -1e-12)
    assert np.all((np.array(LIMITS.upper) - U) >= -1e-12)
    assert np.all(np.abs(U - before) <= 0.2 * np.array(LIMITS.rate) + 1e-12)


def test_from_beyond_the_box_the_rate_limit_leads_back():
    """A lowered speed limit must not ask for an impossible deceleration."""
    x0 = np.array([0.0, 0.0, 0.0, 3.0, 0.0])
    X, _, _, _ = Kernel(PROBLEM, "numba").optimise(x0, np.ones((1, 10, 2)), stage_data(10), 3)
    assert X[0, :5, 3] == pytest.approx([3.0, 2.5, 2.0, 1.5, 1.0])


def test_cost_never_rises_from_iteration_to_iteration():
    rng = np.random.default_rng(2)
    kernel, data = Kernel(PROBLEM, "numba"), stage_data(25)
    U = rng.uniform([0, -1.5], [1.0, 1.5], size=(5, 25, 2))
    costs = [kernel.optimise(np.zeros(5), U, data, n)[2] for n in range(0, 12, 2)]
    assert np.all(np.diff(costs, axis=0) <= 1e-12)
    assert np.all(costs[-1] < costs[0])


def test_a_deadline_in_the_past_leaves_the_starts_as_they_are():
    kernel, data = Kernel(PROBLEM, "numba"), stage_data(10)
    U = np.full((2, 10, 2), 0.1)
    _, same, _, iterations = kernel.optimise(np.zeros(5), U, data, 10, deadline=0.0)
    assert iterations == 0
    assert same == pytest.approx(U)


@pytest.mark.parametrize("gap", [-0.2, 0.0, 0.01, 0.05, 0.2, 0.29])
def test_barrier_slopes_equal_differences(gap):
    h = 1e-6
    value, slope, curvature = PYTHON.barrier(gap, SHAPE)
    up, down = PYTHON.barrier(gap + h, SHAPE), PYTHON.barrier(gap - h, SHAPE)
    assert slope == pytest.approx((up[0] - down[0]) / (2 * h), rel=1e-6)
    assert curvature == pytest.approx((up[1] - down[1]) / (2 * h), rel=1e-4)
    assert value > 0
    assert curvature > 0


def test_barrier_is_smooth_at_its_joints_and_exactly_zero_beyond_the_cutoff():
    for joint in (0.03, 0.3):
        below, above = PYTHON.barrier(joint - 1e-9, SHAPE), PYTHON.barrier(joint + 1e-9, SHAPE)
        assert below[:2] == pytest.approx(above[:2], abs=1e-6)
    assert PYTHON.barrier(0.3, SHAPE) == (0.0, 0.0, 0.0)


def test_field_gap_equals_the_distance_field():
    f = field()
    world = World(np.zeros((0, 5)), f, Barrier(*SHAPE)).pack()
    points = np.random.default_rng(3).uniform([-2, -1], [4, 4], size=(300, 2))
    values, gradients = f.value_and_gradient(points)
    got = np.array([PYTHON.field_gap(x, y, world[1], world[2]) for x, y in points])
    assert got[:, 0] == pytest.approx(values, abs=1e-12)
    assert got[:, 1:] == pytest.approx(gradients, abs=1e-12)


def test_moving_circles_are_where_they_will_be():
    gap, nx, ny = PYTHON.circle_gap(1.0, 0.0, 2.0, np.array([0.0, 0.0, 0.5, 1.0, 1.0]))
    assert gap == pytest.approx(np.hypot(1.0, 2.0) - 0.5)  # the circle has moved to (2, 2)
    assert (nx, ny) == pytest.approx((-1 / np.sqrt(5), -2 / np.sqrt(5)))


@pytest.mark.parametrize("seed", range(30))
def test_box_policy_solves_the_box_problem(seed):
    """Against all active sets, tried one by one."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2, 2))
    H, g = root @ root.T + 0.1 * np.eye(2), rng.normal(size=2)
    low, high = -rng.uniform(0, 1, 2), rng.uniform(0, 1, 2)
    k, K, active = np.empty(2), np.empty((2, 5)), np.empty(2, int)
    arguments = (np.empty((2, 2)), np.empty((2, 6)))
    PYTHON.box_policy(
        g, rng.normal(size=(2, 5)), H, low, high, np.zeros((2, 2), bool), k, K, active, *arguments
    )
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
    H, g = np.eye(2), np.array([-10.0, 0.0])
    k, K, active = np.empty(2), np.empty((2, 5)), np.empty(2, int)
    on_rate = np.array([[False, True], [False, False]])
    PYTHON.box_policy(
        g, np.ones((2, 5)), H, -np.ones(2), np.ones(2), on_rate, k, K, active, np.empty((2, 2)),
        np.empty((2, 6)),
    )  # fmt: skip
    assert k[0] == 1.0
    assert K[0] == pytest.approx([0, 0, 0, 1, 0])


def test_gap_is_also_measured_half_way_between_stages():
    world = World(np.array([[0.5, 0.0, 0.1, 0.0, 0.0]]), None, Barrier(*SHAPE)).pack()
    X = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert PYTHON.smallest_gap(X, np.array([0.2]), world) == pytest.approx(-0.1, abs=1e-5)


def test_an_edited_cost_gets_another_kernel():
    from mme_ilqr_ros.control.costs import GoalTerm
    from mme_ilqr_ros.control.problem import Problem

    other = Problem(PROBLEM.model, (GoalTerm(),))
    assert kernel_source(PROBLEM, "python") != kernel_source(other, "python")
    assert build_module(PROBLEM, "python") is build_module(PROBLEM, "python")
    assert build_module(other, "python") is not build_module(PROBLEM, "python")


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(KernelError, match="fortran"):
        Kernel(PROBLEM, "fortran")


def test_a_read_only_cache_falls_back_and_none_at_all_is_an_error(tmp_path, monkeypatch):
    from mme_ilqr_ros.control.kernel import build

    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setattr(build, "cache_directories", lambda: iter([blocked, tmp_path / "good"]))
    assert build._write("x = 1\n", "kernel").is_relative_to(tmp_path / "good")
    monkeypatch.setattr(build, "cache_directories", lambda: iter([blocked]))
    with pytest.raises(KernelError, match="can be written"):
        build._write("x = 1\n", "kernel")
