"""How far a robot has to look is bounded, whatever odometry says."""

import pytest

from mme_ilqr_ros.control.look import LONGEST, look_distance
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.pose import RobotState


@pytest.mark.parametrize("vx", [100.0, -1000.0])
def test_no_speed_asks_for_the_whole_town(vx):
    assert look_distance(ControllerSettings(), RobotState(0.0, 0.0, 0.0, vx)) == LONGEST


def test_a_robot_looks_as_far_as_it_needs_to_stop():
    near, far = (
        look_distance(ControllerSettings(), RobotState(0.0, 0.0, 0.0, vx)) for vx in (0.0, 1.0)
    )
    assert far == pytest.approx(near + 0.3 + 0.2)
