"""Whether a velocity command may pass on to the robot, and when the robot has to be stopped.

What passes is finite, within the limits, newer than its timeout, and given while odometry and scans
are fresh. When one of that ends, zero is sent until the robot has had time to hear it; then nothing
is sent, so that another node may drive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from mme_ilqr_ros.control.command_limits import REST, CommandLimiter, Twist, TwistLimits
from mme_ilqr_ros.control.lateness import Stream

LEAST_ZEROS = 6  # after a stop: the base may have missed one
MOST_ZEROS = 20  # while odometry shows that the robot still moves
MOVING = 0.02  # [m/s], [rad/s]


class Guarded(Enum):
    """What the guard does."""

    CLOSED = "inactive"
    AT_REST = "at rest, no commands"
    PASSING = "commands pass"
    LIMITED = "commands pass within the limits"
    STOPPED = "stopped"


@dataclass(frozen=True)
class GuardState:
    """What the guard does, and why.

    Attributes:
        kind: What it does.
        reason: Why it stopped, or what was too much; empty for the rest.
    """

    kind: Guarded
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.reason}" if self.reason else self.kind.value


class CommandGuard:
    """Decides on every command, and again and again between them.

    All times are of one clock that no correction moves: a steady one, or the simulated one.

    Attributes:
        commands: The topic of the commands.
        inputs: The other topics, by name.
        state: What it does, and why.
        passed: Commands that passed.
        limited: Of them those that were above a limit.
        refused: Commands that did not pass.
        stops: How often the robot was stopped while it was driven.
        refusal: Why the last command was not looked at; empty where it was.
    """

    def __init__(self, limits: TwistLimits, commands: Stream, inputs: Iterable[Stream]) -> None:
        """Begin closed.

        Args:
            limits: Of the robot.
            commands: The topic of the commands.
            inputs: Topics without which no command passes.
        """
        self.commands = commands
        self.inputs = {stream.name: stream for stream in inputs}
        self.state = GuardState(Guarded.CLOSED)
        self.passed = self.limited = self.refused = self.stops = 0
        self.refusal = ""
        self._limiter = CommandLimiter(limits)
        self._measured: Twist = REST
        self._zeros = 0  # sent since the stop
        self._is_stopping = False

    def use(self, limits: TwistLimits) -> None:
        """Keep other limits from the next command on."""
        self._limiter.limits = limits

    def open(self) -> None:
        """Be at rest, ready for commands."""
        self.state = GuardState(Guarded.AT_REST)

    def close(self) -> None:
        """Have nothing to watch, until it is opened."""
        self._limiter.stop()
        self._is_stopping = False
        self.commands.forget()
        self.state = GuardState(Guarded.CLOSED)

    def forget(self) -> None:
        """Let nothing pass that came before, as after a jump of the clock."""
        for stream in (self.commands, *self.inputs.values()):
            stream.forget()

    @property
    def is_driving(self) -> bool:
        """Whether the last command was not zero."""
        return self._limiter.last != REST

    @property
    def is_busy(self) -> bool:
        """Whether `look` may have something to send soon."""
        return self.is_driving or self._is_stopping

    def measure(self, twist: Twist) -> None:
        """Take how the robot moves, by odometry."""
        self._measured = twist if all(map(math.isfinite, twist)) else REST

    def take(self, now: float, lag: float, wanted: Twist, hindrance: str = "") -> Twist | None:
        """Return what to send for a command, or None: the one before stays in force.

        Args:
            now: Time [s].
            lag: Time from its stamp until it came [s], see `Stream.take`.
            wanted: The command; a number that is not finite makes it a stop.
            hindrance: Why nothing may pass, where something else than an input is amiss.
        """
        self.refusal = fault = self.commands.take(now, lag)
        if fault:
            self.refused += 1
            if not self.is_busy:
                self.state = GuardState(Guarded.STOPPED, fault)
            return None
        if not all(map(math.isfinite, wanted)):
            fault = f"{self.commands.name} is not finite"
        fault = fault or hindrance or self._late_input(now)
        if fault:
            self.refused += 1
            return self._stop(fault) if any(wanted) else self._rest()
        measured = REST if "odom" not in self.inputs else self._measured
        limited = self._limiter.limited(wanted, now, self.commands.recent_period, measured)
        self.passed += 1
        self.limited += bool(limited.note)
        kind = Guarded.LIMITED if limited.note else Guarded.PASSING
        self.state = GuardState(kind, limited.note)
        self._is_stopping = False
        return limited.twist

    def look(self, now: float, hindrance: str = "") -> Twist | None:
        """Return a zero command that is to be sent now, or None.

        Args:
            now: Time [s].
            hindrance: Why the robot must stand, where something else than an input is amiss.
        """
        if self.is_driving:
            fault = hindrance or _lateness(self.commands, now) or self._late_input(now)
            return self._stop(fault) if fault else None
        if self._is_stopping:
            self._zeros += 1
            moves = max(map(abs, self._measured)) > MOVING and not self._late_input(now)
            if self._zeros >= (MOST_ZEROS if moves else LEAST_ZEROS):
                self._is_stopping = False
            return REST
        if self.state.kind in (Guarded.PASSING, Guarded.LIMITED) and self.commands.is_late(now):
            self.state = GuardState(Guarded.AT_REST)
        return None

    def _stop(self, reason: str) -> Twist:
        if self.is_driving or not self._is_stopping:
            self.stops += self.is_driving
            self._zeros, self._is_stopping = 0, True
        self.state = GuardState(Guarded.STOPPED, reason)
        return self._limiter.stop()

    def _rest(self) -> Twist:
        """Let a zero command pass, whatever is amiss."""
        return self._limiter.stop()

    def patience(self, now: float) -> float:
        """Return for how long nothing becomes too late [s]; 0 where something is."""
        streams = (self.commands, *self.inputs.values())
        return max(0.0, min(stream.patience - stream.age(now) for stream in streams))

    def _late_input(self, now: float) -> str:
        return next(filter(None, (_lateness(stream, now) for stream in self.inputs.values())), "")


def _lateness(stream: Stream, now: float) -> str:
    """Return what is missing of a topic; empty where nothing is."""
    if not stream.is_late(now):
        return ""
    if math.isinf(stream.newest):
        return f"no usable {stream.name} yet"
    return f"no fresh {stream.name} for {stream.age(now):.2f} s"
