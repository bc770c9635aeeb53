import dataclasses
import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.settings import build
from mme_ilqr_ros.simulation.obstacles import Shuttle
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.simulator import Simulator

EMPTY = Scenario(
    name="empty",
    description="",
    start=Pose(0.0, 0.0, 0.0),
    goal=Pose(9.0, 0.0, 0.0),
    goal_tolerance=0.2,
    timeout=10.0,
    robot=RobotSpec(),
    circles=as_circles([]),
    grid=GridMap.empty(10.0, 10.0, 0.1, Pose(-5.0, -5.0, 0.0)),
)


def simulator(seed=0, *, circles=(), grid=EMPTY.grid, shuttles=(), **values):
    scenario = dataclasses.replace(
        EMPTY, circles=as_circles(circles), grid=grid, shuttles=tuple(shuttles)
    )
    values = {"actuator_time_constant": 0.0} | {k.replace("__", "."): v for k, v in values.items()}
    settings = build(SimulatorSettings, values)
    return Simulator(scenario, settings, np.random.default_rng(seed))


def drive(sim, vx, wz, seconds, dt=0.05):
    for _ in range(round(seconds / dt)):
        sim.command(vx, wz)
        sim.step(dt)
    return sim.state


def test_one_long_step_is_many_short_ones():
    long, short = simulator(), simulator()
    for sim in (long, short):
        sim.command(0.9, 0.7)
    long.step(0.3)
    for _ in range(30):
        short.step(0.01)
    np.testing.assert_allclose(long.state.as_array(), short.state.as_array(), atol=1e-12)
    assert long.time == pytest.approx(short.time) == pytest.approx(0.3)


def test_a_command_has_no_effect_before_its_delay():
    sim = simulator(command_delay=0.2)
    sim.command(1.0, 0.5)
    sim.step(0.2)
    assert sim.state.as_array().tolist() == [0.0] * 5
    sim.step(0.01)
    assert sim.state.vx == pytest.approx(2.5 * 0.01)


def test_delayed_commands_keep_their_order_and_spacing():
    sim = simulator(command_delay=0.1, cmd_vel_timeout=0.0)
    sim.command(1.0, 0.0)
    sim.step(0.05)
    sim.command(0.0, 0.0)
    sim.step(0.10)  # the first one worked for 0.05 s, the second one begins now
    assert sim.state.vx == pytest.approx(2.5 * 0.05)
    sim.step(0.05)
    assert sim.state.vx == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("time_constant", [0.0, 0.1])
def test_without_commands_the_robot_stops_within_its_limits(time_constant):
    sim = simulator(cmd_vel_timeout=0.5, actuator_time_constant=time_constant)
    drive(sim, 1.0, 0.5, 3.0)
    begin = sim.state
    sim.step(0.45)  # the last command is 0.05 s old, so this ends exactly at the timeout
    assert sim.state.vx == pytest.approx(begin.vx, abs=1e-3)
    for _ in range(200):
        before = sim.state
        after = sim.step(0.01)
        assert before.vx - after.vx <= 2.5 * 0.01 + 1e-12
    assert after.vx == pytest.approx(0.0, abs=1e-6)
    assert after.wz == pytest.approx(0.0, abs=1e-6)


def test_the_timeout_can_be_switched_off():
    sim = simulator(cmd_vel_timeout=0.0)
    sim.command(0.5, 0.0)
    sim.step(20.0)
    assert sim.state.vx == 0.5


def test_nothing_moves_before_the_first_command():
    sim = simulator()
    sim.step(1.0)
    assert sim.state.as_array().tolist() == [0.0] * 5


@pytest.mark.parametrize("command", [(math.nan, 0.0), (0.5, math.inf), (-math.inf, math.nan)])
def test_a_command_that_is_not_finite_stops_the_robot(command):
    sim = simulator()
    drive(sim, 1.0, 0.0, 1.0)
    assert sim.command(*command) is False
    sim.step(0.45)
    assert sim.state.vx == 0.0
    assert sim.state.is_finite()


def test_contact_with_a_circle_is_found_within_a_step_and_stops_the_robot():
    sim = simulator(circles=[[2.0, 0.0, 0.5]])
    drive(sim, 1.0, 0.0, 3.0)
    assert sim.collided
    # Contact at x = 2 - 0.5 - 0.2 = 1.3; one 10 ms step at 1 m/s is 0.01 m.
    assert 1.3 < sim.state.x <= 1.31 + 1e-9
    assert sim.state.vx == 0.0
    assert -0.01 - 1e-9 <= sim.min_clearance < 0.0


