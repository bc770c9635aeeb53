"""Stamps decide: each fault of a stream's stamps has its line, and the stream comes back."""

import math
import re

import pytest

from mme_ilqr_ros.geometry.stamps import AHEAD, Judged, Stamps

T = 1000.0  # s; the first stamp
TIMEOUT = 0.5


def judged(*pairs):
    """Return what is held of the last of some (stamp, now)."""
    stamps = Stamps()
    return [stamps.judge(stamp, now, TIMEOUT) for stamp, now in pairs][-1]


def test_a_message_is_as_old_as_its_stamp_says():
    assert judged((T, T + 0.3)) == Judged(pytest.approx(0.3))
    assert judged((T, T), (T + 0.02, T + 0.03)).fault == ""


def test_without_a_stamp_it_counts_as_now():
    assert judged((T, T), (0.0, T + 0.1)) == Judged(0.0)
    assert judged((0.0, 0.0)) == Judged(0.0)


def test_a_little_ahead_is_now():
    assert judged((T + AHEAD, T)) == Judged(0.0)


@pytest.mark.parametrize(
    ("pairs", "line"),
    [
        ([(T, T + 0.8)], r"its stamp is 0\.80 s old \(at most 0\.5 s\): set use_sim_time"),
        ([(T + 0.8, T)], r"its stamp is 0\.80 s in the future \(at most 0\.25 s\)"),
        ([(T, T), (T, T + 0.1)], "its stamp is the same again"),
        ([(T, T), (T - 0.1, T + 0.1)], r"its stamp is 0\.100 s before that of the one before"),
        ([(T, T + 3600.0)], r"3600 s old, of another clock: set use_sim_time"),
        ([(T + 3600.0, T)], r"3600 s in the future, of another clock"),
        ([(T, 0.0)], "this node's clock stands at 0"),
        ([(math.nan, T)], "its stamp is nan"),
        ([(math.inf, T)], "its stamp is inf"),
    ],
)
def test_each_fault_has_its_line(pairs, line):
    found = judged(*pairs)
    assert re.search(line, found.fault)
    assert math.isfinite(found.lag)


def test_time_that_begins_anew_is_followed_at_once():
    assert judged((T, T), (1.0, 1.0)).fault == ""


def test_a_stream_whose_clock_was_put_back_comes_back_within_the_timeout():
    stamps, now = Stamps(), T
    stamps.judge(T + 0.2, T, TIMEOUT)
    faults = []
    for _ in range(40):
        now += 0.02
        faults.append(stamps.judge(now - 0.2, now, TIMEOUT).fault)
    assert faults[0]
    assert not faults[-1]
    used = faults.index("")
    assert used * 0.02 <= TIMEOUT + AHEAD


def test_one_stamp_of_the_far_future_changes_nothing():
    assert judged((T, T), (T + 1e9, T + 0.02), (T + 0.04, T + 0.04)).fault == ""
