"""Rules on the velocity commands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from studies.faults.trace import Command, Trace

ROUNDING = 1e-6
AHEAD = 0.06  # s: command_delay, and the time between two measurements
LATE = 2.5  # periods between two commands of a robot that drives
Cases = Iterator[tuple[float, str]]


def finite(trace: Trace) -> Cases:
    """Every number of every command is finite."""
    for command in trace.commands:
        if not all(map(math.isfinite, command.numbers)):
            yield command.t, f"commands {command.numbers}"


def planar(trace: Trace) -> Cases:
    """A robot with two driven wheels is told nothing but a forward speed and a turning rate."""
    for command in trace.commands:
        if any(command.numbers[1:5]):
            yield command.t, f"commands {command.numbers}"


def within_speeds(trace: Trace) -> Cases:
    """No command is beyond the speeds in force; where they are lowered, the robot brakes."""
    before: Command | None = None
    for command in trace.commands:
        limits = trace.limits_of(command)
        forward = max(limits.vx_min - command.vx, command.vx - limits.vx_max) > ROUNDING
        turning = abs(command.wz) > limits.wz_max + ROUNDING
        speeds = [(forward, command.vx, before and before.vx)]
        speeds.append((turning, command.wz, before and before.wz))
        is_lowered = before is not None and trace.limits_of(before) != limits
        for is_beyond, now, last in speeds:
            brakes = last is not None and (is_lowered or abs(now) < abs(last))
            if is_beyond and not brakes:
                bounds = f"{limits.vx_min:g} to {limits.vx_max:g} m/s, {limits.wz_max:g} rad/s"
                line = f"commands {command.vx:g} m/s, {command.wz:g} rad/s; limits {bounds}"
                yield command.t, line
                break
        before = command


def forward_within_acceleration(trace: Trace) -> Cases:
    """No command speeds up faster than allowed: from the one before, or from what is measured."""
    yield from _speeding_up(trace, 0, 3, "m/s")


def turning_within_acceleration(trace: Trace) -> Cases:
    """Likewise of the turning rate."""
    yield from _speeding_up(trace, 5, 4, "rad/s")


def _speeding_up(trace: Trace, number: int, limit: int, unit: str) -> Cases:
    for before, command in pairwise(trace.commands):
        now, passed = command.numbers[number], command.t - before.t
        most = max(trace.limits_of(command)[limit], trace.limits_of(before)[limit])
        time = max(passed, trace.period)
        # What is measured is a little old, and led on to when the command acts.
        held, seen = before.numbers[number], [pair[number == 5] for pair in command.believed]
        bases = [(held, time), *((value, time + AHEAD) for value in seen)]
        if not any(_is_gentle(now, base, most * seconds + ROUNDING) for base, seconds in bases):
            shown = ", ".join(f"{value:.3g}" for value in seen[-3:])
            line = f"{held:.3g} (measured {shown}) to {now:.3g} {unit} in {passed:.3f} s"
            yield command.t, line


def _is_gentle(now: float, before: float, step: float) -> bool:
    """Whether a speed is no faster than one before, or by no more than a step."""
    slows_down = now * before >= 0.0 and abs(now) <= abs(before) + ROUNDING
    return math.isfinite(before) and (slows_down or abs(now - before) <= step)


def in_order(trace: Trace) -> Cases:
    """Commands come one after the other: time does not go back between them."""
    for before, command in pairwise(trace.commands):
        if command.t < before.t:
            yield command.t, f"a command of {command.t:.3f} s after one of {before.t:.3f} s"


def keeps_its_rate(trace: Trace) -> Cases:
    """While the robot drives and no fault is on, no two commands are far apart."""
    for before, command in pairwise(trace.commands):
        gap = command.t - before.t
        if gap <= LATE * trace.period or before.is_zero or command.is_zero:
            continue
        faults = any(f.t <= command.t and f.end >= before.t - gap for f in trace.faults)
        if not faults:
            yield command.t, f"no command for {gap:.3f} s"
