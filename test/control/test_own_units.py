"""One set of parameters for robots of all sizes: derived values, the same drive in other units."""

import dataclasses
import math

import numpy as np
import pytest
from one_robot import one_robot

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import DERIVED, doubts, in_own_units, powers, summary
from mme_ilqr_ros.control.result import ControlStatus
from mme_ilqr_ros.control.robots import robot_of
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.settings import SettingError, build, flatten, rebuilt, table

TRAP = as_circles([[2.0, 0.95, 0.6], [2.0, -0.95, 0.6], [2.9, 0.0, 0.5]])
TRAP = np.vstack([TRAP, [4.5, 2.0, 0.3, 0.0, -0.5]])
# Here one way is clearly the best: between two that are alike, rounding decides.
POSTS = np.array([[2, 0.25, 0.6, 0, 0], [3.8, -0.6, 0.4, 0, 0], [4.5, 3.0, 0.3, 0, -0.4]])
FROM_THE_RADIUS = ("clearance_margin", "required_movement_radius")
PERIOD = 0.1  # [s] of the robot of the parameters


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("s^3/m^2", (-2, 3)),
        ("s/m^2", (-2, 1)),
        ("1/(m s)", (-1, -1)),
        ("1/s", (0, -1)),
        ("1/m", (-1, 0)),
        ("s^3/rad^2", (0, 3)),
        ("m/s^2", (1, -2)),
        ("rad", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_powers_of_metres_and_seconds_are_read_from_a_unit(unit, expected):
    assert powers(unit) == expected


def test_for_the_robot_of_the_parameters_every_weight_is_the_one_that_is_written():
    given = flatten(ControllerSettings())
    used = flatten(in_own_units(ControllerSettings()))
    assert {name: used[name] for name in DERIVED} == {n: value for n, (value, _) in DERIVED.items()}
    assert {name for name in used if used[name] != given[name]} == {*DERIVED, *FROM_THE_RADIUS}


def test_derived_values_are_those_that_could_have_been_written():
    derived = in_own_units(ControllerSettings(robot_radius=0.3, vx_max=0.5))
    names = [*DERIVED, *FROM_THE_RADIUS]
    explicit = {name: flatten(derived)[name] for name in names}
    assert all(value > 0.0 for value in explicit.values())
    written = build(ControllerSettings, {"robot_radius": 0.3, "vx_max": 0.5, **explicit})
    assert in_own_units(written) == derived


def test_what_is_written_is_kept_whatever_the_robot():
    written = {name: 2.0 * value for name, (value, _) in DERIVED.items()}
    given = build(ControllerSettings, {"robot_radius": 0.1, "vx_max": 2.0, **written})
    used = flatten(in_own_units(given))
    assert {name: used[name] for name in written} == written


def test_a_stage_is_no_shorter_than_a_control_period():
    fast = ControllerSettings(robot_radius=0.1, vx_max=2.0, controller_frequency=10.0)
    assert in_own_units(fast).mme.model_dt == pytest.approx(0.1)
    often = dataclasses.replace(fast, controller_frequency=50.0)
    assert in_own_units(often).mme.model_dt == pytest.approx(0.05)


NEAR = {"lookahead_distance": 0.9, "min_lookahead_distance": 0.5}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mme.time_steps": 5, "ax_max": 0.5, **NEAR}, ["horizon of 1 s", "takes 2 s"]),
        ({"lookahead_distance": 30.0}, ["lookahead_distance = 30 m", "10 m at 1 m/s"]),
        ({"mme.model_dt": 1.0}, ["a stage of 1 s is 1 m at 1 m/s", "two diameters"]),
        (
            {"min_lookahead_distance": 50.0},
            ["min_lookahead_distance = 50 m"],
        ),
    ],
)
def test_doubts_name_what_does_not_fit_with_its_numbers(values, words):
    [line] = doubts(build(ControllerSettings, values))
    assert all(word in line for word in words), line
    assert "\n" not in line


