"""The last gate: exact against brute force, and in closed loop before walls, movers, the unseen."""

import dataclasses
import math

import numpy as np
import pytest
from test_controller import plant

from mme_ilqr_ros.control import sweep
from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.last_gate import LastGate, Shape, shape_in
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.robots import robot_of
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.sweep import shape_gap
from mme_ilqr_ros.geometry.pose import Pose, RobotState

DISC = Shape(np.zeros((1, 2)), 0.2)
BOX = Shape(np.array([[0.3, -0.2], [0.3, 0.2], [-0.3, 0.2], [-0.3, -0.2]]))
WALL = np.column_stack([np.full(201, 1.5), np.linspace(-2.0, 2.0, 201)])
SETTINGS = ControllerSettings(controller_frequency=10.0)


def gate(shape=DISC, **changes):
    settings = in_own_units(dataclasses.replace(SETTINGS, **changes))
    made = LastGate(robot_of(settings))
    made.update(settings, shape)
    return made


def ahead(state, points, **inputs):
    return Situation(state, Pose(6.0, 0.0, 0.0), 0.0, points=points, **inputs)


def test_after_warming_up_no_command_waits_for_a_compiler():
    LocalController(ControllerSettings(), realtime=False).warm_up()
    compiled = [getattr(sweep, name) for name in dir(sweep)]
    compiled = [loop for loop in compiled if hasattr(loop, "signatures")]
    before = [len(loop.signatures) for loop in compiled]
    assert len(before) >= 5
    disc = np.asfortranarray(np.repeat(mover(0.5, 0.0, -1.0, 0.0, 0.0), 2, axis=0))
    everything = {"circles": disc, "unseen": np.asfortranarray(WALL)}
    watch, state = gate(vx_min=-0.5), RobotState(1.2, 0.0, 0.0, 1.0, 0.0)
    wish = np.array([1.0, 0.0])
    assert watch.let_pass(wish, wish, ahead(state, WALL)).reason
    assert watch.let_pass(wish, wish, ahead(state, WALL, **everything)).reason
    assert [len(loop.signatures) for loop in compiled] == before


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


def gap_to(shape, state, points):
    """Exact distance from the outline to the nearest point."""
    local = state.pose.inverse().transform(points)
    return min(shape_gap(shape.corners, shape.radius, *point) for point in local)


def pressed(watch, state, points, wish, cycles, **inputs):
    """Let a robot wish the same command in every cycle; return its states."""
    states, held = [state], np.zeros(len(wish))
    for _ in range(cycles):
        passed = watch.let_pass(np.array(wish, float), held, ahead(states[-1], points, **inputs))
        held = passed.controls
        states.append(plant(states[-1], held[0], held[-1]))
    return states


@pytest.mark.parametrize("shape", [DISC, BOX])
def test_whatever_is_commanded_nothing_is_touched(shape):
    """Random commands among random points, with a plant that lags."""
    rng, acted = np.random.default_rng(3), 0
    for _ in range(12):
        points = rng.uniform(-2.0, 2.0, (60, 2))
        points = points[np.hypot(*points.T) > shape.reach + 0.1]
        watch, state, held = gate(shape, vx_min=-0.5), RobotState(0.0, 0.0, 0.0), np.zeros(2)
        for cycle in range(60):
            if cycle % 10 == 0:
                wish = rng.uniform([-0.5, -1.5], [1.0, 1.5])
            wanted = watch._limits.clip(wish, held, 0.1)
            passed = watch.let_pass(wanted, held, ahead(state, points))
            acted += bool(passed.reason)
            held = passed.controls
            state = plant(state, *held)
            assert gap_to(shape, state, points) > 0.0
    assert acted > 60


@pytest.mark.parametrize("shape", [DISC, BOX])
def test_a_robot_pressed_into_a_corner_does_not_go_deeper(shape):
    side = np.linspace(0.0, 3.0, 301)
    corner = np.vstack([np.column_stack([0.0 * side, side]), np.column_stack([side, 0.0 * side])])
    corner = corner @ np.array([[-1.0, -1.0], [1.0, -1.0]]) * 0.7071 + [2.0, 0.0]
    states = pressed(gate(shape), RobotState(0.0, 0.1, 0.0), corner, (0.3, 0.0), 240)
    gaps = [gap_to(shape, state, corner) for state in states[40:]]
    assert 0.01 < min(gaps) < 0.08
    assert gaps[40] - gaps[-1] < 1e-3


def test_a_robot_in_a_place_that_is_too_narrow_drives_out_of_it():
    line = np.linspace(-1.0, 1.0, 201)
    walls = np.vstack([np.column_stack([line, 0.0 * line + side]) for side in (0.21, -0.21)])
    states = pressed(gate(), RobotState(0.0, 0.0, 0.0), walls, (0.3, 0.0), 80)
    assert states[-1].x > 1.2
    assert min(gap_to(DISC, state, walls) for state in states) > 0.005


def test_a_point_inside_the_robot_is_its_own_and_one_at_its_edge_lets_it_leave():
    own = np.array([[0.1, 0.05]])
    state, wish = RobotState(0.0, 0.0, 0.0), np.array([0.25, 0.0])
    assert not gate().let_pass(wish, np.zeros(2), ahead(state, own)).reason
    edge = np.array([[0.199, 0.0]])
    assert gate().let_pass(wish, np.zeros(2), ahead(state, edge)).controls[0] <= 0.0
    assert not gate(vx_min=-0.5).let_pass(-wish, np.zeros(2), ahead(state, edge)).reason


