"""Every term on every robot: gradients against differences, and what the optional terms do."""

import dataclasses
import math

import casadi as ca
import numpy as np
import pytest
from one_robot import one_robot

from mme_ilqr_ros.control.costs import EffortTerm, PathTerm, SpeedTerm, YawTerm
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.problem import gauss_newton
from mme_ilqr_ros.control.robots import DifferentialDrive
from mme_ilqr_ros.control.settings import MOTION_MODELS, ControllerSettings, CostSettings

EVERYTHING = ControllerSettings(
    yaw_goal_tolerance=0.2, costs=CostSettings(contour_weight=1.0, speed_weight=1.0)
)


def functions(term, nx, nu):
    """The term's cost, gradient and Gauss-Newton Hessian as functions of (z = x, u; p)."""
    x, u = ca.SX.sym("x", nx), ca.SX.sym("u", nu)
    p = ca.SX.sym("p", max(1, len(term.parameters)))
    z = x if term.terminal else ca.vertcat(x, u)
    named = {name: p[i] for i, name in enumerate(term.parameters)}
    return ca.Function("cost", [z, p], [*gauss_newton([term], x, u, named, z)])


@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_every_term_has_the_gradient_of_its_cost_and_a_hessian_that_is_not_indefinite(kind):
    settings = dataclasses.replace(EVERYTHING, motion_model=kind)
    problem = standard_problem(settings=settings)
    rng = np.random.default_rng(0)
    for term in problem.terms:
        f = functions(term, problem.model.nx, problem.model.nu)
        z = rng.normal(size=f.size1_in(0))
        p = rng.uniform(0.1, 2.0, size=f.size1_in(1))
        _, gradient, hessian = (np.array(v) for v in f(z, p))
        steps = 1e-6 * np.eye(len(z))
        slopes = [float(f(z + e, p)[0] - f(z - e, p)[0]) / 2e-6 for e in steps]
        assert gradient[:, 0] == pytest.approx(slopes, abs=1e-6), term
        assert np.linalg.eigvalsh(hessian).min() > -1e-12, term


def value(term, x, u, **p):
    f = functions(term, len(x), len(u))
    z = x if term.terminal else [*x, *u]
    return float(f(z, [p[name] for name in term.parameters])[0])


def test_contour_is_the_distance_across_the_plan_and_lag_the_distance_along_it():
    """A plan that heads north, and a robot 0.3 m beside it and 0.4 m behind."""
    at = {"path_x": 1.0, "path_y": 2.0, "path_cos": 0.0, "path_sin": 1.0, "goal_width": 1e-9}
    x, u = [0.7, 1.6, 0.0, 0.0, 0.0], [0.0, 0.0]
    assert value(PathTerm(), x, u, contour_weight=2.0, lag_weight=0.0, **at) == pytest.approx(0.6)
    assert value(PathTerm(), x, u, contour_weight=0.0, lag_weight=2.0, **at) == pytest.approx(0.8)


@pytest.mark.parametrize("error", [0.0, 0.5, -2.0, math.pi, 2 * math.pi])
def test_the_cost_of_a_heading_knows_no_wrapping_and_fades_away_from_the_goal(error):
    p = {"goal_yaw_weight": 3.0, "goal_cos": math.cos(0.4), "goal_sin": math.sin(0.4)}
    p |= {"goal_x": 1.0, "goal_y": 2.0, "goal_width": 0.3}
    cost = value(YawTerm(), [1.0, 2.0, 0.4 + error], [0.0], **p)
    assert cost == pytest.approx(6.0 * (1.0 - math.cos(error)), abs=1e-12)
    assert value(YawTerm(), [1.0, 5.0, 0.4 + error], [0.0], **p) <= 1e-4 * cost + 1e-12


def test_the_wish_for_a_speed_fades_out_at_the_target():
    p = {"speed_weight": 1.0, "speed_reference": 0.8, "goal_x": 0.0, "goal_y": 0.0}
    far, there = [50.0, 0.0, 0.0, 0.0, 0.0], [0.0] * 5
    assert value(SpeedTerm(), far, [0.8, 0.0], goal_width=0.3, **p) == pytest.approx(0.0, abs=1e-6)
    assert value(SpeedTerm(), there, [0.0, 0.0], goal_width=0.3, **p) == 0.0


def test_terms_that_are_switched_off_are_not_in_the_problem():
    optional = (PathTerm, SpeedTerm, YawTerm)
    assert not [t for t in standard_problem().terms if isinstance(t, optional)]
    assert (
        len([t for t in standard_problem(settings=EVERYTHING).terms if isinstance(t, optional)])
        == 4
    )


def test_without_a_plan_or_a_wanted_heading_the_optional_terms_cost_nothing():
    problem = standard_problem(settings=EVERYTHING)
    data = stage_data(problem, EVERYTHING, np.zeros(2), np.zeros((0, 5)), None)
    row = dict(zip(problem.parameter_names, data.parameters[0], strict=True))
    names = ("contour_weight", "lag_weight", "goal_yaw_weight", "terminal_goal_yaw_weight")
    assert [row[name] for name in names] == [0.0] * 4


def test_weights_per_second_make_the_cost_independent_of_the_stage_duration():
    """A robot that stands still 2 m from its target, under coarse and fine stages."""
    costs = []
    for dt, n_stages in ((0.2, 50), (0.1, 100)):
        mme = dataclasses.replace(ControllerSettings().mme, model_dt=dt, time_steps=n_stages)
        settings = ControllerSettings(mme=mme, vx_max=0.5)
        problem = standard_problem()
        data = stage_data(problem, settings, np.array([2.0, 0.0]), np.zeros((0, 5)), None)
        at_rest = np.zeros((1, n_stages, 2))
        kernel = one_robot(problem, "python")
        costs.append(kernel.optimise(np.zeros(5), at_rest, data, 0).costs[0])
    assert costs[0] == pytest.approx(costs[1])


def test_a_parameter_without_a_value_is_named():
    term = EffortTerm(0, "rail_weight")
    problem = standard_problem(DifferentialDrive(), extra=[term])
    with pytest.raises(KeyError, match="rail_weight"):
        stage_data(problem, ControllerSettings(), np.zeros(2), np.zeros((0, 5)), None)
