import pytest

pytest.importorskip("rclpy")

from studies.stop_times.rig import Sent, stopped_after
from studies.stop_times.verb import _delays, _summary


def sent(*pairs):
    return [Sent(time, vx, 0.0) for time, vx in pairs]


def test_the_time_to_zero_is_that_of_the_first_after_which_none_is_driven():
    commands = sent((0.9, 0.0), (1.05, 0.5), (1.2, 0.0), (1.25, 0.0))
    assert stopped_after(commands, 1.0, 2.0) == pytest.approx(0.2)


def test_a_robot_that_goes_on_was_not_stopped():
    assert stopped_after(sent((1.1, 0.0), (1.2, 0.5)), 1.0, 2.0) is None
    assert stopped_after(sent((0.9, 0.5)), 1.0, 2.0) is None
    assert stopped_after(sent((0.9, 0.5), (1.2, 0.0), (2.1, 0.5)), 1.0, 2.0) == pytest.approx(0.2)


def test_delays_are_those_of_equal_commands():
    before, after = sent((1.0, 0.1), (1.1, 0.2)), sent((1.002, 0.1), (1.101, 0.2), (1.2, 0.0))
    assert list(_delays(before, after)) == pytest.approx([0.002, 0.001])


def test_a_run_without_a_stop_is_counted():
    rows = [{"fault": "a", "seconds": value} for value in (0.1, None, 0.3)]
    assert _summary("a", rows) == pytest.approx(
        {"fault": "a", "runs": 3, "median": 0.2, "worst": 0.3, "missed": 1}
    )
