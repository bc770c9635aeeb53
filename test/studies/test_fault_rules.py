"""Every rule of the fault campaigns holds for a run without fault, and can fail."""

import math

import pytest

from studies.faults.rules import RULES, broken
from studies.faults.trace import (
    ABORTED,
    ACCEPTED,
    CANCELED,
    EXECUTING,
    SUCCEEDED,
    Answer,
    Command,
    Exit,
    Fault,
    GoalNews,
    Limits,
    Line,
    Sent,
    State,
    Trace,
)

PERIOD = 0.05  # s
LIMITS = Limits(0.0, 1.0, 1.5, 2.5, 5.0)
DRIVES, ENDS = 1.0, 6.0  # s


def command(t, vx=0.0, wz=0.0, **more):
    return Command(t, (vx, 0.0, 0.0, 0.0, 0.0, wz), **more)


def speed_at(t):
    """Return a speed that rises from 1 s on and is zero again at 6 s, within 2.5 m/s^2."""
    return max(0.0, min(1.0, 2.4 * (t - DRIVES), 2.4 * (ENDS - t)))


def healthy():
    """Return a run without fault: a goal, a drive of some seconds, its end, and rest."""
    trace = Trace(LIMITS, PERIOD, dict.fromkeys(("odom", "scan", "obstacles", "tf"), 0.3))
    x = 0.0
    for i in range(200):
        t = i * PERIOD
        v = speed_at(t)
        x += v * PERIOD
        trace.commands.append(command(t, v, believed=((v, 0.0),)))
        trace.states.append(State(t, x, 0.0, 0.0, v, 0.0))
        for topic in trace.deadline:
            trace.inputs.setdefault(topic, []).append(t)
    trace.news = [GoalNews(0.9, 7, ACCEPTED), GoalNews(1.0, 7, EXECUTING)]
    trace.news.append(GoalNews(ENDS, 7, SUCCEEDED))
    trace.sent = [Sent(0.8, x, 0.0)]
    trace.answers = [Answer(2.0, 2.1, "planner/cancel")]
    trace.lines = [Line(2.0, "WARN", "controller: something")]
    trace.memory = {"controller": [(0.1 * i, 100.0) for i in range(30)]}
    trace.published = [(1.0, "plan", True)]
    trace.end = 10.0
    return trace


def changed(trace, when, **facts):
    """Put other facts into the command at a time."""
    at = round(when / PERIOD)
    trace.commands[at] = trace.commands[at]._replace(**facts)


def moved(trace, begin, end, vx=0.5):
    """Let robot and commands go on at a speed."""
    for i in range(round(begin / PERIOD), round(end / PERIOD)):
        trace.commands[i] = command(i * PERIOD, vx, believed=((vx, 0.0),))
        trace.states[i] = trace.states[i]._replace(vx=vx)


def silence(topic):
    def change(trace):
        trace.inputs[topic] = [t for t in trace.inputs[topic] if not 3.0 < t < 4.0]

    return change


def late_contact(trace):
    trace.faults = [Fault(3.0, 3.1, "odom silence")]
    trace.contact = 5.0


def other_end(trace):
    trace.news.append(GoalNews(7.0, 7, CANCELED))


