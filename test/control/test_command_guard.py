import math

import numpy as np
import pytest

from mme_ilqr_ros.control.command_guard import (
    LEAST_ZEROS,
    MOST_ZEROS,
    CommandGuard,
    Guarded,
)
from mme_ilqr_ros.control.command_limits import REST, TwistLimits
from mme_ilqr_ros.control.lateness import Stream

LIMITS = TwistLimits((0.0, 0.0, -1.5), (1.0, 0.0, 1.5), (2.0, 2.0, 4.0))
SLOW = (0.2, 0.0, 0.0)
LOOK = 0.05


def guard(*names):
    commands = Stream("commands", 0.25, may_lag=True)
    made = CommandGuard(LIMITS, commands, [Stream(name, 0.25) for name in names])
    made.open()
    return made


def driven(names=("odom",), seconds=2.0, last_input=math.inf):
    """Return a guard behind commands at 10 Hz and inputs at 20 Hz, and the time."""
    made, now = guard(*names), 0.0
    while now < seconds:
        for stream in made.inputs.values():
            if now < last_input:
                stream.take(now, 0.0)
        if round(now / LOOK) % 2 == 0:
            assert made.take(now, 0.0, SLOW) == SLOW
        assert made.look(now) is None
        now += LOOK
    return made, now


def looked_at(made, now, seconds):
    """Look for a while; return (time, what was sent)."""
    times = now + 0.02 * np.arange(round(seconds / 0.02))
    return [(t, sent) for t in times if (sent := made.look(float(t))) is not None]


def test_commands_pass():
    made, _ = driven()
    assert made.state.kind is Guarded.PASSING
    assert made.stops == 0


def test_a_controller_that_falls_silent_is_stopped_in_time():
    made, now = driven()
    sent = looked_at(made, now, 2.0)
    assert sent[0][0] - (now - LOOK) <= 0.3
    assert {twist for _, twist in sent} == {REST}
    assert "no fresh commands" in str(made.state)


def test_zero_is_said_several_times_and_then_no_more():
    made, now = driven()
    assert len(looked_at(made, now, 5.0)) == 1 + LEAST_ZEROS


def test_zero_is_said_longer_while_the_robot_still_moves():
    made, now = driven()
    made.measure((0.5, 0.0, 0.0))
    sent = 0
    for i in range(100):
        made.inputs["odom"].take(now + 0.05 * i, 0.0)
        sent += made.look(now + 0.05 * i) is not None
    assert sent == 1 + MOST_ZEROS


@pytest.mark.parametrize("late", ["odom", "scan"])
def test_an_input_that_falls_silent_stops_the_robot_in_time(late):
    made, now = driven(("odom", "scan"))
    last = now - LOOK
    sent = None
    while sent is None:
        now += 0.01
        made.inputs["odom" if late == "scan" else "scan"].take(now, 0.0)
        made.commands.take(now, 0.0)
        sent = made.look(now)
    assert sent == REST
    assert now - last <= 0.3
    assert f"no fresh {late}" in str(made.state)
    assert made.take(now, 0.0, SLOW) == REST


def test_without_its_inputs_nothing_passes():
    made = guard("odom")
    assert made.take(1.0, 0.0, SLOW) == REST
    assert str(made.state) == "stopped: no usable odom yet"
    assert not made.is_driving


def test_at_rest_it_is_silent():
    made, now = driven()
    made.take(now, 0.0, REST)
    assert looked_at(made, now, 3.0) == []
    assert made.state.kind is Guarded.AT_REST
    assert made.stops == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("axis", range(3))
def test_what_is_not_finite_stops_the_robot(bad, axis):
    made, now = driven()
    wanted = list(SLOW)
    wanted[axis] = bad
    assert made.take(now, 0.0, tuple(wanted)) == REST
    assert "not finite" in str(made.state)
    made.inputs["odom"].take(now + 0.1, 0.0)
    assert made.take(now + 0.1, 0.0, SLOW) == SLOW


def test_an_old_command_leaves_the_one_before_in_force_until_that_is_old():
    made, now = driven()
    assert made.take(now, 2.0, (1.0, 0.0, 0.0)) is None
    assert made.is_driving
    assert "after its stamp" in made.refusal
    assert looked_at(made, now, 0.4)[0][1] == REST


def test_a_hindrance_stops_the_robot_at_once():
    made, now = driven()
    assert made.look(now, "nobody publishes commands") == REST
    assert made.take(now, 0.0, SLOW, "nobody publishes commands") == REST


def test_after_a_jump_of_the_clock_nothing_of_before_counts():
    made, now = driven()
    made.forget()
    assert made.look(now) == REST


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_the_promises_hold(seed):
    """Random commands, lags and silences: finite, within limits, zero in time, then silent."""
    rng = np.random.default_rng(seed)
    made, now, sent = guard("odom", "scan"), 0.0, []
    alive = {"commands": True, "odom": True, "scan": True}
    dead_since = dict.fromkeys(alive, 0.0)
    for _ in range(6000):
        now += 0.01
        for name in alive:
            if rng.random() < 0.01:
                alive[name] = not alive[name]
            dead_since[name] = now if alive[name] else dead_since[name]
        for name in ("odom", "scan"):
            if alive[name] and rng.random() < 0.3:
                lag = float(rng.choice([0.0, 0.02, 0.1, -0.02, 2.0]))
                made.inputs[name].take(now, lag)
        if alive["commands"] and rng.random() < 0.2:
            scale = float(rng.choice([0.0, 0.1, 1.0, 50.0, math.nan, math.inf]))
            wanted = (scale * rng.uniform(-1, 1), scale * rng.uniform(-1, 1), scale)
            lag = float(rng.choice([0.0, 0.01, 0.1, 0.5, 4.0, -0.01]))
            sent.append(made.take(now, lag, wanted))
        sent.append(made.look(now))
        for twist in filter(None, sent[-2:]):
            assert all(map(math.isfinite, twist))
            bounds = zip(LIMITS.lower, twist, LIMITS.upper, strict=True)
            assert all(low - 1e-9 <= value <= high + 1e-9 for low, value, high in bounds)
        if any(now - since > 0.27 for since in dead_since.values()):
            assert not made.is_driving
    looked_at(made, now, 2.0)
    assert looked_at(made, now + 2.0, 2.0) == []
