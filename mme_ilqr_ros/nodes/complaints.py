"""Warnings that neither flood the log nor go missing: one line when it starts, seldom repeated."""

from __future__ import annotations

import time

from rclpy.impl.rcutils_logger import RcutilsLogger


class Complaints:
    """Logs a warning per topic of complaint at most every `repeat_period` seconds of wall time.

    rclpy's own throttle works per line of code, so that one warning would hide another.
    """

    def __init__(self, logger: RcutilsLogger, repeat_period: float = 10.0) -> None:
        """Start with nothing to complain about."""
        self._logger = logger
        self._repeat_period = repeat_period
        self._last: dict[str, float] = {}

    def say(self, topic: str, text: str) -> None:
        """Warn, unless this topic was warned about a moment ago and not settled since."""
        now = time.monotonic()
        if now - self._last.get(topic, -float("inf")) >= self._repeat_period:
            self._last[topic] = now
            self._logger.warning(text)

    def say_once(self, text: str) -> None:
        """Inform about something once in the life of the node."""
        if text not in self._last:
            self._last[text] = float("inf")
            self._logger.info(text)

    def settle(self, topic: str) -> None:
        """The matter is settled; should it come back, it is warned about at once."""
        self._last.pop(topic, None)
