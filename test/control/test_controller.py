"""The controller in closed loop with a plant that follows its commands with a lag."""

import dataclasses
import functools
import math

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.costs import CostSettings
from mme_ilqr_ros.control.kernel import CompiledKernel
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import as_circles, clearance, predict
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.settings import SettingError, build

TRAP = as_circles([[2.0, 0.95, 0.6], [2.0, -0.95, 0.6], [2.9, 0.0, 0.5]])
START, GOAL = RobotState(0.0, 0.0, 0.0), Pose(6.0, 0.0, 0.0)
PERIOD, LAG = 0.1, 0.1


def controller(**changes) -> LocalController:
    settings = dataclasses.replace(ControllerSettings(controller_frequency=10.0), **changes)
    control = LocalController(settings, realtime=False)  # the same drive on a busy machine
    control.warm_up()  # or loading the kernel would eat the first cycle's time budget
    return control


def plant(state: RobotState, vx: float, wz: float) -> RobotState:
    n, follow = 10, 1 - math.exp(-PERIOD / 10 / LAG)
    x, y, yaw, v, w = state.as_array()
    for _ in range(n):
        v, w = v + follow * (vx - v), w + follow * (wz - w)
        heading = yaw + 0.5 * w * PERIOD / n
        x, y = x + v * PERIOD / n * math.cos(heading), y + v * PERIOD / n * math.sin(heading)
        yaw += w * PERIOD / n
    return RobotState(x, y, yaw, v, w)


def drive(control, circles=TRAP, seconds=20.0, state=START, goal=GOAL, **inputs):
    """Drive until the robot rests at the goal or time is up; return states and results."""
    states, results = [state], []
    for i in range(round(seconds / PERIOD)):
        now = i * PERIOD
        moved = predict(circles, now)
        results.append(
            control.compute_command(Situation(states[-1], goal, now, circles=moved, **inputs))
        )
        states.append(plant(states[-1], results[-1].vx, results[-1].wz))
        at_rest = abs(states[-1].vx) < 0.01
        if results[-1].status is ControlStatus.GOAL_REACHED and at_rest:
            break
    return states, results


def positions(states):
    return np.array([s.position for s in states])


def commands(results):
    return np.array([[r.vx, r.wz] for r in results])


@pytest.fixture(scope="module")
def trap_run():
    return drive(controller())


def test_the_multimodal_controller_gets_past_the_trap(trap_run):
    states, results = trap_run
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert clearance(positions(states), TRAP).min() > 0.2
    assert len(results) * PERIOD < 12.0
    assert sum(r.modes.switched for r in results if r.modes) <= 3


def test_plain_ilqr_stalls_in_the_pocket_and_says_so():
    states, results = drive(controller(variant="ilqr"), seconds=20.0)
    end = states[-1]
    assert results[-1].status is ControlStatus.STUCK
    assert 0.8 < end.x < 2.4
    assert abs(end.y) < 0.3
    assert abs(end.vx) < 0.05
    assert clearance(positions(states), TRAP).min() > 0.2


def test_a_single_plan_is_led_out_before_it_has_driven_in():
    """Its plan ends in the pocket, at rest, and tells so seconds before."""
    one = dataclasses.replace(ControllerSettings().mme, n_modes=1, n_restarts=0, temperature=0.0)
    states, results = drive(controller(mme=one), seconds=15.0)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert results[0].plan[-1, 0] < 2.4
    assert math.dist(results[4].plan[-1, :2], (GOAL.x, GOAL.y)) < 0.5
    assert clearance(positions(states), TRAP).min() > 0.2


def test_unimodal_me_ilqr_is_the_same_code_with_another_sampler():
    _, results = drive(controller(variant="me_ilqr"))
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert len(results[0].modes.costs) == 8


def test_a_plan_that_leads_into_the_trap_does_not_hold_the_robot_there():
    _, results = drive(controller(), path=Path(np.array([[0.0, 0.0], [6.0, 0.0]])))
    assert results[-1].status is ControlStatus.GOAL_REACHED


