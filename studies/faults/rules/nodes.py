"""Rules on the nodes themselves."""

from __future__ import annotations

from collections.abc import Iterator

from studies.faults.trace import Trace

PATIENCE = 2.0  # s for an answer
GROWTH = 200.0  # MB from a third of a run to its end
UNEXPECTED = ("Traceback", "Exception", "Segmentation fault", "terminate called", "core dumped")
Cases = Iterator[tuple[float, str]]


def says_nothing_unexpected(trace: Trace) -> Cases:
    """No log holds a traceback, nor a line that belongs to one."""
    for line in trace.lines:
        if any(word in line.text for word in UNEXPECTED):
            yield line.t, line.text[:200]


def lives(trace: Trace) -> Cases:
    """No process ends unless it was told to, and who was told ends with 0."""
    for leaving in trace.exits:
        if not leaving.was_told:
            yield leaving.t, f"{leaving.node} ended with status {leaving.status}"
        elif leaving.status not in (0, -9):  # SIGKILL leaves no choice
            yield leaving.t, f"{leaving.node}, told to end, ended with status {leaving.status}"


def answers(trace: Trace) -> Cases:
    """Every question is answered in time, unless a fault is on."""
    for answer in trace.answers:
        late = answer.answered is None or answer.answered - answer.t > PATIENCE
        until = answer.t + PATIENCE
        if late and not any(f.t <= until and f.end + PATIENCE >= answer.t for f in trace.faults):
            yield answer.t, f"{answer.name} is not answered"


def keeps_its_memory(trace: Trace) -> Cases:
    """Memory does not grow on and on."""
    for node, looks in trace.memory.items():
        settled = looks[len(looks) // 3 :]
        if settled and settled[-1][1] - settled[0][1] > GROWTH:
            yield settled[-1][0], f"{node}: {settled[0][1]:.0f} MB became {settled[-1][1]:.0f} MB"


def publishes_finite_numbers(trace: Trace) -> Cases:
    """No other output holds a number that is not finite."""
    for t, topic, is_finite in trace.published:
        if not is_finite:
            yield t, f"{topic} is not finite"
