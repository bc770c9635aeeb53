"""Rules on goals, from their acceptance to their end."""

from __future__ import annotations

import math
from collections.abc import Iterator

from studies.faults.trace import ABORTED, LIVE, REST, SUCCEEDED, GoalNews, Trace

SLACK = 0.2  # s for a node to hear of an end, and a cycle
SLIDING = 0.3  # m by which a robot may be further from the goal than it believed
ROUNDING = 1e-6
Cases = Iterator[tuple[float, str]]


def no_motion_without_a_goal(trace: Trace) -> Cases:
    """There is no command to move before the first goal, nor long after the end of one."""
    for begin, end in trace.dead():
        braked = begin + trace.braking_in(begin, end) + SLACK if begin > 0.0 else begin
        for command in trace.commands:
            if braked < command.t < end and not command.is_zero:
                yield command.t, f"drives {command.t - begin:.2f} s after the end of its goal"
                break


def brakes_after_the_end(trace: Trace) -> Cases:
    """After the end of a goal the commands only get slower."""
    for begin, end in trace.dead():
        slowest = math.inf
        for command in trace.commands:
            if not begin + SLACK < command.t < end:
                continue
            if abs(command.vx) > slowest + ROUNDING:
                yield command.t, f"speeds up to {command.vx:.3f} m/s after the end of its goal"
                break
            slowest = min(slowest, abs(command.vx))


def stands_after_the_end(trace: Trace) -> Cases:
    """The robot itself comes to rest after the end of a goal, and stays there."""
    for begin, end in trace.dead():
        braked = begin + 2.0 * (trace.braking_in(begin, end) + SLACK)
        for state in trace.states:
            if braked < state.t < end and (abs(state.vx) > REST or abs(state.wz) > REST):
                yield state.t, f"{state.vx:.2f} m/s {state.t - begin:.2f} s after the end"
                break


def ends_once(trace: Trace) -> Cases:
    """An end is for good: no other one follows of the same goal."""
    if _is_told_of_goals(trace):
        return
    ended: dict[int, GoalNews] = {}
    for entry in trace.news:
        if entry.status in LIVE:
            continue
        first = ended.setdefault(entry.goal, entry)
        if first.status != entry.status and entry.t - first.t > SLACK:
            yield entry.t, f"status {entry.status} of a goal that ended with {first.status}"


def _is_told_of_goals(trace: Trace) -> bool:
    """Whether a fault was made-up news: then nodes that have heard different ones disagree."""
    return any("status" in fault.name for fault in trace.faults)


def advances_only(trace: Trace) -> Cases:
    """No goal that has ended is accepted or driven to again."""
    if _is_told_of_goals(trace):
        return
    over: dict[int, float] = {}
    for entry in trace.news:
        if entry.status not in LIVE:
            over.setdefault(entry.goal, entry.t)
        elif entry.t - over.get(entry.goal, math.inf) > SLACK:
            yield entry.t, f"status {entry.status} of a goal that has ended"


def says_why_it_gave_up(trace: Trace) -> Cases:
    """A goal is not aborted without a reason, in its news or in the log."""
    if _is_told_of_goals(trace):
        return
    for entry in trace.news:
        said = entry.reason or any(
            "aborted" in line.text and abs(line.t - entry.t) < 1.0 for line in trace.lines
        )
        if entry.status == ABORTED and not said:
            yield entry.t, "aborted without a reason"


def is_reached_where_it_is(trace: Trace) -> Cases:
    """A goal counts as reached only where it is, unless an input lied."""
    for entry in trace.news:
        if entry.status != SUCCEEDED:
            continue
        state, sent = trace.state_at(entry.t), [goal for goal in trace.sent if goal.t <= entry.t]
        lied = any(f.lies and f.t <= entry.t for f in trace.faults)
        if state is None or not sent or lied:
            continue
        away = min(math.hypot(goal.x - state.x, goal.y - state.y) for goal in sent)
        if away > trace.tolerance + SLIDING:
            yield entry.t, f"reached {away:.2f} m from it"


def ends_after_the_faults(trace: Trace) -> Cases:
    """The goal that is sent after the last fault is reached, or ends with a reason."""
    last = max((fault.end for fault in trace.faults), default=0.0)
    sent = [goal for goal in trace.sent if goal.t >= last and goal.is_reachable]
    if not sent or trace.end - sent[-1].t < trace.patience or trace.contact is not None:
        return
    ends = [n for n in trace.news if n.t >= sent[-1].t and n.status not in LIVE]
    if not ends:
        yield trace.end, f"no end {trace.end - sent[-1].t:.1f} s after it was sent"
