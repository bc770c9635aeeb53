"""What the safety node does, and why: on ~/state, in diagnostics and in its log."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from mme_ilqr_ros.control.command_guard import CommandGuard, Guarded, GuardState
from mme_ilqr_ros.control.lateness import AHEAD, Stream
from mme_ilqr_ros.nodes.diagnostics import OK, WARN, diagnostic_message
from mme_ilqr_ros.nodes.node import LATCHED, STANDARD, RunnableNode
from mme_ilqr_ros.parameters.safety import SafetySettings

LEVELS = {Guarded.STOPPED: DiagnosticStatus.ERROR, Guarded.LIMITED: WARN}
NEWS_PERIOD = 0.2  # s between two changes of ~/state


class StatePublisher:
    """Tells people and monitors about a guard."""

    def __init__(self, node: RunnableNode[SafetySettings], guard: CommandGuard) -> None:
        """Connect to the topics.

        Args:
            node: Publishes.
            guard: Is told of.
        """
        self._node, self._guard = node, guard
        self._told: GuardState | None = None
        self._time = 0.0
        self._state = node.create_publisher(DiagnosticStatus, "~/state", LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, "diagnostics", STANDARD)

    def publish(self, now: float) -> None:
        """Publish the diagnostics.

        Args:
            now: Time of the guard [s].
        """
        self._diagnostics.publish(self._diagnosis(now))

    def tell(self, now: float) -> None:
        """Publish and log a change of the state, not more often than people can read.

        Args:
            now: Time of the guard [s].
        """
        state, steady = self._guard.state, time.monotonic()
        if _is_same(state, self._told) or steady - self._time < NEWS_PERIOD:
            return
        self._told, self._time = state, steady
        if state.kind is Guarded.STOPPED:
            self._node.warnings.warn_each(f"{state.reason}; the robot is stopped")
        elif state.kind is Guarded.LIMITED:
            self._node.warnings.warn_each(f"{state.reason}; slowed down")
        (status,) = self._diagnosis(now).status
        self._state.publish(status)

    def tell_of(self, stream: Stream) -> None:
        """Log what a person should know about the times of a topic."""
        if abs(stream.offset) > AHEAD:
            way = "ahead" if stream.offset < 0.0 else "behind"
            self._node.warnings.warn(
                f"{stream.name} clock",
                f"{stream.name} is stamped by a clock that is {abs(stream.offset):.2f} s {way};"
                " use one clock",
            )
        if stream.patience > stream.timeout:
            self._node.warnings.info_once(
                f"{stream.name} comes every {stream.period:.2g} s: that it stops is noticed after"
                f" {stream.patience:.2g} s"
            )

    def _diagnosis(self, now: float) -> DiagnosticArray:
        guard = self._guard
        values: dict[str, object] = {
            "passed": guard.passed,
            "limited": guard.limited,
            "not passed": guard.refused,
            "stops": guard.stops,
        }
        for stream in (guard.commands, *guard.inputs.values()):
            values[f"age of {stream.name} [s]"] = stream.age(now)
            values[f"{stream.name} is late from [s]"] = stream.patience
        level = LEVELS.get(guard.state.kind, OK)
        return diagnostic_message(self._node, level, str(guard.state), values)


def _is_same(one: GuardState, other: GuardState | None) -> bool:
    """Return whether there is no news: numbers of what is too much change with every command."""
    if other is None:
        return False
    return one == other or one.kind is other.kind is not Guarded.STOPPED
