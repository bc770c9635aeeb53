import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.pose import (
    Pose,
    RobotState,
    difference,
    quaternion_to_yaw,
    wrap,
    yaw_to_quaternion,
)


def test_wrap_keeps_the_direction_and_lands_in_the_half_open_interval():
    angles = np.random.default_rng(0).uniform(-50.0, 50.0, 2000)
    wrapped = wrap(angles)
    assert ((wrapped > -np.pi) & (wrapped <= np.pi)).all()
    np.testing.assert_allclose(np.exp(1j * wrapped), np.exp(1j * angles), atol=1e-12)


@pytest.mark.parametrize("turns", [-5, -3, -1, 1, 3, 5])
def test_half_turns_wrap_to_plus_pi(turns):
    assert wrap(turns * math.pi) == pytest.approx(math.pi, abs=1e-14)


def test_angles_already_inside_are_not_touched():
    assert wrap(1e-20) == 1e-20
    assert wrap(math.pi) == math.pi
    assert wrap(-math.pi) == math.pi


def test_difference_is_the_short_way_round():
    assert difference(3.0, -3.0) == pytest.approx(6.0 - 2.0 * math.pi)
    assert difference(-3.0, 3.0) == pytest.approx(2.0 * math.pi - 6.0)


def test_quaternions_return_the_yaw_even_when_scaled():
    for yaw in np.linspace(-3.1, math.pi, 30):
        scaled = 2.5 * np.array(yaw_to_quaternion(yaw))
        assert quaternion_to_yaw(*scaled) == pytest.approx(yaw, abs=1e-12)


def test_pose_after_its_inverse_is_the_identity():
    rng = np.random.default_rng(1)
    for x, y, yaw in rng.uniform(-4.0, 4.0, (50, 3)):
        same = Pose(x, y, yaw).compose(Pose(x, y, yaw).inverse())
        np.testing.assert_allclose([same.x, same.y, same.yaw], 0.0, atol=1e-12)


def test_composition_transforms_points_one_after_the_other():
    rng = np.random.default_rng(2)
    first, second = Pose(1.0, -2.0, 0.7), Pose(-0.3, 0.4, 2.9)
    points = rng.normal(size=(3, 4, 2))
    both = first.compose(second).transform(points)
    np.testing.assert_allclose(both, first.transform(second.transform(points)), atol=1e-12)


def test_a_state_knows_its_parts_and_whether_it_is_finite():
    state = RobotState(1.0, 2.0, 0.5, 0.3, -0.1)
    np.testing.assert_array_equal(state.as_array(), [1.0, 2.0, 0.5, 0.3, -0.1])
    np.testing.assert_array_equal(state.position, [1.0, 2.0])
    assert state.pose == Pose(1.0, 2.0, 0.5)
    assert state.is_finite()
    assert not RobotState(1.0, 2.0, math.nan).is_finite()
