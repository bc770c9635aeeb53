import dataclasses

import casadi as ca
import numpy as np
import pytest
from one_robot import one_robot

from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose
from studies.peers.dynamic_window import DynamicWindow, DynamicWindowTuning
from studies.peers.guesses import first_guess, goes_nowhere, roll
from studies.peers.peer import Task, gaps_along, within_reach
from studies.peers.shooting import Shooting, ShootingTuning
from studies.peers.unicycle import NU, NX, Unicycle, circle_penalty, cost_of
from studies.peers.walls import LIMIT, SPACING, wall_circles

SETTINGS = in_own_units(ControllerSettings())
CIRCLES = np.array([[2.0, 0.1, 0.4, 0.0, 0.0], [3.0, -1.0, 0.3, -0.2, 0.3]])


def task(x0=(0.0, 0.0, 0.0, 0.0, 0.0), target=(5.0, 0.0), circles=CIRCLES):
    return Task(np.array(x0), np.array(target), np.asarray(circles), 0.1)


def test_gaps_are_to_where_the_circles_will_be():
    points = np.random.default_rng(0).uniform(-1, 4, (3, 6, 2))
    gaps = gaps_along(points, 0.5, CIRCLES)
    for n, t in np.ndindex(3, 6):
        x, y, r, vx, vy = CIRCLES.T
        d = np.hypot(points[n, t, 0] - x - 0.5 * t * vx, points[n, t, 1] - y - 0.5 * t * vy) - r
        assert gaps[n, t] == pytest.approx(d.min())
    assert np.isinf(gaps_along(points, 0.5, np.zeros((0, 5)))).all()


def test_only_circles_out_of_reach_are_left_out():
    row = [[4.0, 0.0, 0.5, 0.0, 0.0], [9.0, 0.0, 0.5, 0.0, 0.0], [9.0, 0.0, 0.5, -2.0, 0.0]]
    given = task(circles=row)
    np.testing.assert_array_equal(within_reach(given, 1.0, 3.0, 0.6), np.array(row)[[0, 2]])
    assert len(within_reach(given, 1.0, 3.0, 0.4)) == 1
    assert len(within_reach(given, 1.0, 9.0, 0.0)) == 3


def test_walls_become_circles_that_cover_their_near_surface():
    blocked = np.zeros((80, 80), bool)
    blocked[:, 50:54] = True
    origin = Pose(1.0, 2.0, 0.3)
    field = build_distance_field(blocked, 0.05, origin, 2.0)
    robot = origin.transform([1.5, 2.0])
    circles = wall_circles(field, robot)
    assert 1 < len(circles) <= LIMIT
    assert not circles[:, 3:].any()
    near = origin.transform(np.column_stack([np.full(9, 2.5), np.linspace(1.6, 2.4, 9)]))
    for point in near:  # on the face of the wall that the robot sees
        assert (np.hypot(*(circles[:, :2] - point).T) - circles[:, 2]).min() < 0.02
    assert field.value_and_gradient(circles[:, :2])[0].max() < 0.0
    assert circles[:, 2].max() < SPACING
    assert len(wall_circles(None, robot)) == len(wall_circles(field, robot + 50.0)) == 0


def test_roll_and_arcs_move_as_the_model_does():
    rng = np.random.default_rng(1)
    x0, controls = rng.normal(size=NX), rng.normal(size=(7, NU))
    step = Unicycle(SETTINGS, 0).value(final=False)
    expected = [x0]
    for u in controls:
        expected.append(np.asarray(step(expected[-1], u, np.zeros(2))[0]).ravel())
    np.testing.assert_allclose(roll(x0, controls, SETTINGS.mme.model_dt), expected, atol=1e-12)
    window = DynamicWindow(SETTINGS)
    held = np.array([0.4, -0.3])
    arc = window._arcs(np.array([1.0, 2.0, 0.5, *held]), held[None])[0]
    np.testing.assert_allclose(np.diff(arc[:, 2]), -0.03, atol=1e-12)
    np.testing.assert_allclose(np.hypot(*np.diff(arc[:, :2], axis=0).T), 0.04, rtol=1e-3)


