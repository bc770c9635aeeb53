import math

import numpy as np
import pytest

from mme_ilqr_ros.reporting.run_record import RunRecord


def test_an_empty_record_has_no_length_and_no_time():
    record = RunRecord()
    assert record.states.shape == (0, 6)
    assert record.commands.shape == (0, 3)
    assert (record.duration, record.path_length, record.control_cycles) == (0.0, 0.0, 0)
    assert record.min_clearance == math.inf
    assert record.circles_at(1.0).shape == (0, 5)
    assert record.plan_at(1.0).shape == (0, 2)
    assert record.modes_at(1.0) is None
    with pytest.raises(ValueError, match="no state"):
        record.state_at(0.0)


def test_path_length_and_duration_of_a_square():
    record = RunRecord()
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    for time, (x, y) in enumerate(corners):
        record.add_state(10.0 + time, x, y, 0.0, 1.0, 0.0)
    assert record.path_length == pytest.approx(4.0)
    assert record.duration == pytest.approx(4.0)


def test_lookups_return_the_last_entry_not_after_the_time():
    record = RunRecord()
    for time in (1.0, 2.0, 3.0):
        record.add_state(time, time, 0.0, 0.0, 0.0, 0.0)
        record.add_circles(time, [[time, 0.0, 0.5]])
        record.add_modes(time, [[[time, 0.0]]], [1.0], 0)
    assert [record.state_at(t)[1] for t in (0.0, 1.0, 2.5, 9.0)] == [1.0, 1.0, 2.0, 3.0]
    assert [record.circles_at(t)[0, 0] for t in (0.0, 2.5)] == [1.0, 2.0]
    assert record.modes_at(0.5) is None
    assert record.modes_at(2.5).time == 2.0


def test_switches_are_counted_and_the_least_clearance_is_kept():
    record = RunRecord()
    for switched in (False, True, False, True):
        record.add_modes(0.0, [np.zeros((3, 2))], [1.0], 0, switched)
    for clearance in (0.5, 0.2, 0.9):
        record.add_clearance(clearance)
    assert record.mode_switches == 2
    assert record.min_clearance == 0.2


def test_two_way_changes_within_a_second_are_a_flip():
    record = RunRecord()
    assert (record.way_changes, record.flips) == (None, None)
    record.way_change_times = [1.0, 2.5, 3.4, 4.4]
    assert (record.way_changes, record.flips) == (4, 1)


def test_plans_and_trajectories_may_carry_more_columns_than_x_and_y():
    record = RunRecord()
    record.add_plan(0.0, np.ones((4, 3)))
    assert record.plan_at(0.0).shape == (4, 2)


def test_bad_entries_are_refused():
    record = RunRecord()
    with pytest.raises(ValueError, match=r"state .* is not finite"):
        record.add_state(0.0, math.nan, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match=r"command .* is not finite"):
        record.add_command(0.0, math.inf, 0.0)
    with pytest.raises(ValueError, match=r"\[5\]"):
        record.add_plan(0.0, np.zeros(5))
    with pytest.raises(ValueError, match="1 modes, 2 weights"):
        record.add_modes(0.0, [np.zeros((3, 2))], [0.5, 0.5], 0)
    with pytest.raises(ValueError, match="chosen 1"):
        record.add_modes(0.0, [np.zeros((3, 2))], [1.0], 1)


def test_the_change_of_the_turning_rate_is_a_mean_over_time():
    record = RunRecord()
    assert record.turn_change is None
    for time, rate in [(0.0, 0.0), (0.5, 0.4), (1.0, -0.2), (2.0, -0.2)]:
        record.add_command(time, 0.0, rate)
    assert record.turn_change == pytest.approx((0.4 + 0.6) / 2.0)
