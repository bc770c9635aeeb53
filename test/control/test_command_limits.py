import math

import numpy as np
import pytest

from mme_ilqr_ros.control.command_limits import (
    REST,
    SPARE_PERIODS,
    SPARE_RATE,
    CommandLimiter,
    TwistLimits,
)

LIMITS = TwistLimits((-0.2, 0.0, -1.5), (1.0, 0.0, 1.5), (2.0, 2.0, 4.0))
PERIOD = 0.1


def limiter(limits=LIMITS, last=REST):
    made = CommandLimiter(limits)
    made.last = last
    return made


def after(wanted, last=REST, limits=LIMITS, measured=REST):
    return limiter(limits, last).limited(wanted, 10.0, PERIOD, measured)


def test_what_is_within_the_limits_passes_as_it_is():
    assert after((0.4, 0.0, 0.3), last=(0.35, 0.0, 0.1)).twist == (0.4, 0.0, 0.3)


def test_what_is_too_fast_becomes_slower_on_the_same_curve():
    limited = after((2.0, 0.0, 1.0), last=(1.0, 0.0, 0.5))
    assert limited.twist == pytest.approx((1.0, 0.0, 0.5))
    assert "vx = 2.00" in limited.note


@pytest.mark.parametrize(
    "last", [(1.0, 0.0, 0.0), (-0.2, 0.0, 1.5), (0.5, 0.0, -1.0), (0.9, 0.0, 1.4)]
)
def test_braking_is_never_slowed(last):
    for share in (0.0, 0.1, 0.5):
        wanted = tuple(share * value for value in last)
        assert after(wanted, last).twist == wanted


def test_no_one_reverses_who_may_not():
    forward = TwistLimits((0.0, 0.0, -1.5), (1.0, 0.0, 1.5), (2.0, 2.0, 4.0))
    assert after((-0.1, 0.0, 0.3), limits=forward).twist == pytest.approx(REST)
    assert after((-1e-9, 0.0, 0.3), limits=forward).twist == (0.0, 0.0, 0.3)  # rounding


def test_a_turn_to_the_other_side_counts_from_rest():
    twist = after((0.5, 0.0, 1.4), last=(0.5, 0.0, -1.4)).twist
    assert twist[2] <= SPARE_PERIODS * PERIOD * 4.0 + 1e-9
    assert twist[0] / twist[2] == pytest.approx(0.5 / 1.4)


def test_a_robot_that_moves_may_be_commanded_its_own_speed():
    assert after((0.9, 0.0, 0.0), measured=(0.9, 0.0, 0.0)).twist == (0.9, 0.0, 0.0)
    assert after((0.9, 0.0, 0.0)).twist[0] < 0.5


def test_commands_that_come_late_and_early_in_turn_pass():
    guard, now, speed = limiter(), 0.0, 0.0
    for i in range(5):
        speed += PERIOD * 2.0
        now = PERIOD * i + (0.06 if i % 2 else 0.0)
        assert guard.limited((min(speed, 1.0), 0.0, 0.0), now, PERIOD).note == ""


def test_a_car_turns_only_while_it_drives():
    car = TwistLimits((-1.0, 0.0, -2.0), (1.0, 0.0, 2.0), (9.0, 9.0, 90.0), curvature=2.0)
    assert after((0.0, 0.0, 1.0), limits=car).twist == REST
    assert after((0.5, 0.0, 1.5), limits=car).twist == pytest.approx((0.5, 0.0, 1.0))


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_wanted_the_limits_hold(seed):
    rng = np.random.default_rng(seed)
    limits = TwistLimits((-0.5, -0.3, -1.0), (1.2, 0.3, 1.0), (1.0, 0.7, 3.0))
    guard, now, sent = CommandLimiter(limits), 0.0, [(0.0, REST)]
    for _ in range(800):
        now += float(rng.choice([0.0, 0.001, 0.05, 0.1, 0.3]))
        scale = float(rng.choice([0.0, 0.1, 1.0, 1e3, 1e300]))
        wanted = tuple(scale * rng.uniform(-1.0, 1.0, 3))
        twist = guard.limited(wanted, now, PERIOD).twist
        assert all(map(math.isfinite, twist))
        for value, want, low, high in zip(twist, wanted, limits.lower, limits.upper, strict=True):
            assert low - 1e-9 <= value <= high + 1e-9
            assert value * want >= 0.0
            assert abs(value) <= abs(want) + 1e-12
        sent.append((now, twist))
    for (t0, before), (t1, then) in zip(sent[:-20], sent[20:], strict=True):
        for a, b, rate in zip(before, then, limits.rate, strict=True):
            gained = abs(b) - max(math.copysign(1.0, b) * a, 0.0)
            assert gained <= rate * (SPARE_RATE * (t1 - t0) + SPARE_PERIODS * PERIOD) + 1e-9
