"""What is recorded of a run: commands, the truth, goals, inputs, faults, and what nodes said."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

ACCEPTED, EXECUTING, SUCCEEDED, CANCELED, ABORTED = 1, 2, 4, 5, 6  # of action_msgs/GoalStatus
LIVE = (ACCEPTED, EXECUTING)
SOON = 1.0  # s in which a robot has braked
REST = 0.01  # m/s and rad/s below which a robot stands


class Limits(NamedTuple):
    """What a robot may do; m, s and rad."""

    vx_min: float
    vx_max: float
    wz_max: float
    ax_max: float
    az_max: float

    @property
    def braking(self) -> float:
        """Time in s in which it comes to a stop at the latest."""
        fastest = max(self.vx_max, -self.vx_min)
        return max(fastest / self.ax_max, self.wz_max / self.az_max)


class Command(NamedTuple):
    """A velocity command, with what odometry said just before and the limits in force."""

    t: float
    numbers: tuple[float, ...]  # linear x, y, z, angular x, y, z
    believed: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    limits: Limits | None = None

    @property
    def vx(self) -> float:
        """Forward speed [m/s]."""
        return self.numbers[0]

    @property
    def wz(self) -> float:
        """Turning rate [rad/s]."""
        return self.numbers[5]

    @property
    def is_zero(self) -> bool:
        """Whether it says to stand."""
        return not any(self.numbers)


class State(NamedTuple):
    """The truth: where the robot is [m, rad], how fast, and how far its edge is from anything."""

    t: float
    x: float
    y: float
    yaw: float
    vx: float
    wz: float
    clearance: float = math.inf


class GoalNews(NamedTuple):
    """A status of a goal, as some node published it, and the reason it gave, if any."""

    t: float
    goal: int
    status: int
    reason: str = ""


class Sent(NamedTuple):
    """A goal that was sent, where it is [m], and whether it could be reached."""

    t: float
    x: float
    y: float
    is_reachable: bool = True


class Fault(NamedTuple):
    """A fault from its beginning to its end; `lies` where finite, plausible numbers are wrong."""

    t: float
    end: float
    name: str
    lies: bool = False


class Answer(NamedTuple):
    """A question to a node, and when the answer came; None where none did."""

    t: float
    answered: float | None
    name: str


class Line(NamedTuple):
    """A line of a node's log."""

    t: float
    severity: str
    text: str


class Exit(NamedTuple):
    """The end of a process, and whether it was told to end."""

    t: float
    node: str
    status: int
    was_told: bool


@dataclass
class Trace:
    """One run.

    Attributes:
        limits: Of the robot itself.
        period: Of the control cycle [s].
        deadline: Time in s from the last usable message of an input to the zero command, by topic.
        tolerance: Distance from the goal that counts as there [m].
        patience: Time in s in which a goal that was sent after the last fault must have ended.
        begins_idle: Whether no goal was live when the recording began.
        silent: Steady times from which on, and until which, a node was not able to command.
        frozen: Times from which on, and until which, the simulated world itself stood still.
        commands: In order of time, as everything that follows.
        states: The truth.
        news: Of goals.
        sent: Goals.
        inputs: Times at which usable messages came, by topic.
        faults: What was done.
        answers: Of services.
        lines: Of logs.
        exits: Of processes.
        memory: Time and MB of each look at a node's memory, by node.
        published: Time, topic and whether all numbers of it are finite, of other outputs.
        contact: When the robot touched something; None where it did not.
        end: When the recording ended.
    """

    limits: Limits
    period: float = 0.05
    deadline: dict[str, float] = field(default_factory=lambda: {"odom": 0.3})
    tolerance: float = 0.25
    patience: float = 30.0
    begins_idle: bool = True
    silent: list[tuple[float, float]] = field(default_factory=list)
    frozen: list[tuple[float, float]] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    news: list[GoalNews] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    inputs: dict[str, list[float]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    published: list[tuple[float, str, bool]] = field(default_factory=list)
    contact: float | None = None
    end: float = 0.0

    def limits_of(self, command: Command) -> Limits:
        """Return the limits in force at a command."""
        return command.limits or self.limits

    def state_at(self, t: float) -> State | None:
        """Return the last true state until a time."""
        at = bisect_right(self.states, t, key=lambda state: state.t)
        return self.states[at - 1] if at else None

    def last_command(self, t: float) -> Command | None:
        """Return the last command until a time."""
        at = bisect_right(self.commands, t, key=lambda command: command.t)
        return self.commands[at - 1] if at else None

    def braking_in(self, begin: float, end: float) -> float:
        """Return the time in s that it takes to stop from the command at `begin`, at most.

        With the smallest acceleration that was in force until `end`: parameters may change it.
        """
        first = self.last_command(begin)
        if first is None:
            return self.limits.braking
        forces = [self.limits_of(c) for c in self.commands if begin < c.t < end] or [self.limits]
        turning = abs(first.wz) / min(limits.az_max for limits in forces)
        return max(
            self.limits.braking, abs(first.vx) / min(limits.ax_max for limits in forces), turning
        )

    def dead(self) -> list[tuple[float, float]]:
        """Return the spans of time in which no goal was live and the world went on [s]."""
        spans: list[tuple[float, float]] = []
        begin = 0.0 if self.begins_idle else None
        newest = None
        for entry in self.news:
            if entry.status in LIVE:
                newest = entry.goal
                if begin is not None:
                    spans.append((begin, entry.t))
                    begin = None
            elif begin is None and entry.goal == newest:
                begin = entry.t
        if begin is not None:
            spans.append((begin, self.end))
        return [(self._thawed(first), last) for first, last in spans]

    def _thawed(self, t: float) -> float:
        """Return a time, or the end of a frozen world in which a robot could not brake then."""
        return max([t, *(end for begin, end in self.frozen if begin < t + SOON and end > t)])
