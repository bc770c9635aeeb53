"""The kinds of robots in closed loop, and limits that hold whatever happens."""

import dataclasses
import math

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.robots import STEERING_SPEED, Ackermann, robot_of
from mme_ilqr_ros.control.settings import MOTION_MODELS, ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import as_circles, clearance, no_circles
from mme_ilqr_ros.geometry.pose import Pose, RobotState, difference

TRAP = as_circles([[2.0, 0.95, 0.6], [2.0, -0.95, 0.6], [2.9, 0.0, 0.5]])
GOAL = Pose(6.0, 0.0, 0.0)
PERIOD, LAG = 0.1, 0.1


def settings(kind, **changes):
    """The same optional terms in every test, so that each kind is compiled once."""
    return dataclasses.replace(
        ControllerSettings(controller_frequency=10.0, motion_model=kind, yaw_goal_tolerance=0.3),
        **changes,
    )


def plant(state, result, period=PERIOD):
    """Follow the command with a lag; the robot slides if it is told to."""
    n, follow = 10, 1 - math.exp(-period / 10 / LAG)
    for _ in range(n):
        vx = state.vx + follow * (result.vx - state.vx)
        vy = state.vy + follow * (result.vy - state.vy)
        wz = state.wz + follow * (result.wz - state.wz)
        heading = Pose(0.0, 0.0, state.yaw + 0.5 * wz * period / n)
        x, y = state.position + heading.rotate([vx, vy]) * period / n
        state = RobotState(x, y, state.yaw + wz * period / n, vx, wz, vy)
    return state


def drive(control, circles=TRAP, seconds=20.0, goal=GOAL, state=None, **inputs):
    states, results = [state or RobotState(0.0, 0.0, 0.0)], []
    for i in range(round(seconds / PERIOD)):
        now = i * PERIOD
        results.append(
            control.compute_command(Situation(states[-1], goal, now, circles=circles, **inputs))
        )
        states.append(plant(states[-1], results[-1]))
        if results[-1].status is ControlStatus.GOAL_REACHED:
            break
    return states, results


@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_every_kind_of_robot_gets_past_the_trap(kind):
    s = settings(kind)
    states, results = drive(LocalController(s))
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert len(results) * PERIOD < 12.0
    assert clearance(np.array([x.position for x in states]), TRAP).min() > s.robot_radius
    assert kind == "omni" or all(r.vy == 0.0 for r in results)


def test_a_robot_that_slides_gets_to_a_goal_beside_it_without_turning_round():
    omni = LocalController(settings("omni"))
    _, results = drive(omni, goal=Pose(0.5, 2.0, 0.0), circles=no_circles())
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert max(r.vy for r in results) > 0.3


@pytest.mark.parametrize("goal", [Pose(3.0, 0.0, 3.0), Pose(0.6, 0.0, -1.5)])
@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_it_parks_with_the_heading_that_is_asked_for(kind, goal):
    control = LocalController(settings(kind, yaw_goal_tolerance=0.2), realtime=False)
    states, results = drive(control, no_circles(), goal=goal)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert len(results) * PERIOD < 10.0
    assert abs(difference(states[-1].yaw, goal.yaw)) < 0.35
    assert math.dist(states[-1].position, (goal.x, goal.y)) < 0.25


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_every_command_keeps_box_and_rates_whatever_happens(kind, seed):
    """New goals anywhere, obstacles that appear on the way, changed limits and mode counts."""
    rng = np.random.default_rng(seed)
    s = settings(kind, vx_min=-0.3)
    control, robot, state = LocalController(s), robot_of(s), RobotState(0.0, 0.0, 0.0)
    before, circles, goal = np.zeros(robot.model.nu), no_circles(), GOAL
    for i in range(40):
        if rng.random() < 0.15:
            goal = None if rng.random() < 0.2 else Pose(*rng.uniform(-4, 4, 2), 0.0)
        if rng.random() < 0.15:
            circles = as_circles(np.column_stack([rng.uniform(-3, 3, (6, 2)), np.full(6, 0.3)]))
        if rng.random() < 0.1:
            s = _changed(s, rng)
            control.update(s)
        result = control.compute_command(Situation(state, goal, i * PERIOD, circles=circles))
        _assert_follows(robot, s, result, before)
        before, state = np.array(result.controls), plant(state, result)


def _changed(s, rng):
    mme = dataclasses.replace(s.mme, n_modes=int(rng.integers(1, 9)))
    factors = dict(zip(("vx_max", "wz_max", "ax_max"), rng.uniform(0.4, 1.5, 3), strict=True))
    defaults = ControllerSettings()
    changes = {name: getattr(defaults, name) * factor for name, factor in factors.items()}
    return dataclasses.replace(s, mme=mme, **changes)


def _assert_follows(robot, s, result, before):
    """The command may follow `before`: inside the box, or on the way back into it."""
    limits = robot.limits(s)
    lower, upper, rate = limits.as_arrays()
    command = np.array(result.controls)
    assert (result.vx, result.vy, result.wz) == robot.twist(command)
    assert np.all(np.abs(command - before) <= rate * PERIOD + 1e-12)
    assert np.all((command >= np.minimum(lower, before)) & (command <= np.maximum(upper, before)))


@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_a_controller_that_starts_while_the_robot_drives_keeps_limits_from_its_speed(kind):
    s = settings(kind)
    state = RobotState(0.0, 0.0, 0.0, 0.7, 0.3, 0.2 if kind == "omni" else 0.0)
    robot = robot_of(s)
    result = LocalController(s).compute_command(Situation(state, Pose(-5.0, 1.0, 0.0), 0.0))
    _assert_follows(robot, s, result, np.array(robot.measured(state, None)))


@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_from_any_speed_it_comes_to_rest_within_the_braking_distance(kind):
    s = settings(kind)
    control, states = LocalController(s), [RobotState(0.0, 0.0, 0.0)]
    for i in range(25):
        result = control.compute_command(Situation(states[-1], GOAL, i * PERIOD))
        states.append(plant(states[-1], result))
    begin, speed = states[-1], result.vx
    assert speed > 0.8
    for i in range(25, 45):
        result = control.compute_command(Situation(states[-1], None, i * PERIOD))
        states.append(plant(states[-1], result))
    assert (result.vx, result.vy, result.wz) == (0.0, 0.0, 0.0)
    distance = math.dist(states[-1].position, begin.position)
    assert distance <= speed**2 / (2 * s.ax_max) + speed * (LAG + PERIOD) + 1e-3


def test_a_braking_car_stays_on_its_arc():
    control, state = LocalController(settings("ackermann")), RobotState(0.0, 0.0, 0.0)
    for i in range(8):
        driving = control.compute_command(Situation(state, Pose(0.0, 3.0, 0.0), i * PERIOD))
        state = plant(state, driving)
    curvature = driving.wz / driving.vx
    assert abs(curvature) > 0.5
    braking = control.compute_command(Situation(state, None, 0.8))
    assert braking.vx < driving.vx
    assert braking.wz / braking.vx == pytest.approx(curvature)


def test_a_car_measures_its_steering_angle_while_it_drives_and_remembers_it_at_rest():
    car = Ackermann(0.4)
    v, _, wz = car.twist(np.array([0.5, 0.3]))
    assert car.measured(RobotState(0, 0, 0, v, wz), None) == pytest.approx((0.5, 0.3))
    assert car.measured(RobotState(0, 0, 0, 0.1 * STEERING_SPEED, 9.0), (0.5, 0.2))[1] == 0.2
    assert car.measured(RobotState(0, 0, 0), None) == (0.0, 0.0)
