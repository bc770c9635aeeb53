"""The terminal output of a run: errors, one updated progress line, and the result."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from mme_ilqr_ros.bringup.processes import NodeProcess

LINE_WIDTH = 76  # a longer line would not be replaced by the next one
PLAIN_PROGRESS_PERIOD = 5.0  # s between progress lines where there is no terminal


class Screen:
    """What the user sees: errors, one progress line that renews itself, and the result."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        """Start with an empty line."""
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._last_plain = -float("inf")
        self._has_progress = False

    def show(self, process: NodeProcess, severity: str, text: str, *, is_monitor: bool) -> None:
        """Show one line of a node's log: errors, warnings and what the monitor reports."""
        if is_monitor and text.startswith("progress: "):
            self._progress(text.removeprefix("progress: "))
        elif is_monitor and text.startswith("result: "):
            self.say(text.removeprefix("result: "))
        elif is_monitor and severity == "INFO":
            self.say(text)
        elif severity != "INFO":
            self.say(f"{process.name}: {severity.lower()}: {text}")

    def say(self, text: str) -> None:
        """Print a line of its own."""
        if self._has_progress:
            self._write("\n")
            self._has_progress = False
        self._write(f"{text}\n")

    def _progress(self, text: str) -> None:
        if self._is_terminal:
            self._write(f"\r  {text:<{LINE_WIDTH}.{LINE_WIDTH}}")
            self._has_progress = True
        elif time.monotonic() >= self._last_plain + PLAIN_PROGRESS_PERIOD:
            self._last_plain = time.monotonic()
            self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