def test_every_command_keeps_speed_and_acceleration_limits(trap_run):
    s = ControllerSettings()
    u = commands(trap_run[1])
    assert np.all((u[:, 0] >= s.vx_min) & (u[:, 0] <= s.vx_max))
    assert np.all(np.abs(u[:, 1]) <= s.wz_max)
    steps = np.abs(np.diff(np.vstack([[0.0, 0.0], u]), axis=0))
    assert np.all(steps <= np.array([s.ax_max, s.az_max]) * PERIOD + 1e-9)


def test_it_parks_within_the_tolerance_at_rest_and_stays(trap_run):
    states, results = trap_run
    end = states[-1]
    assert math.hypot(end.x - GOAL.x, end.y - GOAL.y) < ControllerSettings().xy_goal_tolerance
    assert abs(end.vx) < 0.01
    assert (results[-1].vx, results[-1].wz) == (0.0, 0.0)


def test_moving_obstacles_are_met_where_they_will_be():
    circles = as_circles([[3.0, -2.5, 0.4, 0.0, 0.8], [4.5, 3.0, 0.4, 0.0, -0.7]])
    states, results = drive(controller(), circles=circles)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    gaps = [clearance(s.position, predict(circles, i * PERIOD)) for i, s in enumerate(states[:-1])]
    assert min(gaps) > 0.2


def test_walls_of_a_map_are_kept_clear_of():
    """A wall across the way with a door 0.8 m wide, 1 m off the straight line."""
    blocked = np.zeros((80, 80), dtype=bool)
    blocked[:, 40:42] = True
    blocked[46:54, 40:42] = False  # y from 0.6 m to 1.4 m
    field = build_distance_field(blocked, 0.1, Pose(-1.0, -4.0, 0.0))
    states, results = drive(controller(), circles=as_circles([]), walls=field)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert field.value_and_gradient(positions(states))[0].min() > 0.2