def test_contact_with_the_corner_of_a_cell():
    cells = np.zeros((100, 100), bool)
    cells[51, 60] = True  # the square from (1.0, 0.1) to (1.1, 0.2)
    sim = simulator(grid=GridMap(cells, 0.1, Pose(-5.0, -5.0, 0.0)))
    drive(sim, 1.0, 0.0, 2.0)
    # The disc of radius 0.2 touches (1.0, 0.1) at x = 1 - sqrt(0.04 - 0.01) = 0.8268.
    assert sim.collided
    assert 0.8267 < sim.state.x <= 0.8268 + 0.0101


def test_a_narrow_miss_is_no_contact():
    sim = simulator(circles=[[1.0, 0.701, 0.5]])
    drive(sim, 1.0, 0.0, 2.5)
    assert not sim.collided
    assert sim.min_clearance == pytest.approx(0.001, abs=1e-4)
    assert sim.min_clearance <= sim.clearance


def test_a_circle_that_comes_to_a_standing_robot_is_a_contact_too():
    sim = simulator(shuttles=[Shuttle(0.3, (3.0, 0.0), (-3.0, 0.0), 0.5)])
    sim.step(4.9)
    assert not sim.collided  # the circle's edge is at 3 - 0.5 * 4.9 - 0.3 = 0.25
    sim.step(0.2)
    assert sim.collided
    np.testing.assert_allclose(sim.circles()[0], [0.45, 0.0, 0.3, -0.5, 0.0], atol=1e-9)


def test_reset_gives_a_fresh_robot_but_not_a_fresh_clock():
    sim = simulator(circles=[[1.0, 0.0, 0.5]])
    drive(sim, 1.0, 0.0, 2.0)
    assert sim.collided
    sim.reset()
    assert (sim.collided, sim.time) == (False, pytest.approx(2.0))
    assert sim.min_clearance == pytest.approx(0.3)
    sim.step(0.5)
    assert sim.state.as_array().tolist() == [0.0] * 5
    sim.reset(Pose(-2.0, 1.0, 1.5))
    assert sim.state.pose == Pose(-2.0, 1.0, 1.5)


def test_a_noiseless_measurement_is_the_truth():
    sim = simulator()
    drive(sim, 1.0, 1.0, 1.0)
    assert sim.measured_state() == sim.state


def test_odometry_noise_has_its_standard_deviations_and_repeats_with_its_seed():
    stds = {"position_std": 0.02, "yaw_std": 0.01, "vx_std": 0.05, "wz_std": 0.1}
    values = {f"odom_noise__{name}": value for name, value in stds.items()}
    sims = [simulator(seed=5, **values) for _ in range(2)]
    measured = [np.array([sim.measured_state().as_array() for _ in range(4000)]) for sim in sims]
    np.testing.assert_array_equal(*measured)
    np.testing.assert_allclose(measured[0].std(axis=0), [0.02, 0.02, 0.01, 0.05, 0.1], rtol=0.05)


def test_a_scan_covers_the_full_turn_once():
    sim = simulator(circles=[[-2.0, 0.0, 0.5]], scan__noise_std=0.0, scan__beams=8)
    measured = sim.measured_scan()
    assert measured.angle_min == pytest.approx(-math.pi)
    assert measured.angle_increment == pytest.approx(math.pi / 4)
    np.testing.assert_allclose(measured.ranges, [1.5, *[np.inf] * 7])


def test_a_fan_includes_both_ends():
    sim = simulator(scan__beams=5, scan__field_of_view=math.pi)
    measured = sim.measured_scan()
    assert measured.angle_min == pytest.approx(-math.pi / 2)
    assert measured.angle_min + 4 * measured.angle_increment == pytest.approx(math.pi / 2)


def test_scan_noise_stays_within_the_sensor():
    sim = simulator(
        circles=[[0.0, 9.0, 8.79]], scan__noise_std=0.5, scan__range_min=0.1, scan__range_max=3.0
    )
    ranges = sim.measured_scan().ranges
    hits = ranges[np.isfinite(ranges)]
    assert len(hits) > 20
    assert ((hits >= 0.1) & (hits <= 3.0)).all()
    assert np.isinf(ranges).any()
