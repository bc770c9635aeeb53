"""Every cost on every robot: gradients against differences, and what each of them asks for."""

import dataclasses
import math

import casadi as ca
import numpy as np
import pytest
from one_robot import one_robot

from mme_ilqr_ros.control.costs import (
    CostSettings,
    CostSum,
    CostTerm,
    EffortCost,
    HeadingCost,
    PathCost,
    Penalty,
    Reference,
    SmoothnessCost,
    SpeedCost,
    StopCost,
)
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.problem import gauss_newton, stage_penalties
from mme_ilqr_ros.control.robots import DifferentialDrive, robot_of
from mme_ilqr_ros.control.settings import MOTION_MODELS, ControllerSettings
from mme_ilqr_ros.models import ackermann

MODEL = DifferentialDrive.model
EVERYTHING = CostSettings(contour_weight=1.0, lag_weight=0.4, speed_weight=1.0)
NOTHING = np.zeros((0, 5))


@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_every_penalty_has_the_gradient_of_its_cost_and_a_hessian_that_is_not_indefinite(kind):
    model, rng = robot_of(ControllerSettings(motion_model=kind)).model, np.random.default_rng(0)
    ref = Reference(model, 0.2, 0.3, -0.4, 0.7, 1.0, 0.6, 0.8, 1.0, 0.1, 0.2, -0.8, 0.6)
    x, u = ca.SX.sym("x", model.nx), ca.SX.sym("u", model.nu)
    z = ca.vertcat(x, u)
    for penalty in (*stage_penalties(EVERYTHING, x, u, ref), *EVERYTHING.final(x, ref)):
        f = ca.Function("cost", [z], [*gauss_newton([penalty], z)])
        at = rng.normal(size=z.numel())
        _, gradient, hessian = (np.array(v) for v in f(at))
        steps = 1e-6 * np.eye(len(at))
        expected = [float(f(at + e)[0] - f(at - e)[0]) / 2e-6 for e in steps]
        assert gradient[:, 0] == pytest.approx(expected, abs=1e-6)
        assert np.linalg.eigvalsh(hessian).min() > -1e-12


def value(term, x, u=None, model=MODEL, dt=0.2, **reference):
    """What a term costs per second, or at the end where no control is given."""
    ref = Reference(model, dt, **reference)
    x = ca.DM(x)
    penalties = term.final(x, ref) if u is None else term.stage(x, ca.DM(u), ref)
    return float(sum(p.weight * p.loss(p.residual) for p in penalties))


def test_contour_is_the_distance_across_the_plan_and_lag_the_distance_along_it():
    """A plan that heads north, and a robot 0.3 m beside it and 0.4 m behind."""
    at = {"path_given": 1.0, "path_x": 1.0, "path_y": 2.0, "path_cos": 0.0, "path_sin": 1.0}
    x, u = [0.7, 1.6, 0.0, 0.0, 0.0], [0.0, 0.0]
    across, along = PathCost(0.01, contour_weight=2.0), PathCost(0.01, lag_weight=2.0)
    assert value(across, x, u, **at) == pytest.approx(2.0 * (math.hypot(0.3, 0.01) - 0.01))
    assert value(along, x, u, **at) == pytest.approx(2.0 * (math.hypot(0.4, 0.01) - 0.01))
    assert value(across, x, u, **{**at, "path_given": 0.0}) == 0.0


@pytest.mark.parametrize("error", [0.0, 0.5, -2.0, math.pi, 2 * math.pi])
def test_the_cost_of_a_heading_needs_no_wrapping_and_fades_away_from_the_goal(error):
    at = {"heading_cos": math.cos(0.4), "heading_sin": math.sin(0.4)}
    at |= {"target_x": 1.0, "target_y": 2.0}
    term = HeadingCost(0.3, terminal_goal_yaw_weight=3.0)
    cost = value(term, [1.0, 2.0, 0.4 + error], heading_wanted=1.0, **at)
    assert cost == pytest.approx(6.0 * (1.0 - math.cos(error)), abs=1e-12)
    assert value(term, [1.0, 5.0, 0.4 + error], heading_wanted=1.0, **at) <= 1e-4 * cost + 1e-12
    assert value(term, [1.0, 2.0, 0.4 + error], heading_wanted=0.0, **at) == 0.0


