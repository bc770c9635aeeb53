import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.settings import build
from mme_ilqr_ros.simulation.scenario import load_scenario
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.simulator import Simulator

FREE = load_scenario("crossing")


def simulator(seed=0, **drift):
    values = {f"odom_drift.{name}": value for name, value in drift.items()}
    values |= {"cmd_vel_timeout": 0.0, "actuator_time_constant": 0.0}
    return Simulator(FREE, build(SimulatorSettings, values), np.random.default_rng(seed))


def drive(sim, vx, wz, seconds):
    sim.command(vx, wz)
    for _ in range(round(seconds / 0.05)):
        sim.step(0.05)
    return sim


def test_without_drift_odometry_is_the_true_state():
    sim = drive(simulator(), 0.5, 0.3, 1.0)
    assert sim.measured_state() == sim.state


def test_wheels_that_slip_measure_too_long_a_way():
    sim = drive(simulator(distance=0.02), 0.5, 0.0, 2.0)
    measured = sim.measured_state()
    assert measured.x - FREE.start.x == pytest.approx(1.02 * (sim.state.x - FREE.start.x))
    assert measured.vx == pytest.approx(1.02 * sim.state.vx)
    assert measured.yaw == sim.state.yaw


def test_a_turn_is_measured_too_large_by_its_share():
    sim = drive(simulator(turn=0.1), 0.0, 1.0, 1.5)
    assert sim.measured_state().yaw == pytest.approx(1.1 * sim.state.yaw)
    assert sim.measured_state().wz == pytest.approx(1.1)


def test_wheels_of_unequal_size_turn_a_straight_way_into_an_arc():
    sim = drive(simulator(yaw_per_metre=0.1), 0.5, 0.0, 3.0)
    way, measured = sim.state.x - FREE.start.x, sim.measured_state()
    assert measured.yaw == pytest.approx(0.1 * way)
    # An arc of radius 10 m.
    assert measured.x - FREE.start.x == pytest.approx(10.0 * math.sin(0.1 * way))
    assert measured.y - FREE.start.y == pytest.approx(10.0 * (1.0 - math.cos(0.1 * way)))


def test_slip_that_comes_and_goes_spreads_with_the_root_of_the_way():
    errors = []
    for seed in range(150):
        sim = drive(simulator(seed, yaw_walk=0.05), 0.5, 0.0, 1.0)
        errors.append(sim.measured_state().yaw)
    way = sim.state.x - FREE.start.x
    assert np.std(errors) == pytest.approx(0.05 * math.sqrt(way), rel=0.17)
    assert abs(np.mean(errors)) < 0.015


def test_the_robot_itself_does_not_care_how_it_is_measured():
    sims = [drive(simulator(**drift), 0.5, 0.4, 1.0) for drift in ({}, {"distance": 0.1})]
    assert sims[0].state == sims[1].state
    assert sims[0].measured_state() != sims[1].measured_state()


def test_a_reset_begins_dead_reckoning_anew():
    sim = drive(simulator(distance=0.1), 0.5, 0.4, 1.0)
    sim.reset(Pose(1.0, 2.0, 0.5))
    assert sim.measured_state() == sim.state
