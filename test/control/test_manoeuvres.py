"""Manoeuvres: what they do where there is room, and that they touch nothing where there is none."""

import dataclasses
import math

import numpy as np
import pytest
from test_controller import PERIOD, plant

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.manoeuvres import DriveStraight, ManoeuvreEnd, Retreat, Turn, Wait
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.trail import Trail
from mme_ilqr_ros.geometry.circles import as_circles, clearance, no_circles, predict
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose, RobotState

HERE = RobotState(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def robots():
    """Controllers by the way they move; a kernel is loaded once."""
    made = {}
    for name, changes in {
        "reversing": {"vx_min": -0.5},
        "forward": {},
        "omni": {"motion_model": "omni", "vx_min": -0.5},
        "car": {"motion_model": "ackermann", "vx_min": -0.5},
    }.items():
        rate = {"controller_frequency": 1.0 / PERIOD}
        settings = dataclasses.replace(ControllerSettings(), **rate, **changes)
        made[name] = LocalController(settings, realtime=False)
    return made


def run(control, manoeuvre, state=HERE, circles=None, seconds=40.0, **world):
    """Let a manoeuvre run to rest; return states and results."""
    control.reset()
    circles = no_circles() if circles is None else circles
    states, results = [state], []
    for i in range(round(seconds / PERIOD)):
        now = i * PERIOD
        situation = Situation(states[-1], None, now, circles=predict(circles, now), **world)
        results.append(manoeuvre.step(control, situation))
        states.append(plant(states[-1], results[-1].vx, results[-1].wz))
        if manoeuvre.is_over:
            break
    return states, results


@pytest.mark.parametrize("angle", [1.57, -0.5, 7.0])
def test_a_turn_turns_by_its_angle(robots, angle):
    turn = Turn(angle, 0.8)
    states, results = run(robots["forward"], turn)
    assert turn.end is ManoeuvreEnd.DONE
    assert turn.travelled == pytest.approx(angle, abs=0.1)
    assert states[-1].yaw == pytest.approx(angle, abs=0.1)
    assert math.hypot(states[-1].x, states[-1].y) < 1e-6
    assert {result.status for result in results} == {ControlStatus.MANOEUVRE}


@pytest.mark.parametrize("distance", [0.8, -0.6])
def test_a_drive_drives_its_distance_on_its_heading(robots, distance):
    drive = DriveStraight(distance, 0.3)
    states, _ = run(robots["reversing"], drive, RobotState(0.0, 0.0, 0.5))
    assert drive.end is ManoeuvreEnd.DONE
    along = states[-1].x * math.cos(0.5) + states[-1].y * math.sin(0.5)
    assert along == pytest.approx(distance, abs=0.04)
    assert drive.travelled == pytest.approx(abs(distance), abs=0.04)


def test_what_a_robot_cannot_do_is_said_at_once(robots):
    for name, manoeuvre in (("forward", DriveStraight(-1.0, 0.2)), ("car", Turn(1.0, 0.5))):
        states, _ = run(robots[name], manoeuvre)
        assert manoeuvre.end is ManoeuvreEnd.IMPOSSIBLE
        assert states[-1] == HERE


def test_a_wait_waits_and_a_manoeuvre_that_takes_too_long_ends(robots):
    wait = Wait(2.0)
    assert run(robots["forward"], wait)[0][-1] == HERE
    assert (wait.end, wait.elapsed) == (ManoeuvreEnd.DONE, pytest.approx(2.0, abs=0.11))
    slow = DriveStraight(5.0, 0.1, allowance=1.0)
    states, _ = run(robots["forward"], slow)
    assert slow.end is ManoeuvreEnd.TIMED_OUT
    assert 0.0 < states[-1].x < 0.2


@pytest.mark.parametrize("kind", ["circle", "wall", "scan", "mover"])
def test_a_drive_into_something_ends_before_it_with_the_reason(robots, kind):
    blocked = np.zeros((60, 60), dtype=bool)
    blocked[:, 44:] = True  # from x = 1.4 m on
    line = np.linspace(-1.0, 1.0, 101)
    world = {
        "circle": {"circles": as_circles([[1.9, 0.0, 0.5]])},
        "wall": {"walls": build_distance_field(blocked, 0.05, Pose(-0.8, -1.5, 0.0), 2.0)},
        "scan": {"points": np.column_stack([np.full(101, 1.4), line])},
        "mover": {"circles": as_circles([[4.0, 0.0, 0.5, -0.3, 0.0]])},
    }[kind]
    drive = DriveStraight(3.0, 0.8)
    states, _ = run(robots["forward"], drive, seconds=13.0, **world)
    assert drive.end is ManoeuvreEnd.BLOCKED
    assert drive.reason.startswith(("gate: something", "no room to go on"))
    if kind != "mover":  # which goes on coming
        assert 0.0 < 1.4 - (states[-1].x + 0.2) < 0.2


@pytest.mark.parametrize("name", ["reversing", "forward", "omni", "car"])
def test_a_retreat_follows_the_trail_back(robots, name):
    """Out of a bend between walls of posts, in reverse or turned round."""
    control, trail = robots[name], Trail(0.2)
    bend = 0.5 * np.linspace(0.0, 2.0, 30)
    places = np.column_stack([2.0 * np.sin(bend), 2.0 * (1.0 - np.cos(bend))])
    for place, yaw in zip(places, bend, strict=True):
        trail.note(RobotState(*place, yaw))
    way = trail.back_from(places[-1], 1.5)
    retreat = Retreat(way, control.own_settings)
    states, _ = run(control, retreat, RobotState(*places[-1], bend[-1]))
    assert retreat.end is ManoeuvreEnd.DONE
    assert math.dist(states[-1].position, way[-1]) < 0.12
    apart = [np.hypot(*(places - state.position).T).min() for state in states]
    assert max(apart) < 0.08


def test_a_trail_forgets_what_a_jump_of_the_frame_moved():
    trail = Trail(0.2)
    for x in np.arange(0.0, 1.0, 0.02):
        trail.note(RobotState(x, 0.0, 0.0))
    assert np.hypot(*np.diff(trail.back_from(np.array([0.98, 0.0]), 0.5), axis=0).T).sum() == (
        pytest.approx(0.5)
    )
    trail.note(RobotState(9.0, 0.0, 0.0))
    assert len(trail.back_from(np.array([9.0, 0.0]), 0.5)) == 1


def random_world(rng):
    """Circles that stand or move, and walls, at least 0.1 m from a robot at the origin."""
    circles = np.column_stack(
        [rng.uniform(-2.0, 2.0, (12, 2)), rng.uniform(0.05, 0.4, 12), np.zeros((12, 2))]
    )
    blocked = rng.random((80, 80)) < 0.02
    middle = slice(32, 48)
    blocked[middle, middle] = False
    circles = circles[np.hypot(*circles[:, :2].T) > circles[:, 2] + 0.3]
    walls = build_distance_field(blocked, 0.05, Pose(-2.0, -2.0, 0.0), 2.0)
    return circles, walls


@pytest.mark.parametrize("name", ["reversing", "omni", "car"])
def test_no_manoeuvre_touches_anything_or_leaves_its_limits(robots, name):
    rng, control, ends = np.random.default_rng(11), robots[name], set()
    limits = control._limits
    for _ in range(12):
        circles, walls = random_world(rng)
        manoeuvre = [
            Turn(rng.uniform(-6.0, 6.0), 1.0),
            DriveStraight(rng.uniform(0.3, 2.0), rng.uniform(0.2, 1.0)),
            DriveStraight(-rng.uniform(0.3, 2.0), rng.uniform(0.2, 0.5)),
            Retreat(np.cumsum(rng.uniform(-0.4, 0.4, (6, 2)), axis=0), control.own_settings),
        ][rng.integers(4)]
        start = RobotState(0.0, 0.0, rng.uniform(-3.0, 3.0))
        states, results = run(control, manoeuvre, start, circles, walls=walls)
        assert manoeuvre.is_over
        ends.add(manoeuvre.end)
        where = np.array([state.position for state in states])
        assert clearance(where, circles).min() > 0.2
        assert walls.value_and_gradient(where)[0].min() > 0.2
        told = np.array([result.controls for result in results])
        steps = np.abs(np.diff(np.vstack([np.zeros((1, told.shape[1])), told]), axis=0))
        assert (steps <= PERIOD * np.array(limits.rate) + 1e-9).all()
        assert (told <= np.array(limits.upper) + 1e-9).all()
        assert (told >= np.array(limits.lower) - 1e-9).all()
    assert {ManoeuvreEnd.DONE, ManoeuvreEnd.BLOCKED} <= ends


def test_an_input_that_is_not_finite_brakes(robots):
    control = robots["forward"]
    control.reset()
    turn = Turn(1.0, 0.5)
    for now in (0.0, 0.1, 0.2):
        result = turn.step(control, Situation(HERE, None, now))
    lost = dataclasses.replace(HERE, yaw=math.nan)
    result = turn.step(control, Situation(lost, None, 0.3))
    assert result.status is ControlStatus.INVALID_INPUT
    assert math.isfinite(result.wz)
    assert turn.step(control, Situation(HERE, None, 0.4)).wz > 0.0
    assert control.manoeuvre((math.nan, 0.0, 1.0), Situation(HERE, None, 0.5), "").wz >= 0.0
    assert control.manoeuvre((math.nan, 0.0, 1.0), Situation(HERE, None, 0.6), "").vx == 0.0
