"""What obstacles cost: barriers, the energy of a contact, and their derivatives."""

import dataclasses

import numpy as np
import pytest
from one_robot import one_robot

from mme_ilqr_ros.control.costs import CostSettings, Reference
from mme_ilqr_ros.control.kernel import Barrier, CompiledKernel, StageData, World
from mme_ilqr_ros.control.kernel.build import build_program
from mme_ilqr_ros.control.kernel.program import obstacles
from mme_ilqr_ros.control.objective import standard_problem
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.models import ControlLimits
from mme_ilqr_ros.settings import build, table

PROBLEM = standard_problem()
REFERENCE = CompiledKernel(PROBLEM, "python")
PROGRAM = build_program(PROBLEM, "python")
FREE = ControlLimits((-1e3, -1e3), (1e3, 1e3), (1e6, 1e6))
SHAPE = (0.1, 0.03, 0.3, 0.23)
ROUND = np.zeros((1, 2))
LONG = np.array([[-0.4, 0.0], [0.0, 0.0], [0.4, 0.05]])


def field():
    blocked = np.zeros((20, 30), dtype=bool)
    blocked[12:15, 5:9] = True
    blocked[3, 20] = True
    return build_distance_field(blocked, 0.1, Pose(-0.4, 0.2, 0.6), 1.0)


def stage_data(world, n_stages=10):
    """A task whose cost is that of the world alone."""
    weights = {row.name: 0.0 for row in table(CostSettings) if row.name.endswith("_weight")}
    costs = build(CostSettings, weights | {"clearance_weight": 0.1, "goal_width": 0.3})
    wanted = Reference(PROBLEM.model, 0.2, 3.0, 0.4)
    return StageData(PROBLEM.parameters(wanted, n_stages, costs), 0.2, FREE, world)


def lane(*values):
    return np.array([*values], dtype=float)


def barrier(clearance):
    """(psi, psi', psi'') at one clearance, put together from the program's parts."""
    shape = Barrier(*SHAPE)
    ratio, rest = obstacles.barrier_parts(lane(clearance), shape)
    gradient, curvature = obstacles.barrier_derivatives(lane(clearance), shape)
    return float((rest - shape.weight * np.log(ratio))[0]), float(gradient[0]), float(curvature[0])


def task_of(world, n_stages=10):
    """What the program is given in a world."""
    return REFERENCE._task(stage_data(world, n_stages))


def place(px, py, yaw=0.0):
    """A place as the program has it."""
    px, py = np.asarray(px, float), np.asarray(py, float)
    return px, py, np.cos(yaw) + 0.0 * px, np.sin(yaw) + 0.0 * px


def moving_cost(px, py, t, task, yaw=0.0):
    """The program's cost of what moves and of the cost-to-go, put together from its parts."""
    sums = np.array([np.zeros_like(px), np.ones_like(px), np.zeros_like(px)])
    obstacles.add_moving_cost(place(px, py, yaw), t, task, sums, 0)
    return sums[0] - task.barrier.weight * np.log(sums[1]) + sums[2]


def standing_cost(px, py, t, task, yaw=0.0):
    """The program's barriers of what stands, and what contact with it costs."""
    near = np.empty((3, *np.shape(px)))
    return obstacles.standing_cost(place(px, py, yaw), t, task, near), near[2]


def world_cost(px, py, u, t, task, yaw=0.0):
    """The program's cost of the whole world at places, under controls u [2, ...]."""
    standing, contact = standing_cost(px, py, t, task, yaw)
    share = PROGRAM.backward.charged_share(u, task)
    return share * standing + contact + moving_cost(px, py, t, task, yaw)


@pytest.mark.parametrize("gap", [-0.2, 0.0, 0.01, 0.05, 0.2, 0.29])
def test_barrier_slopes_equal_differences(gap):
    h = 1e-6
    value, slope, curvature = barrier(gap)
    up, down = barrier(gap + h), barrier(gap - h)
    assert slope == pytest.approx((up[0] - down[0]) / (2 * h), rel=1e-6)
    assert curvature == pytest.approx((up[1] - down[1]) / (2 * h), rel=1e-4)
    assert value > 0
    assert curvature > 0


def test_barrier_is_smooth_at_its_joints_and_exactly_zero_beyond_the_cutoff():
    for joint in (0.03, 0.3):
        assert barrier(joint - 1e-9)[:2] == pytest.approx(barrier(joint + 1e-9)[:2], abs=1e-6)
    assert barrier(0.31) == (0.0, 0.0, 0.0)


