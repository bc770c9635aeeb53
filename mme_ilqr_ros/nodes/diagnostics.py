"""The `diagnostics` topic: what a node does, its solve times, and why the robot stands still."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from mme_ilqr_ros.control.result import ControlResult
from mme_ilqr_ros.nodes.conversions import header

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


def diagnostic_message(
    name: str, level: bytes, message: str, values: Mapping[str, object], stamp: Time
) -> DiagnosticArray:
    """Return one status; the values are shown as text."""
    status = DiagnosticStatus(level=level, name=name, hardware_id="", message=message)
    status.values = [KeyValue(key=key, value=_text(value)) for key, value in values.items()]
    return DiagnosticArray(header=header(stamp, ""), status=[status])


def diagnostic_values(message: DiagnosticArray, name: str) -> dict[str, str] | None:
    """Return the values of the status called `name`, or None when it is not in the message."""
    for status in message.status:
        if status.name == name:
            return {pair.key: pair.value for pair in status.values}
    return None


def control_values(result: ControlResult) -> dict[str, object]:
    """Return what a control cycle chose from; empty where it optimised no modes."""
    if result.modes is None:
        return {}
    return {
        "modes": len(result.modes.weights),
        "feasible modes": int(result.modes.feasible.sum()),
        "chosen mode": result.modes.chosen,
        "goal distance [m]": result.goal_distance,
    }


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class SolveTimes:
    """The last solve times and how many came too late.

    Attributes:
        missed: Cycles that took longer than their period since the last `restart`.
    """

    def __init__(self, memory: int = 200) -> None:
        """Remember the last `memory` cycles."""
        self._times: deque[float] = deque(maxlen=memory)
        self.missed = 0

    def add(self, seconds: float, period: float) -> None:
        """Add one cycle."""
        self._times.append(seconds)
        self.missed += seconds > period

    def restart(self) -> None:
        """Forget everything, e.g. when a new goal comes."""
        self._times.clear()
        self.missed = 0

    def values(self) -> dict[str, float]:
        """Return last, median and 95th percentile in ms."""
        if not self._times:
            return {}
        times = 1e3 * np.array(self._times)
        return {
            "solve time [ms]": float(times[-1]),
            "solve time median [ms]": float(np.median(times)),
            "solve time p95 [ms]": float(np.percentile(times, 95)),
        }
