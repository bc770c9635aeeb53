import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.robot import Robot, RobotSpec, roll

ORIGIN = Pose(0.0, 0.0, 0.0)
DT = 0.01


def drive(robot, vx, wz, seconds, dt=DT):
    return [robot.step(vx, wz, dt) for _ in range(round(seconds / dt))]


@pytest.mark.parametrize("time_constant", [0.0, 0.05, 0.4])
def test_limits_hold_for_any_command(time_constant):
    spec = RobotSpec(vx_min=-0.3, vx_max=0.8, wz_max=1.1, ax_max=1.7, az_max=3.1)
    rng = np.random.default_rng(0)
    robot = Robot(spec, ORIGIN, time_constant)
    for _ in range(3000):
        before = robot.state
        dt = rng.uniform(0.001, 0.01)
        after = robot.step(*rng.normal(scale=5.0, size=2), dt)
        assert spec.vx_min <= after.vx <= spec.vx_max
        assert abs(after.wz) <= spec.wz_max
        assert abs(after.vx - before.vx) <= spec.ax_max * dt * (1.0 + 1e-12)
        assert abs(after.wz - before.wz) <= spec.az_max * dt * (1.0 + 1e-12)


def test_a_robot_that_must_not_reverse_does_not():
    robot = Robot(RobotSpec(vx_min=0.0), ORIGIN)
    assert drive(robot, -1.0, 0.0, 0.5)[-1].x == 0.0


def test_top_speeds_are_reached_exactly():
    state = drive(Robot(RobotSpec(), ORIGIN), 9.0, -9.0, 1.0)[-1]
    assert (state.vx, state.wz) == (1.0, -1.5)


def test_braking_from_full_speed_takes_v_squared_over_two_a():
    spec = RobotSpec(vx_max=1.0, ax_max=2.5)
    robot = Robot(spec, ORIGIN)
    begin = drive(robot, 1.0, 0.0, 1.0)[-1]
    end = drive(robot, 0.0, 0.0, 1.0)[-1]
    assert end.vx == 0.0
    # v^2 / 2a = 1 / 5 = 0.2 m
    assert end.x - begin.x == pytest.approx(0.2, abs=1e-12)


def test_a_lagging_robot_covers_63_percent_of_a_small_change_in_its_time_constant():
    robot = Robot(RobotSpec(), ORIGIN, time_constant=0.2)
    # 0.3 / 0.2 s = 1.5 m/s^2 at most, so the acceleration limit is out of play.
    states = drive(robot, 0.3, 0.0, 0.6)
    assert states[19].vx == pytest.approx(0.3 * (1.0 - math.exp(-1.0)), rel=1e-9)
    assert states[59].vx == pytest.approx(0.3 * (1.0 - math.exp(-3.0)), rel=1e-9)


def test_a_roll_follows_the_circle():
    # Radius v / w = 2 m about (0, 2); after a quarter turn the robot is at (2, 2) heading up.
    pose = roll(ORIGIN, 1.0, 0.5, math.pi)
    np.testing.assert_allclose([pose.x, pose.y, pose.yaw], [2.0, 2.0, math.pi / 2], atol=1e-12)


@pytest.mark.parametrize("wz", [0.0, 1e-12, 1e-4, 0.7, -3.0])
def test_many_short_rolls_are_one_long_one(wz):
    begin = pose = Pose(1.0, -2.0, 0.4)
    for _ in range(500):
        pose = roll(pose, 0.8, wz, DT)
    once = roll(begin, 0.8, wz, 5.0)
    np.testing.assert_allclose([pose.x, pose.y], [once.x, once.y], atol=1e-9)
    assert math.remainder(pose.yaw - once.yaw, 2.0 * math.pi) == pytest.approx(0.0, abs=1e-9)


def test_finer_steps_change_the_path_by_less_than_a_tenth_of_a_millimetre():
    ends = []
    for dt in (0.01, 0.001):
        robot = Robot(RobotSpec(), ORIGIN, 0.1)
        drive(robot, 1.0, 1.5, 1.0, dt)
        ends.append(drive(robot, 0.2, -1.5, 1.0, dt)[-1].position)
    assert np.linalg.norm(ends[0] - ends[1]) < 1e-4


def test_halting_keeps_the_pose():
    robot = Robot(RobotSpec(), ORIGIN)
    before = drive(robot, 1.0, 1.0, 0.5)[-1]
    robot.halt()
    assert robot.state.pose == before.pose
    assert (robot.state.vx, robot.state.wz) == (0.0, 0.0)