def everything():
    """A world with all kinds of obstacles and a cost-to-go; standing ones are free at no speed."""
    rng = np.random.default_rng(5)
    goal = CostToGo(rng.uniform(0.0, 5.0, size=(12, 15)), 0.25, Pose(-0.5, -0.8, 0.3))
    circles = np.column_stack([rng.uniform(-1, 3, (11, 2)), np.full(11, 0.2), np.zeros((11, 2))])
    circles[::3, 3:] = rng.uniform(-0.3, 0.3, (4, 2))
    barrier = Barrier(*SHAPE, standing=0.05, contact=-0.02, stiffness=40.0)
    return World(circles, field(), barrier, goal, (0.2, 3.0), np.array([1.9, 0.08]))


@pytest.mark.parametrize("discs", [ROUND, LONG], ids=["round", "long"])
def test_the_world_quadratic_is_the_slope_of_the_world_cost(discs):
    """Gauss-Newton curvatures are never negative."""
    world = dataclasses.replace(everything(), discs=discs)
    rng, task, h = np.random.default_rng(6), task_of(world), 1e-6
    places, u = rng.uniform(0, 2.0, size=(3, 200)), rng.uniform(-1.0, 1.0, size=(2, 200))
    for stage in (0, 10):
        b, share = np.empty((9, 200)), PROGRAM.backward.charged_share(u, task)
        obstacles.world_quadratic(place(*places), stage, task, share, b)
        for axis, slope in enumerate((b[0], b[1], b[5])):
            step = np.eye(3)[axis][:, None] * h
            (x, y, yaw), (x_, y_, yaw_) = places + step, places - step
            up = world_cost(x, y, u, stage, task, yaw)
            down = world_cost(x_, y_, u, stage, task, yaw_)
            difference = (up - down) / (2 * h)
            close = np.isclose(slope, difference, rtol=1e-4, atol=1e-4)
            assert close.mean() > 0.98  # bilinear fields have kinks
        hessian = b[[2, 3, 6, 3, 4, 7, 6, 7, 8]].T.reshape(-1, 3, 3)
        assert np.linalg.eigvalsh(hessian).min() >= -1e-6
        assert np.any(b[5]) == np.any(b[8]) == (discs is LONG)


def test_the_curvatures_of_a_place_beside_a_circle_are_those_of_the_distance():
    """Beside what is as good as straight: Gauss-Newton leaves out the distance's own curvature."""
    barrier = Barrier(0.1, 0.03, 0.3, 0.2)
    circle = np.array([[0.3, 1000.25, 1000.0 - 0.1, 0.0, 0.0]])  # as good as a wall, 0.15 m away
    task = task_of(World(circle, None, barrier, discs=np.array([[0.3, 0.0]])))
    at, h, b = (lane(0.0), lane(0.0)), 1e-4, np.empty((9, 1))
    obstacles.world_quadratic(place(*at), 0, task, 1.0, b)
    rest = np.zeros((2, 1))
    up, here, down = (world_cost(*at, rest, 0, task, yaw) for yaw in (h, 0.0, -h))
    assert b[5] == pytest.approx((up - down) / (2 * h), rel=1e-5)
    assert b[8] == pytest.approx((up - 2 * here + down) / h**2, rel=1e-2)


def test_a_wall_along_all_discs_costs_what_it_costs_a_round_robot():
    """And contact of one disc alone costs what it costs a round robot."""
    wall = np.zeros((8, 60), bool)
    wall[0] = True
    walls, rest = build_distance_field(wall, 0.1, Pose(-3.0, 0.0, 0.0), 1.0), np.zeros((2, 1))
    shape, row = Barrier(*SHAPE, contact=-0.02, stiffness=40.0), LONG * [1.0, 0.0]
    per_disc = shape._replace(weight=shape.weight / len(row))
    single = task_of(World(np.zeros((0, 5)), walls, shape))
    several = task_of(World(np.zeros((0, 5)), walls, per_disc, discs=row))
    along = lane(0.05), lane(0.4)
    expected = world_cost(*along, rest, 0, single)
    assert expected > 0.01
    assert world_cost(*along, rest, 0, several) == pytest.approx(expected)
    pillar = np.array([[row[0, 0], 0.0, 0.1, 0.0, 0.0]])
    one, few = (
        standing_cost(lane(0.0), lane(0.2), 0, task_of(World(pillar, None, shape, discs=discs)))[1]
        for discs in (row[:1], row)
    )
    assert one > 0.0
    assert few == pytest.approx(one)