def test_the_barrier_is_the_packages_own():
    x, u = ca.SX.sym("x", NX), ca.SX.sym("u", NU)
    w = Unicycle(SETTINGS, 1).values
    moving = ca.DM([0.0, 0.0, 0.5, 1.0])
    cost = ca.Function("c", [x, u], [cost_of([circle_penalty(x, moving, w)])])
    touching = 0.5 + w["keep_away"]

    def at(gap):
        return float(cost([touching + gap, 0, 0, 0, 0], [0, 0]))

    assert at(w["cutoff_gap"]) == pytest.approx(0.0, abs=1e-9)
    assert at(1.0) == 0.0
    half = 0.5 * w["cutoff_gap"]
    assert at(half) == pytest.approx(w["barrier_weight"] * (np.log(2.0) - 0.5))
    stiff = w["stiff_gap"]
    slopes = [(at(stiff + e + 1e-6) - at(stiff + e - 1e-6)) / 2e-6 for e in (-1e-5, 1e-5)]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-2)
    bends = np.diff([at(-0.1 + e) for e in (-0.01, 0.0, 0.01)], 2) / 0.01**2
    assert bends[0] == pytest.approx(w["barrier_weight"] / stiff**2, rel=1e-6)


def test_a_stage_costs_what_it_costs_the_packages_own_kernel():
    """Circles that stand and one that moves, without surprise; contact, and the end of the plan."""
    costs = dataclasses.replace(SETTINGS.costs, surprise_time=0.0)
    settings = dataclasses.replace(SETTINGS, costs=costs)
    problem, goal = standard_problem(settings=settings), np.array([5.0, 0.0])
    circles = np.array([[0.6, 0.0, 0.2, 0.0, 0.0], [0.0, 0.45, 0.2, 0, 0], [0, -0.5, 0.2, 0, 0.1]])
    data = stage_data(problem, settings, goal, circles, None)
    data = dataclasses.replace(data, parameters=data.parameters[[0, -1]])
    x0, u = np.array([0.0, 0.0, 0.2, 0.6, 0.1]), np.array([0.8, 0.4])
    ours = one_robot(problem, "python").optimise(x0, u[None, None], data, 0)
    unicycle, theirs = Unicycle(settings, 3), 0.0
    for t, x in enumerate(ours.X[0]):
        at = circles[:, :3] + t * data.dt * np.column_stack([circles[:, 3:], np.zeros(3)])
        rows = np.column_stack([at, circles[:, 3:].any(axis=1)])
        value = unicycle.value(final=t == 1)(x, u, np.concatenate([goal, rows.ravel()]))
        theirs += float(value[1])
    assert theirs == pytest.approx(ours.costs[0], rel=1e-9)


@pytest.mark.parametrize("final", [False, True])
def test_derivatives_of_a_stage_are_those_of_its_value(final):
    unicycle = Unicycle(SETTINGS, 2, rate_weight=5.0)
    value, quadratic = unicycle.value(final), unicycle.quadratic(final)
    rng = np.random.default_rng(2)
    x, u = np.array([1.5, 0.5, 0.4, 0.5, 0.2]), np.array([0.9, 1.3])
    p = np.concatenate([[5.0, 0.0], *(np.append(c[:3], c[3:].any()) for c in CIRCLES)])
    ahead, cost, fx, fu, lx, lu, lxx, lxu, luu = (np.array(v) for v in quadratic(x, u, p))
    z, n = np.append(x, u), NX + NU

    def step(z):
        return [np.array(v).ravel() for v in value(z[:NX], z[NX:], p)]

    np.testing.assert_allclose(step(z)[0], ahead.ravel())
    assert step(z)[1][0] == pytest.approx(float(cost[0, 0]))
    for i in range(n):
        e = 1e-6 * np.eye(n)[i]
        up, down = step(z + e), step(z - e)
        slope = [(a - b) / 2e-6 for a, b in zip(up, down, strict=True)]
        np.testing.assert_allclose(slope[0], np.hstack([fx, fu])[:, i], atol=1e-7)
        assert slope[1][0] == pytest.approx(np.append(lx, lu)[i], abs=1e-6)
    hessian = np.block([[lxx, lxu], [lxu.T, luu]])
    assert np.linalg.eigvalsh(hessian).min() > -1e-9  # Gauss-Newton
    assert np.isfinite(hessian @ rng.normal(size=n)).all()


