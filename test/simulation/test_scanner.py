import dataclasses
import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.settings import build
from mme_ilqr_ros.simulation.lidar import scan as cast_all
from mme_ilqr_ros.simulation.obstacles import Box, Shuttle
from mme_ilqr_ros.simulation.robot import RobotSpec, roll
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.simulator import Simulator

WALL = Box(Pose(4.0, 0.0, 0.0), (1.0, 40.0))  # its face is the line x = 3.5


def simulator(seed=0, *, circles=(), shuttles=(), boxes=(WALL,), **values):
    scenario = Scenario(
        name="wall",
        description="",
        start=Pose(0.0, 0.0, 0.0),
        goal=Pose(-3.0, 0.0, 0.0),
        goal_tolerance=0.2,
        timeout=10.0,
        robot=RobotSpec(vx_max=2.0, wz_max=3.0),
        circles=as_circles(circles),
        grid=GridMap.empty(40.0, 40.0, 0.1, Pose(-20.0, -20.0, 0.0)),
        shuttles=tuple(shuttles),
        boxes=boxes,
    )
    usual = {"scan__noise_std": 0.0, "scan__range_max": 30.0, "actuator_time_constant": 0.0}
    values = usual | values
    named = {name.replace("__", "."): value for name, value in values.items()}
    return Simulator(scenario, build(SimulatorSettings, named), np.random.default_rng(seed))


def drive(sim, vx, wz, seconds):
    for _ in range(round(seconds / 0.01)):
        sim.command(vx, wz)
        sim.step(0.01)


