"""The last gate: exact against brute force, and in closed loop before walls, movers, the unseen."""

import dataclasses
import math

import numpy as np
import pytest
from test_controller import plant

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.last_gate import LastGate, Shape
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.robots import robot_of
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import Pose, RobotState

DISC = Shape(np.zeros((1, 2)), 0.2)
BOX = Shape(np.array([[0.3, -0.2], [0.3, 0.2], [-0.3, 0.2], [-0.3, -0.2]]))
WALL = np.column_stack([np.full(201, 1.5), np.linspace(-2.0, 2.0, 201)])


def gate(shape=DISC, **changes):
    settings = in_own_units(dataclasses.replace(ControllerSettings(), **changes))
    made = LastGate(robot_of(settings))
    made.update(settings, shape)
    return made


def ahead(state, points, **inputs):
    return Situation(state, Pose(6.0, 0.0, 0.0), 0.0, points=points, **inputs)


def test_where_there_is_room_the_command_passes_unchanged():
    state = RobotState(0.0, 0.0, 0.0, 1.0, 0.3)
    wanted = np.array([1.0, 0.3])
    passed = gate().let_pass(wanted, np.array([1.0, 0.3]), ahead(state, WALL))
    assert passed.reason == ""
    assert passed.controls is wanted


@pytest.mark.parametrize("speed", [0.1, 0.5, 1.0, 2.0])
def test_a_robot_that_would_drive_into_a_wall_stops_before_it(speed):
    watch = gate(vx_max=2.0)
    state, held = RobotState(0.0, 0.0, 0.0, speed, 0.0), np.array([speed, 0.0])
    acted = 0
    for _ in range(200):
        passed = watch.let_pass(np.array([speed, 0.0]), held, ahead(state, WALL))
        acted += bool(passed.reason)
        held = passed.controls
        state = plant(state, *held)
    gap = 1.5 - 0.2 - state.x
    assert acted > 0
    assert 0.01 < gap < 0.08
    assert abs(state.vx) < 0.01


def test_the_controller_says_what_the_gate_saw():
    control = LocalController(ControllerSettings(), realtime=False)
    state = RobotState(1.1, 0.0, 0.0, 1.0, 0.0)  # a wall that no plan knows
    result = control.compute_command(ahead(state, WALL))
    assert result.gated
    assert "gate: something 0.20 m ahead" in result.message
    assert result.status in (ControlStatus.DRIVING, ControlStatus.GATED)


def unseen_by(state, cells):
    """Cells that a scanner of 270 degrees on the robot does not see."""
    bearing = np.arctan2(cells[:, 1] - state.y, cells[:, 0] - state.x) - state.yaw
    return cells[np.abs(np.angle(np.exp(1j * bearing))) > 0.75 * math.pi]


@pytest.mark.parametrize("shape", [DISC, BOX])
def test_a_robot_turns_to_look_before_it_backs_into_what_it_has_not_seen(shape):
    side = np.arange(-1.0, 1.0, 0.05)
    dark = np.array([[x, y] for x in side for y in side])
    state, held = RobotState(0.0, 0.0, 0.0), np.zeros(2)
    watch, turned, reasons = gate(shape, vx_min=-0.5), 0.0, []
    for _ in range(80):
        dark = unseen_by(state, dark)
        passed = watch.let_pass(np.array([-0.2, 0.0]), held, ahead(state, WALL, unseen=dark))
        held = passed.controls
        reasons.append(passed.reason)
        state = plant(state, *held)
        if np.hypot(state.x, state.y) > 0.3:
            break
        turned = abs(state.yaw)
    assert "gate: not seen lately what is behind" in reasons
    assert turned > math.pi / 8
    assert reasons[-1] == ""  # and then it backs out
