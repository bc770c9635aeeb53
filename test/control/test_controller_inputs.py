"""Measurements, goals and clocks that cannot be true, pushes, and commands of others."""

import dataclasses
import math

import numpy as np
import pytest
from test_controller import GOAL, PERIOD, START, TRAP, controller

from mme_ilqr_ros.control.controller import ControlStatus
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import Pose, RobotState


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["x", "yaw", "vx", "wz"])
def test_a_measurement_that_is_not_finite_brakes_within_limits(where, bad):
    control = controller()
    driving = [
        control.compute_command(Situation(RobotState(0, 0, 0, 0.5), GOAL, 0.1 * i))
        for i in range(4)
    ]
    assert driving[-1].status is ControlStatus.DRIVING
    state = dataclasses.replace(RobotState(0, 0, 0, 0.5), **{where: bad})
    result = control.compute_command(Situation(state, GOAL, 0.4))
    assert result.status is ControlStatus.INVALID_INPUT
    assert math.isfinite(result.vx)
    assert math.isfinite(result.wz)
    assert result.vx == pytest.approx(max(driving[-1].vx - 0.25, 0.0))


def test_obstacles_goals_and_clocks_that_are_not_finite_brake_too():
    control = controller()
    for goal, circles, now in [
        (Pose(math.nan, 0, 0), TRAP, 0.0),
        (GOAL, np.array([[1.0, np.nan, 0.3, 0, 0]]), 0.1),
        (GOAL, TRAP, math.nan),
    ]:
        result = control.compute_command(Situation(START, goal, now, circles=circles))
        assert result.status is ControlStatus.INVALID_INPUT
        assert (result.vx, result.wz) == (0.0, 0.0)


def test_a_push_takes_the_measured_speed_over_the_commanded_one():
    control = controller()
    for i in range(10):
        control.compute_command(Situation(RobotState(0, 0, 0, 1.0), GOAL, 0.1 * i))
    result = control.compute_command(Situation(RobotState(0, 0, 0, -0.9), GOAL, 1.0))
    assert 0.0 <= result.vx <= 2.5 * PERIOD + 1e-9  # and the limits hold: no driving backwards


@pytest.mark.parametrize("goal", [GOAL, None])
def test_no_measured_speed_however_large_makes_a_command_leave_the_limits(goal):
    control, s = controller(), ControllerSettings()
    for i, speed in enumerate((0.0, 50.0, -50.0, 1e200)):
        for turning in (0.0, 1e3, -1e300):
            state = RobotState(0.0, 0.0, 0.0, speed, turning)
            result = control.compute_command(Situation(state, goal, 0.1 * i))
            assert s.vx_min <= result.vx <= s.vx_max
            assert abs(result.wz) <= s.wz_max
            assert np.isfinite(result.plan).all()
    assert control.compute_command(Situation(START, GOAL, 0.5)).status is ControlStatus.DRIVING


def test_braking_begins_at_the_measured_speed_where_the_commanded_one_was_not_reached():
    """Wheels that slip: commanded 1 m/s, measured 0.1 m/s; braking from 1 m/s would push on."""
    control = controller()
    for i in range(10):
        driving = control.compute_command(Situation(RobotState(0, 0, 0, 0.1 * i), GOAL, 0.1 * i))
    assert driving.vx > 0.9
    braking = control.compute_command(Situation(RobotState(0, 0, 0, 0.1), None, 1.0))
    assert braking.vx == 0.0


def test_a_controller_that_was_overruled_goes_on_from_the_measured_speed():
    control = controller()
    for i in range(4):
        driving = control.compute_command(Situation(RobotState(0, 0, 0, 0.25 * i), GOAL, 0.1 * i))
    assert driving.vx > 0.6
    control.stopped()  # somebody sent a stop, and the robot obeyed
    again = control.compute_command(Situation(RobotState(0, 0, 0, 0.0), GOAL, 0.5))
    assert again.vx <= 2.5 * PERIOD + 1e-9


def test_a_clock_that_jumps_back_or_far_ahead_does_no_harm():
    control = controller()
    for now in (100.0, 100.1, 3.0, 3.1, 5000.0):
        result = control.compute_command(Situation(START, GOAL, now, circles=TRAP))
        assert result.status is ControlStatus.DRIVING
        assert math.isfinite(result.vx)
