"""Way changes are counted from the recorded candidates: on which side of an obstacle they pass."""

import numpy as np

from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.reporting.way_changes import way_change_times

X = np.linspace(0.0, 4.0, 21)
LEFT, RIGHT = (np.stack([X, side * np.sin(X * np.pi / 4.0)], axis=1) for side in (1.0, -1.0))
NEARBY = LEFT * [1.0, 1.1]


def record_of(*cycles):
    """Return a record of (candidates, chosen) a second apart, with a circle in the middle."""
    record, before = RunRecord(), None
    for time, (lines, chosen) in enumerate(cycles):
        record.add_circles(time, [[2.0, 0.0, 0.5]])
        record.add_modes(time, lines, np.ones(len(lines)), chosen, chosen != before)
        before = chosen
    return record


def test_a_switch_to_the_other_side_is_a_change_and_one_on_the_same_side_is_none():
    lines = [LEFT, RIGHT, NEARBY]
    record = record_of((lines, 0), (lines, 1), (lines, 1), (lines, 0), (lines, 2))
    assert record.mode_switches == 4
    assert way_change_times(record, 0.1) == [1.0, 3.0]


def test_with_one_plan_a_cycle_nothing_is_known():
    assert way_change_times(record_of(([LEFT], 0), ([RIGHT], 0)), 0.1) is None
