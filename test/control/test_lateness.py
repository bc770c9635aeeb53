import math

import numpy as np
import pytest

from mme_ilqr_ros.control.clock_watch import PATIENCE as CLOCK_PATIENCE
from mme_ilqr_ros.control.clock_watch import ClockWatch
from mme_ilqr_ros.control.lateness import AHEAD, Stream


def fed(stream, lag, begin=0.0, seconds=3.0, period=0.1):
    """Let messages of one lag come; return the notes and the time after them."""
    times = begin + period * np.arange(round(seconds / period))
    return [stream.take(float(t), lag) for t in times], float(times[-1])


def test_before_the_first_message_all_is_late():
    assert Stream("odom", 0.25).is_late(1e9)


def test_age_counts_from_the_stamp_and_not_from_the_arrival():
    stream = Stream("odom", 0.25)
    assert stream.take(10.0, 0.2) == ""
    assert not stream.is_late(10.04)
    assert stream.is_late(10.06)


def test_a_late_message_does_not_count():
    stream = Stream("odom", 0.25)
    stream.take(10.0, 0.0)
    assert "0.60 s after its stamp" in stream.take(10.1, 0.6)
    assert stream.is_late(10.26)


def test_a_message_older_than_the_one_before_does_not_count():
    stream = Stream("odom", 0.25)
    stream.take(10.0, 0.0)
    assert "out of order" in stream.take(10.1, 0.2)
    assert stream.newest == 10.0


def test_a_stamp_from_the_future_buys_no_time():
    stream = Stream("odom", 0.25)
    stream.take(10.0, -0.5 * AHEAD)
    assert stream.is_late(10.26)
    assert "in the future" in stream.take(10.0, -100.0)
    assert stream.is_late(10.26)


def test_one_wrong_stamp_spoils_nothing():
    stream = Stream("odom", 0.25)
    fed(stream, 0.01)
    stream.take(3.0, -100.0)
    assert stream.take(3.1, 0.01) == ""


@pytest.mark.parametrize("ahead", [0.3, 5.0, 1e6])
def test_another_clock_that_is_ahead_is_understood_after_a_second(ahead):
    stream = Stream("odom", 0.25)
    notes, end = fed(stream, -ahead)
    assert all("in the future" in note for note in notes[:10])
    assert not any(notes[11:])
    assert stream.offset == pytest.approx(-ahead)
    assert stream.is_late(end + 0.26)
    assert stream.take(end + 0.1, -ahead + 0.4) != ""  # late, by that clock


def test_what_was_taken_for_another_clock_and_was_not_is_found_out():
    stream = Stream("odom", 0.25)
    _, end = fed(stream, -0.7)
    notes, _ = fed(stream, 0.01, begin=end + 0.1)
    assert all(notes[:10])
    assert not any(notes[12:])
    assert stream.offset == 0.0


def test_a_receiver_whose_clock_stutters_takes_it_for_no_other_clock():
    stream = Stream("odom", 0.25)
    for i in range(100):
        stream.take(0.1 * i, -0.09 * (i % 10))
    assert abs(stream.offset) < 0.05
    assert stream.take(10.0, 0.0) == ""


def test_a_sensor_that_lags_stays_late_however_long():
    stream = Stream("scan", 0.25)
    notes, _ = fed(stream, 0.4, seconds=20.0)
    assert all(notes)
    assert stream.is_late(20.0)


def test_the_sender_of_commands_may_have_a_clock_that_is_behind():
    stream = Stream("cmd", 0.25, may_lag=True)
    notes, end = fed(stream, 7.0)
    assert not any(notes[11:])
    assert stream.take(end + 0.5, 7.4) != ""


def test_a_queue_of_old_commands_is_refused():
    """After SIGCONT: made every 0.1 s, and all here at once."""
    stream = Stream("cmd", 0.25, may_lag=True)
    _, end = fed(stream, 0.001)
    back = end + 3.0
    for made in np.arange(end + 0.1, back - 0.3, 0.1):
        assert stream.take(back, back - float(made)) != ""
    assert stream.take(back + 0.01, 0.002) == ""


def test_a_slow_topic_is_waited_for():
    stream = Stream("scan", 0.25)
    fed(stream, 0.0, period=0.2)
    assert stream.patience == pytest.approx(0.45)


def test_a_topic_that_becomes_slow_is_not():
    stream = Stream("scan", 0.25)
    _, end = fed(stream, 0.0, period=0.1)
    fed(stream, 0.0, begin=end + 0.5, seconds=20.0, period=0.5)
    assert stream.patience == 0.25


def test_clocks_that_drift_apart_are_followed():
    stream = Stream("cmd", 0.25, may_lag=True)
    for i in range(20000):
        assert stream.take(0.1 * i, 1e-4 * 0.1 * i) == ""  # 0.2 s in the end


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_silence_is_noticed_in_time(seed):
    rng = np.random.default_rng(seed)
    stream, now = Stream("cmd", 0.25, may_lag=bool(seed % 2)), 0.0
    for _ in range(2000):
        now += float(rng.choice([0.0, 1e-3, 0.05, 0.1]))
        lag = rng.choice([0.0, 0.01, 0.2, 1.0, -0.05, -3.0, 5.0, 1e9, math.nan, math.inf])
        stream.take(now, float(lag))
        assert stream.newest <= now
        assert stream.is_late(now + stream.patience + 1e-9)
    assert stream.patience == 0.25


def test_a_clock_that_stands_still_or_goes_back_is_seen():
    watch = ClockWatch()
    watch.look(0.0, 0.0)
    assert watch.fault == "no time on /clock yet"
    assert not watch.look(1.0, 5.0)
    assert watch.fault == ""
    watch.look(1.01 + CLOCK_PATIENCE, 5.0)
    assert watch.fault == "/clock stands still"
    assert watch.look(1.5, 2.0)
    assert watch.fault == ""