def test_the_wish_for_a_speed_fades_out_at_the_target():
    term = SpeedCost(0.3, speed_weight=1.0, speed_reference=0.8)
    assert value(term, [50.0, 0.0, 0.0, 0.0, 0.0], [0.8, 0.0]) == pytest.approx(0.0, abs=1e-6)
    assert value(term, [0.0] * 5, [0.0, 0.0]) == 0.0


def test_effort_and_smoothness_apply_to_controls_by_name_and_stopping_to_all_that_brake():
    car, x, u = ackermann(0.4), [0.0, 0.0, 0.0, 0.5, 0.3], [0.7, -0.1]
    assert value(EffortCost(2.0, 9.9, 3.0), x, u, car) == pytest.approx(2.0 * 0.49 + 3.0 * 0.01)
    rates = np.array([0.2, -0.4]) / 0.2
    smooth = value(SmoothnessCost(2.0, 9.9, 3.0), x, u, car)
    assert smooth == pytest.approx(2.0 * rates[0] ** 2 + 3.0 * rates[1] ** 2)
    assert value(StopCost(2.0), x, model=car) == pytest.approx(2.0 * 0.25)  # steering is kept
    unnamed = dataclasses.replace(MODEL, control_names=("left", "right"))
    assert value(EffortCost(), x, u, unnamed) == 0.0


def test_a_sum_has_every_term_that_it_derives_from_once_and_those_in_its_fields():
    @dataclasses.dataclass(frozen=True)
    class Constant(CostTerm):
        weight: float = 1.0

        def stage(self, x, u, ref):
            return [Penalty(self.weight, ca.DM(1.0), ca.sumsqr)]

    @dataclasses.dataclass(frozen=True)
    class Both(CostSum, EffortCost, SmoothnessCost):
        own: Constant = Constant(7.0)

    x, u = [0.0, 0.0, 0.0, 0.5, 0.3], [0.7, -0.1]
    expected = value(EffortCost(), x, u) + value(SmoothnessCost(), x, u) + 7.0
    assert value(Both(), x, u) == pytest.approx(expected)


def test_turning_a_weight_on_compiles_nothing():
    """One problem whatever the weights: contour, lag, speed and heading are always in it."""
    everything = ControllerSettings(yaw_goal_tolerance=0.2, costs=EVERYTHING)
    for name in ("stage_cost", "action_value", "terminal_cost"):
        functions = [
            standard_problem(settings=s).functions()[name]
            for s in (ControllerSettings(), everything)
        ]
        assert functions[0].serialize() == functions[1].serialize()


def test_without_a_plan_or_a_wanted_heading_optional_penalties_are_off():
    problem = standard_problem()
    costs = CostSettings(contour_weight=1.0)
    settings = in_own_units(ControllerSettings(yaw_goal_tolerance=0.2, costs=costs))
    args = (problem, settings, np.zeros(2), NOTHING, None)
    path = np.zeros((settings.mme.time_steps + 1, 3))
    switches = [
        stage_data(*args).parameters[0, 0],
        stage_data(*args, yaw=0.3).parameters[0, 0],
        stage_data(*args, reference=path).parameters[0, 0],
    ]
    dt = settings.mme.model_dt
    assert switches == pytest.approx([0.0, dt * settings.costs.goal_yaw_weight, dt * 1.0])


def test_weights_per_second_make_the_cost_independent_of_the_stage_duration():
    """A robot that stands still 2 m from its target, under coarse and fine stages."""
    costs = []
    for dt, n_stages in ((0.2, 50), (0.1, 100)):
        mme = dataclasses.replace(ControllerSettings().mme, model_dt=dt, time_steps=n_stages)
        settings = in_own_units(ControllerSettings(mme=mme, vx_max=0.5))
        problem = standard_problem()
        data = stage_data(problem, settings, np.array([2.0, 0.0]), NOTHING, None)
        at_rest = np.zeros((1, n_stages, 2))
        kernel = one_robot(problem, "python")
        costs.append(kernel.optimise(np.zeros(5), at_rest, data, 0).costs[0])
    assert costs[0] == pytest.approx(costs[1])
