"""What scanners and odometry do wrong, through the controller node: said, safe, and over."""

import pytest

rclpy = pytest.importorskip("rclpy")

from mme_ilqr_ros.bringup.domain import reserved_domain
from studies.scan_faults.faults import FAULTS, suffer
from studies.scan_faults.rig import Rig

FEW = 3  # cells that a moment's noise may leave
QUICK = ("no rays", "two scanners disagree", "odometry jumps by 0.5 m")  # the others take a minute
CASES = [
    pytest.param(fault, id=fault.name, marks=() if fault.name in QUICK else pytest.mark.slow)
    for fault in FAULTS
]


@pytest.fixture(scope="module")
def rig():
    context = rclpy.Context()
    with reserved_domain() as domain:
        rclpy.init(context=context, domain_id=domain)
        rig = Rig(context)
        assert rig.start()
        yield rig
        rig.close()
        rclpy.shutdown(context=context)


@pytest.mark.parametrize("fault", CASES)
def test_a_fault_is_said_in_one_line_and_leaves_nothing_behind(rig, fault):
    outcome = suffer(rig, fault)
    assert 1 <= len(outcome.said(fault.line)) <= 2, outcome.lines  # two of a jump
    assert fault.stops in (None, outcome.stop is not None), outcome
    assert outcome.again is not None
    assert outcome.strays <= FEW


def test_all_that_is_asked_for_goes_wrong():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) == 13
