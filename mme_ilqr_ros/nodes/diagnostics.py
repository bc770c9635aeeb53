"""What a node says about itself: throttled warnings, and the `diagnostics` topic."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.node import Node

from mme_ilqr_ros.nodes.conversions import MessageError, header

M = TypeVar("M")
T = TypeVar("T")
OK, WARN = DiagnosticStatus.OK, DiagnosticStatus.WARN


class ThrottledWarnings:
    """Logs a warning on a topic at most every `repeat_period` seconds of wall time.

    rclpy's own throttle works per line of code, so that one warning would hide another.
    """

    def __init__(self, logger: RcutilsLogger, repeat_period: float = 10.0) -> None:
        """Start with no topic warned about."""
        self._logger = logger
        self._repeat_period = repeat_period
        self._last: dict[str, float] = {}

    def warn(self, topic: str, text: str) -> None:
        """Warn, unless this topic was warned about within the period and not cleared since."""
        now = time.monotonic()
        if now - self._last.get(topic, -float("inf")) >= self._repeat_period:
            self._last[topic] = now
            self._logger.warning(text)

    def warn_each(self, text: str) -> None:
        """Warn of each text for itself; another number in it does not make it another text."""
        self.warn(re.sub(r"[\d.]+", "", text), text)

    def read(self, topic: str, convert: Callable[[M], T], message: M, otherwise: str) -> T | None:
        """Return what a message says; warn and return None where it cannot be used.

        Args:
            topic: Topic to warn about, or to clear.
            convert: Makes the value; raises MessageError.
            message: What came.
            otherwise: What happens without it, for the end of the warning.
        """
        try:
            value = convert(message)
        except MessageError as error:
            self.warn(topic, f"{error}; {otherwise}")
            return None
        self.clear(topic)
        return value

    def info_once(self, text: str) -> None:
        """Log a line once in the life of the node."""
        if text not in self._last:
            self._last[text] = float("inf")
            self._logger.info(text)

    def clear(self, topic: str) -> None:
        """The problem is over; should it return, it is warned about at once."""
        self._last.pop(topic, None)


def diagnostic_message(
    node: Node, level: bytes, text: str, values: Mapping[str, object]
) -> DiagnosticArray:
    """Return the status of a node; the values are shown as text."""
    name = node.get_fully_qualified_name().lstrip("/")
    status = DiagnosticStatus(level=level, name=name, hardware_id="", message=text)
    for key, value in values.items():
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        status.values.append(KeyValue(key=key, value=shown))
    return DiagnosticArray(header=header(node.get_clock().now().to_msg(), ""), status=[status])


def diagnostic_values(message: DiagnosticArray, name: str) -> dict[str, str] | None:
    """Return the values of the status called `name`, or None when it is not in the message."""
    for status in message.status:
        if status.name == name:
            return {pair.key: pair.value for pair in status.values}
    return None


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
