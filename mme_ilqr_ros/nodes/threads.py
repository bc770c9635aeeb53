"""Threads beside the executor's: one for heavy messages, one that looks after the robot.

Python runs one thread at a time, but numpy, scipy and the middleware let the others run while they
work, so commands keep their rate beside a map of millions of cells.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Background:
    """A thread that does the newest job of each name, one job at a time."""

    def __init__(self) -> None:
        """Start the thread; it ends with `close`, or with the process."""
        self._jobs: dict[str, Callable[[], None]] = {}
        self._changed = threading.Condition()
        self._is_open = True
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)
        self._thread.start()

    def do(self, name: str, job: Callable[[], None]) -> None:
        """Do a job soon; one of the same name that has not begun is left out.

        Raises:
            Exception: What a job before raised.
        """
        if self._error is not None:
            raise self._error
        with self._changed:
            self._jobs[name] = job
            self._changed.notify()

    def close(self) -> None:
        """Leave out what has not begun; returns when the job that runs is over."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or not self._is_open)
                if not self._is_open:
                    return
                job = self._jobs.pop(next(iter(self._jobs)))
            try:
                job()
            except Exception as error:  # raised where the next job is asked for
                self._error = error
                return


class Watchdog:
    """A thread that looks again and again, which nothing that the executor does can delay."""

    def __init__(self, look: Callable[[], float]) -> None:
        """Start looking.

        Args:
            look: Returns the time in s until it has to look again.
        """
        self._look = look
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more; returns when the last look is over."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._look()):
            pass