@pytest.mark.parametrize("backend", ["python", "numba"])
def test_distances_are_those_of_the_nearest_disc_half_way_between_stages_too(backend):
    circle = np.array([[0.0, 1.0, 0.3, 0.0, 0.0]])
    data = stage_data(World(circle, None, Barrier(*SHAPE), discs=np.array([[-0.5, 0], [0.5, 0]])))
    X = np.zeros((1, 2, 5))
    assert one_robot(PROBLEM, backend).distances(X, data) == pytest.approx(np.hypot(1, 0.5) - 0.3)
    X[0, :, 2] = 0.25 * np.pi, 0.75 * np.pi  # half-way it points at the circle
    assert one_robot(PROBLEM, backend).distances(X, data) == pytest.approx(0.2)


def test_what_slows_down_is_the_slope_and_the_curvature_in_the_controls():
    """The mixed derivatives, which are left out, are the only ones that lack."""
    rng, task, h = np.random.default_rng(8), task_of(everything()), 1e-3
    points, u = rng.uniform(0, 2.0, size=(2, 100)), rng.uniform(-1.0, 1.0, size=(2, 100))
    Q_u, Q_uu = np.zeros((2, 100)), np.zeros((2, 2, 100))
    PROGRAM.backward.slow_down(u, standing_cost(*points, 3, task)[0], task, Q_u, Q_uu)
    for i, step in enumerate(h * np.eye(2)[:, :, None]):
        up, here, down = (world_cost(*points, v, 3, task) for v in (u + step, u, u - step))
        assert pytest.approx((up - down) / (2 * h), abs=1e-8) == Q_u[i]
        assert pytest.approx((up - 2 * here + down) / h**2, abs=1e-6) == Q_uu[i, i]
    assert np.abs(Q_u).max() > 0.1
    assert not Q_uu[0, 1].any()
    assert not Q_uu[1, 0].any()


@pytest.mark.parametrize("discs", [ROUND, LONG], ids=["round", "long"])
def test_a_backward_pass_knows_the_slope_of_a_whole_trajectory_in_every_control(discs):
    """With a large regularisation the feedforward is the gradient, divided by it."""
    world, kernel = dataclasses.replace(everything(), discs=discs), one_robot(PROBLEM, "python")
    U = np.random.default_rng(9).uniform([-0.2, -1.0], [1.0, 1.0], size=(1, 10, 2))
    x0, data, reg = np.array([0.1, 0.3, 0.4, 0.5, 0.0]), stage_data(world), 1e9
    X = kernel.optimise(x0, U, data, 0).X
    k, K, Quu = np.empty((10, 2, 1)), np.empty((10, 2, 5, 1)), np.empty((10, 2, 2, 1))
    given = np.moveaxis(X, 0, -1).copy(), np.moveaxis(U, 0, -1).copy(), lane(reg)
    PROGRAM.backward.backward(*given, False, k, K, Quu, REFERENCE._task(data))
    h, slopes = 1e-6, np.empty((10, 2))
    for t, i in np.ndindex(10, 2):
        tried = np.concatenate([U, U])
        tried[:, t, i] += [h, -h]
        up, down = kernel.optimise(x0, tried, data, 0).costs
        slopes[t, i] = (up - down) / (2 * h)
    assert np.abs(slopes).max() > 1.0
    assert -reg * k[..., 0] == pytest.approx(slopes, rel=1e-4, abs=1e-4)


def test_what_stands_is_charged_by_the_square_of_the_speed_and_what_moves_in_full():
    pair = np.array([[0.0, 0.0, 0.5, 0.0, 0.0], [9.0, 0.0, 0.5, 0.0, 0.1]])
    world = World(pair, None, Barrier(*SHAPE, standing=0.05), energy=np.array([0.95, 0.1]))
    task, beside = task_of(world), 0.5 + SHAPE[3] + 0.1
    full = standing_cost(lane(beside), lane(0.0), 0, task)[0][0]
    assert full > 0.01
    for vx, wz, share in ((0.0, 0.0, 0.05), (0.5, 0.0, 0.2875), (-1.0, 0.0, 1.0), (0.0, 1.0, 0.15)):
        u = np.array([[vx], [wz]])
        stands = world_cost(lane(beside), lane(0.0), u, 0, task)[0]
        assert stands == pytest.approx(share * full)
        moves = world_cost(lane(9.0 + beside), lane(0.0), u, 0, task)[0]
        assert moves == pytest.approx(full)


