"""Odometry between, before and after its stamps."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory


def on_circle(t, speed=1.0, turn=0.5):
    """Return the state of a robot that drives a circle from the origin."""
    r = speed / turn
    yaw = turn * t
    return RobotState(r * math.sin(yaw), r * (1.0 - math.cos(yaw)), yaw, speed, turn)


def test_between_stamps_and_a_little_beyond_them_it_is_where_the_robot_was():
    history = PoseHistory()
    for t in np.arange(0.0, 1.0, 0.02):
        assert history.add(float(t), on_circle(t))
    for t in (-0.1, 0.0, 0.31, 0.977, 1.1):
        pose, true = history.at(t), on_circle(t)
        assert math.dist((pose.x, pose.y), true.position) < 1e-4
        assert pose.yaw == pytest.approx(true.yaw, abs=1e-9)


def test_a_heading_that_passes_half_a_turn_is_not_averaged_to_zero():
    history = PoseHistory()
    history.add(0.0, RobotState(0.0, 0.0, 3.1))
    history.add(1.0, RobotState(0.0, 0.0, -3.1))
    assert abs(history.at(0.5).yaw) == pytest.approx(math.pi, abs=1e-9)


def test_what_comes_late_is_refused_and_a_clock_that_starts_again_starts_a_new_history():
    history = PoseHistory()
    history.add(100.0, RobotState(1.0, 0.0, 0.0))
    assert not history.add(99.9, RobotState(9.0, 9.0, 0.0))
    assert history.covers(100.2)
    assert not history.covers(103.0)
    assert history.add(0.0, RobotState(2.0, 0.0, 0.0))
    assert history.at(0.0).x == 2.0


def test_a_step_that_no_robot_makes_is_told_and_driving_is_not():
    history = PoseHistory()
    for t in np.arange(0.0, 20.0, 0.05):  # many more states than are kept
        history.add(float(t), on_circle(t))
    assert history.jumps_since(0.0) == []
    true = on_circle(20.0)
    history.add(20.0, RobotState(true.x + 0.5, true.y, true.yaw, true.vx, true.wz))
    (jump,) = history.jumps_since(19.9)
    assert jump.stamp == 20.0
    assert jump.distance == pytest.approx(0.5, abs=0.01)
    assert history.jumps_since(20.0) == []