FAR = np.array([[5.0, 5.0]])


def mover(x, y, vx, vy, now):
    return np.array([[x + now * vx, y + now * vy, 0.3, vx, vy]])


def test_a_robot_stands_before_something_that_comes_reaches_it():
    watch, state, held = gate(), RobotState(0.0, 0.0, 0.0, 1.0, 0.0), np.array([1.0, 0.0])
    for cycle in range(60):
        circles = mover(4.0, 0.0, -1.0, 0.0, 0.1 * cycle)
        wanted = watch._limits.clip([1.0, 0.0], held, 0.1)
        held = watch.let_pass(wanted, held, ahead(state, FAR, circles=circles)).controls
        state = plant(state, *held)
        if math.hypot(circles[0, 0] - 0.1 - state.x, circles[0, 1] - state.y) < 0.5:
            break
    assert cycle < 59
    assert abs(state.vx) < 0.05


def test_a_robot_waits_for_something_that_crosses():
    watch, state, held = gate(), RobotState(0.0, 0.0, 0.0), np.zeros(2)
    waited = 0
    for cycle in range(80):
        circles = mover(2.0, 1.5, 0.0, -0.6, 0.1 * cycle)
        wanted = watch._limits.clip([0.7, 0.0], held, 0.1)
        passed = watch.let_pass(wanted, held, ahead(state, FAR, circles=circles))
        waited += "something that moves" in passed.reason
        held = passed.controls
        state = plant(state, *held)
        assert math.dist(circles[0, :2] + 0.1 * circles[0, 3:], (state.x, state.y)) > 0.5
    assert waited
    assert state.x > 2.5


def test_who_stands_is_not_to_blame():
    circles = mover(0.6, 0.0, -1.0, 0.0, 0.0)
    still = ahead(RobotState(0.0, 0.0, 0.0), FAR, circles=circles)
    passed = gate().let_pass(np.zeros(2), np.zeros(2), still)
    assert not passed.reason
    assert not passed.controls.any()


def test_other_robots_are_watched_by_their_own_controls():
    right = WALL[:, ::-1] * [1.0, -0.19]  # a wall at y = -0.285
    state = RobotState(0.0, 0.0, 0.0, 0.0, 0.0, -0.5)
    slide = np.array([0.0, -0.5, 0.0])
    passed = gate(motion_model="omni").let_pass(slide, slide, ahead(state, right))
    assert "to the right" in passed.reason
    assert passed.controls[1] > -0.5
    car = gate(motion_model="ackermann")
    bend = np.array([1.0, -0.4])  # to the right
    turning = RobotState(0.0, 0.0, 0.0, 1.0, math.tan(-0.4) / 0.3)
    passed = car.let_pass(bend, bend, ahead(turning, right))
    assert passed.reason
    straight = RobotState(0.0, 0.0, 0.0, 1.0, 0.0)
    along = np.array([1.0, 0.0])
    assert not car.let_pass(along, along, ahead(straight, right)).reason


def test_the_controller_says_what_the_gate_saw():
    control = LocalController(SETTINGS, realtime=False)
    state = RobotState(1.1, 0.0, 0.0, 1.0, 0.0)  # a wall that no plan knows
    result = control.compute_command(ahead(state, WALL))
    assert result.gated
    assert "gate: something 0.20 m ahead" in result.message
    assert result.status in (ControlStatus.DRIVING, ControlStatus.GATED)


def test_without_scans_the_gate_changes_nothing():
    commands = []
    for watches in (True, False):
        settings = dataclasses.replace(SETTINGS, gate=watches)
        control, state = LocalController(settings, realtime=False), RobotState(0.0, 0.0, 0.0)
        circles = np.array([[1.5, 0.05, 0.4, 0.0, 0.0]])
        for cycle in range(20):
            told = Situation(state, Pose(6.0, 0.0, 0.0), 0.1 * cycle, circles=circles)
            result = control.compute_command(told)
            commands.append((watches, result.vx, result.wz))
            state = plant(state, result.vx, result.wz)
    assert [c[1:] for c in commands[:20]] == [c[1:] for c in commands[20:]]


def test_the_footprint_of_the_settings_is_what_the_gate_sweeps():
    """A wall 0.34 m ahead of the centre: a disc of 0.2 m has room, the footprint has not."""
    wall = WALL - [1.16, 0.0]
    corners = "[[0.3, 0.2], [0.3, -0.2], [-0.3, -0.2], [-0.3, 0.2]]"
    for footprint, gated in (("", False), (corners, True)):
        settings = dataclasses.replace(SETTINGS, footprint=footprint)
        assert (len(shape_in(settings).corners) == 4) is gated
        watch = LastGate(robot_of(settings))
        watch.update(in_own_units(settings), shape_in(settings))
        state, wish = RobotState(0.0, 0.0, 0.0, 0.25, 0.0), np.array([0.25, 0.0])
        assert bool(watch.let_pass(wish, wish, ahead(state, wall)).reason) is gated


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


def test_a_robot_that_gets_out_of_the_way_need_not_look_first():
    dark = np.array([[-0.25, 0.0]])
    back = ahead(RobotState(0.0, 0.0, 0.0, -0.4, 0.0), FAR, unseen=dark)
    command, watch = np.array([-0.4, 0.0]), gate(vx_min=-0.5)
    assert watch.let_pass(command, command, back).reason
    assert not watch.let_pass(command, command, back, evades=True).reason