@pytest.mark.parametrize("bulge", [0.0, 2.0, -2.0])
def test_first_guesses_bow_to_the_side_and_end_at_the_target(bulge):
    given = task((1.0, 1.0, 0.5, 0.0, 0.0), (4.0, 5.0))
    states, controls = first_guess(given, 1.0, 0.2, 60, bulge)
    np.testing.assert_allclose(states[0], given.x0)
    np.testing.assert_allclose(states[-1, :2], given.target, atol=1e-9)
    along = np.array([3.0, 4.0]) / 5.0
    beside = (states[:, :2] - given.x0[:2]) @ np.array([-along[1], along[0]])
    assert beside[np.argmax(np.abs(beside))] == pytest.approx(bulge, abs=0.05)
    assert controls[:, 0].max() <= 1.0 + 1e-9
    assert np.abs(np.diff(states[1:, 2])).max() < 1.0  # no jump by a turn


def test_the_dynamic_window_keeps_off_and_prefers_to_move():
    window = DynamicWindow(SETTINGS)
    plan = window.plan(task((0.0, 0.0, 0.0, 0.5, 0.0)))
    gaps = gaps_along(plan.states[:, :2], plan.dt, CIRCLES)
    assert gaps.min() >= SETTINGS.robot_radius + SETTINGS.clearance_margin
    assert plan.command[0] > 0.5
    low, high = 0.5 - 0.4 * SETTINGS.ax_max, 0.5 + 0.4 * SETTINGS.ax_max
    assert low <= plan.command[0] <= high
    inside = window.plan(task(circles=[[0.0, 0.0, 0.3, 0.0, 0.0]]))
    assert inside is None
    timid = DynamicWindow(SETTINGS, DynamicWindowTuning(speed_weight=0.0, goal_weight=0.0))
    assert abs(timid.plan(task((0.0, 0.0, 0.0, 0.0, 0.0))).command[1]) <= SETTINGS.wz_max


def test_a_plan_that_stops_before_a_wall_goes_nowhere():
    mme = SETTINGS.mme
    states = np.zeros((mme.time_steps + 1, NX))
    states[:, 0] = np.linspace(0.0, 4.5, len(states))
    assert not goes_nowhere(states, task(), mme, 1.0)
    states[:, 0] = np.minimum(states[:, 0], 1.5)
    assert goes_nowhere(states, task(), mme, 1.0)
    assert not goes_nowhere(states, task(target=(1.7, 0.0)), mme, 1.0)
    assert not goes_nowhere(states, task(), mme, 0.1)  # a slow robot gets no further


def test_constraints_keep_a_plan_off_circles_and_within_rates():
    shooting = Shooting(SETTINGS, ShootingTuning("ipopt", "constraint"))
    shooting.prepare(len(CIRCLES))
    for _ in range(3):  # the first guess leads through the circle
        plan = shooting.plan(task())
    gaps = gaps_along(plan.states[:, :2], plan.dt, CIRCLES)
    assert gaps.min() >= SETTINGS.robot_radius + SETTINGS.clearance_margin - 1e-3
    assert np.hypot(*(plan.states[-1, :2] - [5.0, 0.0])) < 0.3
    assert plan.command[0] <= 0.1 * SETTINGS.ax_max + 1e-6