BREAKS = {
    "finite": lambda t: changed(t, 3.0, numbers=(math.nan, 0.0, 0.0, 0.0, 0.0, 0.0)),
    "planar": lambda t: changed(t, 3.0, numbers=(1.0, 0.1, 0.0, 0.0, 0.0, 0.0)),
    "within_speeds": lambda t: changed(t, 3.0, numbers=(1.1, 0.0, 0.0, 0.0, 0.0, 0.0)),
    "forward_within_acceleration": lambda t: changed(t, 1.0, numbers=(0.5, 0, 0, 0, 0, 0)),
    "turning_within_acceleration": lambda t: changed(t, 3.0, numbers=(1.0, 0, 0, 0, 0, 1.0)),
    "in_order": lambda t: changed(t, 3.0, t=1.0),
    "keeps_its_rate": lambda t: t.commands.__delitem__(slice(60, 65)),
    "zero_without_odometry": silence("odom"),
    "zero_without_scans": silence("scan"),
    "zero_without_obstacles": silence("obstacles"),
    "zero_without_transforms": silence("tf"),
    "stands_without_commands": lambda t: t.silent.append((2.0, 5.0)),
    "zero_at_the_end": lambda t: t.exits.append(Exit(3.0, "controller", 0, True)),
    "no_avoidable_contact": late_contact,
    "stays_in_limits": lambda t: t.states.append(State(9.95, 0.0, 0.0, 0.0, 2.0, 0.0)),
    "no_motion_without_a_goal": lambda t: moved(t, 8.0, 9.0),
    "brakes_after_the_end": lambda t: moved(t, 6.4, 6.5, 0.3),
    "stands_after_the_end": lambda t: moved(t, 8.0, 9.0),
    "ends_once": other_end,
    "advances_only": lambda t: t.news.append(GoalNews(7.0, 7, EXECUTING)),
    "says_why_it_gave_up": lambda t: t.news.append(GoalNews(7.0, 8, ABORTED)),
    "is_reached_where_it_is": lambda t: t.sent.__setitem__(0, Sent(0.8, 20.0, 0.0)),
    "ends_after_the_faults": lambda t: (setattr(t, "patience", 1.0), t.news.pop()),
    "says_nothing_unexpected": lambda t: t.lines.append(Line(3.0, "ERROR", "Traceback (most")),
    "lives": lambda t: t.exits.append(Exit(3.0, "planner", 1, False)),
    "answers": lambda t: t.answers.append(Answer(3.0, None, "controller/reset")),
    "keeps_its_memory": lambda t: t.memory.update(planner=[(0.1 * i, 50.0 * i) for i in range(30)]),
    "publishes_finite_numbers": lambda t: t.published.append((2.0, "plan", False)),
}


def test_a_run_without_fault_breaks_no_rule():
    assert broken(healthy()) == {}


def test_there_is_a_case_for_every_rule():
    assert BREAKS.keys() == RULES.keys()
    assert len(RULES) > 20


@pytest.mark.parametrize("name", RULES)
def test_a_rule_can_fail(name):
    trace = healthy()
    BREAKS[name](trace)
    (t, line), *_ = RULES[name](trace)
    assert t > 0.0
    assert line


def test_a_contact_is_excused_only_by_a_lie_or_by_speed():
    trace = healthy()
    late_contact(trace)
    assert "no_avoidable_contact" in broken(trace)
    trace.faults = [Fault(3.0, 3.1, "map field", lies=True)]
    assert "no_avoidable_contact" not in broken(trace)
    trace.faults, trace.contact = [Fault(4.95, 5.0, "odom silence")], 5.3
    assert "no_avoidable_contact" not in broken(trace)
    trace.faults = [Fault(3.0, 6.0, "SIGKILL planner"), Fault(4.95, 6.0, "SIGKILL controller")]
    assert "no_avoidable_contact" in broken(trace)
    trace.silent = [(4.95, 5.3)]  # from then on it could only brake
    assert "no_avoidable_contact" not in broken(trace)
    trace.faults, trace.silent = [], []
    assert "no_avoidable_contact" in broken(trace)


def test_who_may_only_brake_slowly_may_take_its_time():
    trace = healthy()
    moved(trace, ENDS - 0.2, 8.0)
    assert "no_motion_without_a_goal" in broken(trace)
    slow = LIMITS._replace(ax_max=0.1)
    trace.commands = [c._replace(limits=slow) for c in trace.commands]
    assert "no_motion_without_a_goal" not in broken(trace)


def test_what_a_fault_explains_breaks_no_rule():
    trace = healthy()
    del trace.commands[60:65]
    trace.faults = [Fault(2.9, 3.2, "SIGSTOP controller")]
    trace.exits = [Exit(9.0, "planner", -9, True)]
    assert broken(trace) == {}


def test_a_robot_in_a_frozen_world_brakes_when_it_thaws():
    trace = healthy()
    moved(trace, ENDS, 8.05, 0.1)
    assert "no_motion_without_a_goal" in broken(trace)
    trace.frozen = [(5.9, 8.0)]
    assert broken(trace) == {}
