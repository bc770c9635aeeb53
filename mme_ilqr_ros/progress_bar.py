"""Progress on standard error: a bar on a terminal, plain lines anywhere else.

A bar renews its line by carriage returns, which a log file or a pipe would keep by the hundred.
"""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

LINE_PERIOD = 10.0  # s between two lines of a status where there is no terminal


class ProgressBar:
    """Counts what is done of a number of steps.

    Off a terminal, a step with a `line` writes it; of the others one is written every
    `LINE_PERIOD` seconds, and the last one where it has a `status`.
    """

    def __init__(self, total: int, unit: str = "run", done: int = 0) -> None:
        """Show that `done` of `total` steps are done, in a unit such as "run"."""
        self._total, self._unit, self._done = total, unit, done
        hidden = not sys.stderr.isatty()
        self._bar = tqdm(total=total, initial=done, unit=unit, dynamic_ncols=True, disable=hidden)
        self._last = time.monotonic()  # when a line was written

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it stands, and go on below it."""
        self._bar.close()

    def step(self, line: str = "", important: bool = False, status: str = "") -> None:
        """Count one more.

        Args:
            line: What to write about it; on a terminal the bar says enough.
            important: Whether to write it on a terminal too.
            status: How things stand, shown behind the bar.
        """
        self._done += 1
        if status:
            self._bar.set_postfix_str(status, refresh=False)
        self._bar.update()
        if not self._bar.disable:
            if line and important:
                self._bar.write(line, file=sys.stderr)
        elif line:
            self._write(line)
        elif time.monotonic() >= self._last + LINE_PERIOD or (status and self._done == self._total):
            self._write(status or self._unit)

    def _write(self, text: str) -> None:
        self._last = time.monotonic()
        sys.stderr.write(f"[{self._done}/{self._total}] {text}\n")
        sys.stderr.flush()