def test_walled_in_it_brakes_and_says_why():
    """In a ring of circles it stops without touching; turning where it stands is allowed."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = as_circles([[np.cos(a), np.sin(a), 0.2] for a in angles])
    start = RobotState(0, 0, 0, 0.8)
    states, results = drive(controller(), circles=ring, seconds=12.0, state=start)
    assert results[-1].message == "stuck: no way that is wide enough leads on"
    assert np.abs(commands(results)[-20:, 0]).max() < 0.05
    assert clearance(positions(states), ring).min() > 0.2


def test_the_path_and_speed_terms_keep_to_the_corner_of_a_plan_and_to_a_speed():
    corner, goal = Path(np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 3.0]])), Pose(3.0, 3.0, 0.0)
    inputs = {"circles": as_circles([]), "goal": goal, "path": corner}
    costs = CostSettings(contour_weight=3.0, lag_weight=1.0, speed_weight=5.0, speed_reference=0.4)
    freely, results = drive(controller(), **inputs)
    keeping, slow_results = drive(controller(costs=costs, path_speed=0.5), **inputs)
    assert results[-1].status is slow_results[-1].status is ControlStatus.GOAL_REACHED
    assert _furthest_from(corner, keeping) < 0.5 * _furthest_from(corner, freely)
    assert np.median(commands(slow_results)[:, 0]) < 0.7 < np.median(commands(results)[:, 0])


def _furthest_from(path, states):
    line = path.point_at(np.arange(0.0, path.length, 0.02))
    return max(np.hypot(*(line - s.position).T).min() for s in states)


def test_without_a_goal_it_comes_to_rest():
    control = controller()
    for i in range(5):
        control.compute_command(Situation(RobotState(0, 0, 0, 0.5), GOAL, 0.1 * i))
    stopping = [
        control.compute_command(Situation(RobotState(0, 0, 0, 0.5), None, 0.5 + 0.1 * i))
        for i in range(6)
    ]
    assert stopping[0].status is ControlStatus.NO_GOAL
    assert stopping[0].vx > 0.0  # not a jump
    assert stopping[-1].vx == 0.0


def test_the_drive_does_not_depend_on_where_the_map_has_its_origin_or_how_it_is_turned():
    frame = Pose(40.0, -25.0, 2.1)
    circles = np.hstack([frame.transform(TRAP[:, :2]), TRAP[:, 2:]])
    moved_start = dataclasses.replace(START, x=frame.x, y=frame.y, yaw=frame.yaw)
    goal = frame.compose(GOAL)
    here, _ = drive(controller(), seconds=3.0)
    there, _ = drive(controller(), circles=circles, seconds=3.0, state=moved_start, goal=goal)
    assert positions(there) == pytest.approx(frame.transform(positions(here)), abs=1e-3)


def test_changing_a_parameter_while_driving_takes_effect_without_a_jolt():
    control = controller()
    settings = ControllerSettings(controller_frequency=10.0)
    state, before = START, 0.0
    for i in range(60):
        if i == 20:
            control.update(dataclasses.replace(settings, vx_max=0.4))
        result = control.compute_command(Situation(state, Pose(20.0, 0, 0), 0.1 * i))
        assert abs(result.vx - before) <= settings.ax_max * PERIOD + 1e-9
        before, state = result.vx, plant(state, result.vx, result.wz)
        if i == 19:
            assert result.vx > 0.9
    assert result.vx == pytest.approx(0.4, abs=0.02)


def test_what_is_forgotten_while_driving_leaves_no_jolt():
    control = controller()
    states, results = drive(control, seconds=0.8)
    before, late = results[-1], dataclasses.replace(states[-1], vx=0.4, wz=-0.5)
    control.forget()
    after = control.compute_command(Situation(late, GOAL, 0.8, circles=TRAP))
    s = ControllerSettings()
    assert abs(after.vx - before.vx) <= s.ax_max * PERIOD + 1e-9
    assert abs(after.wz - before.wz) <= s.az_max * PERIOD + 1e-9
    assert before.vx - late.vx > 2.0 * s.ax_max * PERIOD  # it would show


@pytest.mark.parametrize("age", [0.0, 0.2])
def test_only_a_fresh_measurement_of_a_push_is_a_speed_to_go_on_from(age):
    control = controller()
    control.compute_command(Situation(START, None, 0.0))  # told to stand
    pushed = dataclasses.replace(START, vx=0.9)
    result = control.compute_command(Situation(pushed, GOAL, 0.1, age=age))
    assert (result.vx > 0.6) == (age == 0.0)


def test_a_clock_ends_a_cycle_in_real_time_only():
    settings = ControllerSettings(solve_time_share=0.05, controller_frequency=100.0)  # 0.5 ms
    circles = as_circles([[2.0 + 0.01 * i, 0.9, 0.3] for i in range(400)])
    iterations = []
    for realtime in (True, False):
        control = LocalController(settings, realtime=realtime)
        control.warm_up()
        result = control.compute_command(Situation(START, GOAL, 0.0, circles=circles))
        iterations.append(result.modes.iterations)
    assert iterations[0] < iterations[1] == settings.mme.n_iterations


def test_a_weight_whose_cost_is_not_finite_brakes_until_it_is(monkeypatch):
    reference = functools.partial(CompiledKernel, backend="python")
    monkeypatch.setattr("mme_ilqr_ros.control.controller.CompiledKernel", reference)
    mme = MmeSettings(n_iterations=1, time_steps=8)
    control = LocalController(ControllerSettings(mme=mme, costs=CostSettings(vx_weight=1e308)))
    assert (
        control.compute_command(Situation(START, GOAL, 0.0)).status is ControlStatus.INVALID_INPUT
    )
    control.update(ControllerSettings(mme=mme))
    assert control.compute_command(Situation(START, GOAL, 0.1)).status is ControlStatus.DRIVING


def test_a_robot_that_starts_too_close_to_an_obstacle_may_leave():
    touching = as_circles([[0.0, 0.35, 0.16]])  # gap 0.19 < radius 0.2
    states, results = drive(controller(), circles=touching)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert clearance(positions(states), touching).min() > 0.185


def test_settings_out_of_range_and_misspelt_are_refused_by_name():
    with pytest.raises(SettingError, match=r"vx_max = -1.0: must lie in"):
        build(ControllerSettings, {"vx_max": -1.0})
    with pytest.raises(SettingError, match=r"'mme.n_mods'; did you mean 'mme.n_modes'"):
        build(ControllerSettings, {"mme.n_mods": 4})
    with pytest.raises(SettingError, match="must be one of mme_ilqr, me_ilqr, sv_ilqr, ilqr"):
        build(ControllerSettings, {"variant": "mpc"})