def places(scan, robots):
    """Return where the hits [B, 2] of a scan are, from the robot's pose at the time of each ray."""
    angles = scan.angle_min + scan.angle_increment * np.arange(len(scan.ranges))
    ranges = np.where(np.isfinite(scan.ranges), scan.ranges, np.nan)
    ends = ranges[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    together = zip(robots, ends, strict=True)
    return np.array([pose.compose(scan.mount).transform(end) for pose, end in together])


def times_of(scan):
    return scan.stamp + scan.time_increment * np.arange(len(scan.ranges))


@pytest.mark.parametrize("mount_x", [0.0, 0.7])
@pytest.mark.parametrize(("vx", "wz"), [(0.0, 2.5), (1.0, -2.0), (-0.0, 0.0)])
def test_the_rays_of_a_turn_are_those_of_a_robot_that_drives_on(vx, wz, mount_x):
    sim = simulator(
        scan__rotation_time=0.2, scan__mount_x=mount_x, scan__beams=180, cmd_vel_timeout=0.0
    )
    drive(sim, vx, wz, 1.0)  # the speeds are constant when the turn begins
    end, vx, wz = sim.state, sim.state.vx, sim.state.wz
    scan = sim.measured_scan()
    assert scan.time_increment == pytest.approx(0.2 / 180)
    times = times_of(scan)
    assert times[-1] == pytest.approx(sim.time)
    robots = [roll(end.pose, vx, wz, t - sim.time) for t in times]
    hit = np.isfinite(scan.ranges)
    assert hit.sum() > 50
    np.testing.assert_allclose(places(scan, robots)[hit, 0], 3.5, atol=1e-8)
    if wz:  # as if measured at once, the wall would be bent by many centimetres
        assert np.ptp(places(scan, [end.pose] * 180)[hit, 0]) > 0.3


def test_a_turn_sees_circles_where_they_were():
    """The disc passes ahead at 2 m/s; a ray 0.1 s old sees it 0.2 m before its place."""
    shuttle = Shuttle(0.4, (3.0, -8.0), (3.0, 8.0), 2.0)
    sim = simulator(shuttles=[shuttle], boxes=(), scan__rotation_time=0.2, scan__beams=720)
    sim.step(4.0)
    scan = sim.measured_scan()
    robots = [sim.state.pose] * 720
    for point, t in zip(places(scan, robots), times_of(scan), strict=True):
        if np.isfinite(point).all():
            away = np.hypot(*(point - shuttle.at(t)[:2]))
            assert away == pytest.approx(0.4, abs=1e-9)
    assert np.isfinite(scan.ranges).sum() > 20
    assert times_of(scan)[np.isfinite(scan.ranges)].max() < sim.time - 0.08


def test_before_the_first_step_a_turn_is_of_a_robot_at_rest():
    sim = simulator(scan__rotation_time=0.3)
    scan = sim.measured_scan()
    hit = np.isfinite(scan.ranges)
    np.testing.assert_allclose(places(scan, [sim.state.pose] * 360)[hit, 0], 3.5, atol=1e-9)


def test_a_scanner_that_spins_slower_than_it_says_keeps_its_time_increment():
    sim = simulator(scan__rotation_time=0.1, scan__faults__spin_error=0.5)
    drive(sim, 0.0, 1.0, 0.5)
    scan = sim.measured_scan()
    assert scan.time_increment == pytest.approx(0.1 / 360)
    assert sim.time - scan.stamp == pytest.approx(1.5 * 359 * 0.1 / 360)


def test_each_scanner_sees_what_its_mount_lets_it():
    """A cart with one scanner at each end, of half a turn each, between two walls."""
    behind = Box(Pose(-6.0, 0.0, 0.0), (1.0, 40.0))  # its face is the line x = -5.5
    half = {"beams": 181, "field_of_view": math.pi, "noise_std": 0.0, "range_max": 30.0}
    rear = half | {"mount_x": -0.6, "mount_y": 0.2}
    values = {f"scan__{k}": v for k, v in (half | {"mount_x": 0.6}).items()}
    values |= {f"scan_rear__{k}": v for k, v in rear.items()}
    sim = simulator(boxes=(WALL, behind), **values)
    front, back = sim.measured_scan(), sim.measured_scan("scan_rear")
    assert front.ranges[90] == pytest.approx(2.9)
    assert back.ranges[90] == pytest.approx(4.9)
    assert back.mount == Pose(-0.6, 0.2, math.pi)
    for scan, face in ((front, 3.5), (back, -5.5)):
        hit = np.isfinite(scan.ranges)
        np.testing.assert_allclose(places(scan, [sim.state.pose] * 181)[hit, 0], face, atol=1e-9)


def test_most_robots_have_one_scanner():
    assert list(SimulatorSettings().scanners) == ["scan"]
    assert list(build(SimulatorSettings, {"scan_rear.beams": 9}).scanners) == ["scan", "scan_rear"]


@pytest.mark.parametrize(("value", "is_it"), [("inf", np.isinf), ("nan", np.isnan)])
def test_dropouts_are_the_share_that_is_set(value, is_it):
    around = [[0.0, 9.0, 8.5], [0.0, -9.0, 8.5]]
    named = {"scan__faults__dropout": 0.2, "scan__faults__dropout_value": value}
    clean, faulty = simulator(circles=around), simulator(circles=around, **named)
    seen = np.isfinite(clean.measured_scan().ranges)
    lost = [is_it(faulty.measured_scan().ranges[seen]).mean() for _ in range(60)]
    assert np.mean(lost) == pytest.approx(0.2, abs=0.01)


def test_rays_through_dirt_end_at_the_glass():
    dirt = {"scan__faults__dirt_width": 0.2, "scan__faults__dirt_direction": math.pi}
    ranges = simulator(**dirt).measured_scan().ranges
    angles = -math.pi + 2.0 * math.pi / 360 * np.arange(360)
    dirty = np.pi - np.abs(angles) <= 0.1
    assert dirty.sum() == 11
    np.testing.assert_array_equal(ranges == 0.1, dirty)


def test_a_scan_of_all_at_once_is_stamped_now():
    sim = simulator()
    drive(sim, 1.0, 0.5, 0.5)
    scan = sim.measured_scan()
    assert (scan.stamp, scan.time_increment) == (sim.time, 0.0)


def test_turning_rays_are_the_same_as_those_at_once_while_the_robot_stands():
    once, turning = simulator(), simulator(scan__rotation_time=0.1)
    for sim in (once, turning):
        sim.step(0.5)
    np.testing.assert_array_equal(once.measured_scan().ranges, turning.measured_scan().ranges)


def test_a_reset_forgets_where_the_robot_was():
    sim = simulator(scan__rotation_time=0.2)
    drive(sim, 1.0, 0.0, 1.0)
    sim.reset(Pose(-2.0, 0.0, 0.0))
    scan = sim.measured_scan()
    hit = np.isfinite(scan.ranges)
    np.testing.assert_allclose(places(scan, [sim.state.pose] * 360)[hit, 0], 3.5, atol=1e-9)


def test_faults_and_noise_can_be_changed_on_the_way():
    sim = simulator()
    sim.settings = dataclasses.replace(
        sim.settings, scan=build(type(sim.settings.scan), {"faults.dropout": 1.0})
    )
    assert np.isinf(sim.measured_scan().ranges).all()


def test_by_default_a_scan_is_what_it_always_was_bit_by_bit():
    """One throw of noise a ray, on what all rays see at once from the robot's centre."""
    sim = simulator(seed=3, circles=[[1.0, 1.0, 0.4]], scan__noise_std=0.01)
    drive(sim, 0.8, 0.4, 0.5)
    rng = np.random.default_rng(3)
    for _ in range(2):
        angles = -math.pi + 2.0 * math.pi / 360 * np.arange(360)
        world = (sim.circles(), sim.scenario.grid, 30.0, sim.scenario.boxes)
        true = cast_all(sim.state.pose, angles, *world)
        noisy = np.clip(true + rng.normal(scale=0.01, size=360), 0.05, 30.0)
        expected = np.where(np.isinf(true), true, noisy)
        np.testing.assert_array_equal(sim.measured_scan().ranges, expected)
