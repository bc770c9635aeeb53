import math

import pytest

from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.safety import OF_CONTROLLER, SafetySettings
from mme_ilqr_ros.settings import table


def test_what_it_has_of_the_controller_is_declared_as_there():
    own, others = (
        {row.name: row for row in table(k)} for k in (SafetySettings, ControllerNodeSettings)
    )
    assert {name: own[name] for name in OF_CONTROLLER} == {n: others[n] for n in OF_CONTROLLER}


def test_a_differential_drive_does_not_slide():
    assert SafetySettings(vy_max=0.5).limits.upper == (1.0, 0.0, 1.5)
    assert SafetySettings(motion_model="omni", vy_max=0.5).limits.upper == (1.0, 0.5, 1.5)


def test_a_car_turns_as_its_steering_lets_it():
    limits = SafetySettings(motion_model="ackermann", wheelbase=0.5, steering_max=0.4).limits
    assert limits.curvature == pytest.approx(math.tan(0.4) / 0.5)
    assert limits.upper[2] == pytest.approx(limits.curvature)