def test_contact_is_charged_at_rest_too_and_room_is_not():
    """Otherwise standing inside an obstacle would be free, and standing beside it would not."""
    circle = np.array([[0.0, 0.0, 0.5, 0.0, 0.0]])
    barrier = Barrier(*SHAPE, standing=0.0, contact=-0.02, stiffness=40.0)
    task, touching = task_of(World(circle, None, barrier)), 0.5 + SHAPE[3]
    rest = np.zeros((2, 4))
    gaps = np.array([0.01, -0.019, -0.03, -0.12])
    cost = world_cost(touching + gaps, np.zeros(4), rest, 0, task)
    assert cost == pytest.approx([0.0, 0.0, 0.5 * 40.0 * 0.01**2, 0.5 * 40.0 * 0.1**2], abs=1e-9)


def test_circles_count_the_same_in_any_order():
    """The program sorts them by whether they stand."""
    world, u = everything(), np.array([[0.7], [0.4]])
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(world.circles))
        mixed = task_of(dataclasses.replace(world, circles=world.circles[order]))
        assert mixed.n_standing == 7
        assert not mixed.circles[:7, 3:].any()
        for t in (0, 5):
            costs = [world_cost(lane(0.8), lane(0.9), u, t, x) for x in (mixed, task_of(world))]
            assert costs[0] == pytest.approx(costs[1])


def test_field_interpolation_equals_the_distance_field():
    f = field()
    walls = task_of(World(np.zeros((0, 5)), f, Barrier(*SHAPE))).walls
    points = np.random.default_rng(3).uniform([-2, -1], [4, 4], size=(300, 2))
    expected, gradients = f.value_and_gradient(points)
    value, sx, sy = obstacles.interpolate(*points.T, walls)
    assert value == pytest.approx(expected, abs=1e-12)
    assert np.stack([sx, sy], axis=-1) == pytest.approx(gradients, abs=1e-12)


def test_moving_circles_are_where_they_will_be():
    circle = np.array([[0.0, 0.0, 0.5, 1.0, 1.0]])
    task = task_of(World(circle, None, Barrier(*SHAPE)))
    assert task.tracks[10, 0] == pytest.approx([2.0, 2.0, (0.5 + 0.23 + 0.3) ** 2, 0.5 + 0.23])
    assert moving_cost(lane(2.8), lane(2.0), 10, task)[0] > 0
    assert moving_cost(lane(2.8), lane(2.0), 5, task)[0] == 0


def test_a_circle_is_charged_wherever_a_turn_some_time_ago_could_have_taken_it():
    circles = np.array([[0.0, 0.0, 0.5, 0.6, -0.8], [3.0, 0.0, 0.2, 0.0, 0.0]])
    world = World(circles, None, Barrier(*SHAPE, surprise_time=0.5))
    task = task_of(world)
    standing, (x, y, _, contact) = task.tracks[0]  # those at rest come first
    assert standing[[0, 1, 3]] == pytest.approx([3.0, 0.0, 0.43])  # what stands does not turn
    before = circles[0, :2] - 0.5 * circles[0, 3:]
    for heading in np.linspace(-np.pi, np.pi, 9):
        centre = before + 0.5 * np.array([np.cos(heading), np.sin(heading)])
        assert np.hypot(*(centre - (x, y))) + 0.5 + SHAPE[3] == pytest.approx(contact)
    behind = moving_cost(lane(-0.72), lane(0.96), 0, task)
    calm = task_of(World(circles, None, Barrier(*SHAPE)))
    assert moving_cost(lane(-0.72), lane(0.96), 0, calm)[0] == 0
    assert behind[0] > 0
    standing = np.zeros((1, 1, 5))
    standing[..., :2] = [-0.72, 0.96]  # the distance is that to where the circle is
    data = stage_data(world)
    assert one_robot(PROBLEM, "python").distances(standing, data)[0] == pytest.approx(0.7)


def test_only_circles_within_reach_of_some_mode_are_looked_at():
    """One bit for each, also beyond the first block of them."""
    rng = np.random.default_rng(7)
    track = np.column_stack([rng.uniform(-3, 3, (70, 2)), rng.uniform(0.1, 1.0, 70) ** 2])
    px, py = rng.uniform(-3, 3, (2, 8))
    square = (px - track[:, :1]) ** 2 + (py - track[:, 1:2]) ** 2
    expected = np.flatnonzero((square < track[:, 2:]).any(axis=1))
    seen = []
    for first in range(0, 70, obstacles.BLOCK):
        near = obstacles.near_circles(px, py, track, first, 70)
        while near:
            seen.append(first + ((near & -near).bit_length() - 1))
            near &= near - 1
    assert seen == list(expected)
