"""Throttled warnings by topic: one line when a problem begins, repeated seldom."""

from __future__ import annotations

import time

from rclpy.impl.rcutils_logger import RcutilsLogger


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

    def info_once(self, text: str) -> None:
        """Log a line once in the life of the node."""
        if text not in self._last:
            self._last[text] = float("inf")
            self._logger.info(text)

    def clear(self, topic: str) -> None:
        """The problem is over; should it return, it is warned about at once."""
        self._last.pop(topic, None)
