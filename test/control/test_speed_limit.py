"""A limit on the speed clamps: at once, as fast as the robot brakes, and until it is lifted."""

from dataclasses import replace

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.speed_limit import share_of
from mme_ilqr_ros.geometry.pose import Pose, RobotState

PERIOD = 0.1
SETTINGS = ControllerSettings(controller_frequency=1.0 / PERIOD)


@pytest.mark.parametrize(
    ("limit", "is_percentage", "share"),
    [
        (0.0, True, 1.0),
        (0.0, False, 1.0),
        (30.0, True, 0.3),
        (250.0, True, 1.0),
        (0.5, False, 0.25),
        (5.0, False, 1.0),
    ],
)
def test_the_share_of_a_limit(limit, is_percentage, share):
    assert share_of(limit, 2.0, is_percentage=is_percentage) == pytest.approx(share)


@pytest.mark.parametrize("limit", [-0.1, np.nan, np.inf])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match="must be finite and not negative"):
        share_of(limit, 1.0, is_percentage=False)


def test_a_limited_robot_slows_down_within_its_limits_and_stays_slow():
    control, state, speeds = LocalController(SETTINGS, realtime=False), None, []
    events = {
        15: lambda: control.limit_speed(0.3),
        30: control.reset,
        35: lambda: control.update(replace(SETTINGS, wz_max=1.0)),
        45: lambda: control.limit_speed(1.0),
    }
    state = RobotState(0.0, 0.0, 0.0)
    for k in range(60):
        events.get(k, lambda: None)()
        goal = Pose(20.0 if k < 25 else 15.0, 0.0, 0.0)
        result = control.compute_command(Situation(state, goal, PERIOD * k))
        speeds.append(result.vx)
        state = RobotState(state.x, state.y, state.yaw, result.vx, result.wz).after(PERIOD)
    speeds = np.array(speeds)
    assert speeds[14] > 0.9
    assert np.abs(np.diff(speeds)).max() <= 2.5 * PERIOD + 1e-9  # ax_max
    assert speeds[18:45].max() <= 0.3 + 1e-9
    assert speeds[18:45].min() > 0.25
    assert speeds[-1] > 0.9
