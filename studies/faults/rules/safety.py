"""Rules on what the robot does when something that it needs is gone."""

from __future__ import annotations

import math
from collections.abc import Iterator

from studies.faults.trace import REST, Trace

SLACK = 0.02  # s, by which a recording may be late
REACTION = 0.3  # s from a fault to a robot that brakes
TAIL = 0.5  # s in which a drive with a lag of 0.1 s comes to rest after the rest
BARELY = 0.02  # m of its braking distance by which a robot may have missed
Cases = Iterator[tuple[float, str]]


def zero_without_odometry(trace: Trace) -> Cases:
    """Commands are zero when odometry stopped."""
    yield from _zero_without(trace, "odom")


def zero_without_scans(trace: Trace) -> Cases:
    """Commands are zero, after braking, when the scans stopped that the robot drives by."""
    yield from _zero_without(trace, "scan")


def zero_without_obstacles(trace: Trace) -> Cases:
    """Commands are zero, after braking, when a detector stopped that once spoke."""
    yield from _zero_without(trace, "obstacles")


def zero_without_transforms(trace: Trace) -> Cases:
    """Commands are zero, after braking, when the transforms stopped that are needed."""
    yield from _zero_without(trace, "tf")


def _zero_without(trace: Trace, topic: str) -> Cases:
    if topic not in trace.deadline:
        return
    deadline, times = trace.deadline[topic], iter([*trace.inputs.get(topic, ()), math.inf])
    last, coming = -math.inf, next(times)
    for command in trace.commands:
        while coming <= command.t:
            last, coming = coming, next(times)
        if not command.is_zero and command.t - last > deadline + SLACK:
            yield command.t, f"drives {command.t - last:.2f} s after the last {topic}"


def stands_without_commands(trace: Trace) -> Cases:
    """The robot stands, after braking, while the nodes that command it are not able to."""
    for begin, end in trace.silent:
        late = begin + REACTION + trace.limits.braking + TAIL
        moving = (s for s in trace.states if late < s.t <= end and _moves(s.vx, s.wz))
        for state in moving:
            speeds = f"{state.vx:.3f} m/s, {state.wz:.3f} rad/s"
            yield state.t, f"{speeds} {state.t - begin:.2f} s after the last command"
            break


def zero_at_the_end(trace: Trace) -> Cases:
    """A node that is told to end leaves a zero command behind."""
    for leaving in trace.exits:
        if leaving.was_told and leaving.node == "controller" and leaving.status == 0:
            command = trace.last_command(leaving.t + SLACK)
            if command is not None and not command.is_zero:
                yield leaving.t, f"the last command is {command.vx:.2f} m/s"


def no_avoidable_contact(trace: Trace) -> Cases:
    """No contact that a stop in time would have avoided.

    A robot that brakes as hard as it can, 0.3 s after the first of the faults before the contact,
    would have come to a stop in less than the way that it had. Where no node could command it, from
    the begin of that: a robot whose planner died before may drive on.
    """
    if trace.contact is None:
        return
    before = [f for f in trace.faults if f.t <= trace.contact <= f.end + 2.0]
    if any(fault.lies for fault in before):
        return  # who is told where the wall is not may run into it
    if not before:
        yield trace.contact, "contact without any fault"
        return
    silent = [begin for begin, end in trace.silent if begin <= trace.contact <= end + 2.0]
    first = min(silent, default=before[0].t)
    begun = trace.state_at(first + REACTION)
    there = trace.state_at(trace.contact)
    if begun is None or there is None or begun.t >= trace.contact:
        return
    way = math.hypot(there.x - begun.x, there.y - begun.y)
    braking = begun.vx**2 / (2.0 * trace.limits.ax_max)
    if way > braking + BARELY:
        name = next((f.name for f in before if f.t >= first), before[0].name)
        yield trace.contact, f"contact {way:.2f} m after '{name}', to stop takes {braking:.2f} m"


def stays_in_limits(trace: Trace) -> Cases:
    """The truth does not go beyond the robot's speeds: else the recording is worth nothing."""
    limits = trace.limits
    for state in trace.states:
        if not (
            limits.vx_min - REST <= state.vx <= limits.vx_max + REST
            and abs(state.wz) <= limits.wz_max + REST
        ):
            yield state.t, f"the robot has {state.vx:g} m/s, {state.wz:g} rad/s"


def _moves(vx: float, wz: float) -> bool:
    return abs(vx) > REST or abs(wz) > REST