@pytest.mark.parametrize("radius", [0.1, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("speed", [0.2, 0.4, 1.0, 2.5])
def test_no_robot_of_usual_size_and_speed_is_in_doubt(radius, speed):
    settings = ControllerSettings(robot_radius=radius, vx_max=speed)
    assert doubts(settings) == []
    assert f"for a robot of {radius:g} m and {speed:g} m/s: horizon" in summary(settings)
    used = in_own_units(settings)
    low = {row.name: row.low for row in table(ControllerSettings) if row.low is not None}
    assert all(flatten(used)[name] >= least for name, least in low.items())


def scaled(length, time):
    """Settings of a robot and a task in other units; what is derived follows."""
    dimensions = {
        "robot_radius": (1, 0),
        "vx_max": (1, -1),
        "wz_max": (0, -1),
        "ax_max": (1, -2),
        "az_max": (0, -2),
        "xy_goal_tolerance": (1, 0),
        "controller_frequency": (0, -1),
        "command_delay": (0, 1),
        "moving_margin_time": (0, 1),
        "movement_time_allowance": (0, 1),
        "mme.mode_dwell_time": (0, 1),
        "costs.surprise_time": (0, 1),
    }
    given = flatten(ControllerSettings())
    values = {n: given[n] * length**m * time**s for n, (m, s) in dimensions.items()}
    return build(ControllerSettings, values)


def one_backward_pass(length, time):
    """Costs and feedforwards of random plans in the trap, in units of the robot of the parameters.

    Without regularisation, which is no part of the problem.
    """
    settings, problem = in_own_units(scaled(length, time)), standard_problem()
    # It adds squares of m/s and rad/s, so no scale suits both.
    settings = rebuilt(settings, {"costs.terminal_speed_weight": 0.0})
    units, pace = np.array([length, length, 1.0]), np.array([length / time, 1.0 / time])
    limits, rng = (
        robot_of(ControllerSettings()).limits(ControllerSettings()),
        np.random.default_rng(0),
    )
    U = rng.uniform(limits.lower, limits.upper, (5, settings.mme.time_steps, 2)) * pace
    circles = TRAP * [length, length, length, length / time, length / time]
    goal = np.array([6.0, 0.0]) * length
    data = stage_data(problem, settings, goal, circles, None, yaw=0.4)
    x0 = np.append([0.3, -0.1, 0.1] * units, [0.5, 0.2] * pace)
    kernel = one_robot(problem)
    costs, found = kernel.optimise(x0, U, data, 0).costs, kernel.policies(x0, U, data)
    return costs, found.k / pace, found.K[..., :2] / pace[:, None] * length


def test_the_problem_of_a_robot_in_other_units_is_the_same_problem():
    usual = one_backward_pass(1.0, 1.0)
    assert usual[0].min() > 5.0
    for length, time in ((2.0, 0.5), (0.5, 2.0), (3.0, 1.0)):
        for found, expected in zip(one_backward_pass(length, time), usual, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def driven(length, time, cycles=55):
    """Return x, y, yaw, vx, wz of a drive between posts, in units of the robot of the parameters.

    The plant does at once what it is told: whatever differs is the controller's.
    """
    units = np.array([length, length, 1.0, length / time, 1.0 / time])
    control = LocalController(scaled(length, time), realtime=False)
    circles = POSTS * [length, length, length, length / time, length / time]
    goal, x, rows = Pose(6.0 * length, 0.0, 0.0), np.zeros(5), []
    for n in range(cycles):
        now = n * PERIOD
        moved = circles.copy()
        moved[:, :2] += now * time * circles[:, 3:]
        state = RobotState(*(x * units)[:3].tolist(), *(x * units)[3:].tolist())
        result = control.compute_command(Situation(state, goal, now * time, circles=moved))
        assert result.status is ControlStatus.DRIVING
        v, w = result.vx * time / length, result.wz * time
        heading = x[2] + 0.5 * PERIOD * w
        step = PERIOD * np.array([v * math.cos(heading), v * math.sin(heading), w])
        x = np.append(x[:3] + step, [v, w])
        rows.append(x)
    return np.array(rows)


@pytest.fixture(scope="module")
def usual():
    return driven(1.0, 1.0)


@pytest.mark.parametrize(("length", "time"), [(2.0, 0.5), (0.5, 2.0), (4.0, 1.0)])
def test_a_robot_of_another_size_and_speed_drives_the_same_way_in_a_world_like_itself(
    length, time, usual
):
    """At 4 m/s, at 0.25 m/s, and four times as large; only the regularisation is not scaled."""
    assert usual[-1, 0] > 4.5  # past them
    found = driven(length, time)
    assert np.hypot(*(found - usual)[:, :2].T).max() < 0.01


NUMBERS = [row for row in table(ControllerSettings) if row.low is not None and row.high is not None]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_what_is_accepted_alone_has_own_units(row):
    """A parameter at the end of its range is refused by name, or the controller can use it."""
    for value in (row.low, row.high):
        try:
            settings = build(ControllerSettings, {row.name: row.kind(value)})
        except SettingError:
            continue
        in_own_units(settings)


def test_derived_distances_keep_their_order():
    for values in ({"min_lookahead_distance": 50.0}, {"lookahead_distance": 0.5}):
        own = in_own_units(ControllerSettings(**values))
        assert own.min_lookahead_distance == own.lookahead_distance
