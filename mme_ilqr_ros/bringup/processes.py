"""Nodes as processes: each in a process group of its own, with its log; all stopped together."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

GRACE = 5.0  # s for a node to stop its robot and leave
_LOG_LINE = re.compile(r"\[(DEBUG|INFO|WARN|ERROR|FATAL)\] (.*)")


class NodeProcess:
    """A running node, with its output in a file and, line by line, in a queue.

    Attributes:
        name: Name of the node.
        log_file: Where its output is kept.
        status: Exit status, or None while it runs.
    """

    def __init__(self, name: str, process: subprocess.Popen[str], log_file: Path) -> None:
        """Listen to a process that was just started."""
        self.name = name
        self.log_file = log_file
        self.status: int | None = None
        self._process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def _read(self) -> None:
        output = self._process.stdout
        assert output is not None, "`start` asks for a pipe"
        with output, self.log_file.open("w") as log:
            for line in output:
                log.write(line)
                log.flush()
                self._lines.put(line.rstrip("\n"))

    def new_lines(self) -> Iterator[tuple[str, str]]:
        """Yield severity and text of the log lines since the last call.

        What is no log line, such as a traceback, counts as an error.
        """
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return
            match = _LOG_LINE.match(line)
            if match is not None:
                yield match.group(1), match.group(2)
            elif line.strip():
                yield "ERROR", line

    def has_ended(self) -> bool:
        """Return True once the process is gone and every line of it was read."""
        if self.status is None and self._process.poll() is not None and not self._reader.is_alive():
            self.status = self._process.returncode
        return self.status is not None and self._lines.empty()

    def send(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def wait(self, seconds: float) -> None:
        """Wait for the end, and no longer than that; then make one."""
        try:
            self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self._process.wait()
        self._reader.join(1.0)


def start(
    name: str, command: Sequence[str], environment: Mapping[str, str], log_folder: Path
) -> NodeProcess:
    """Start a node in its own process group: Ctrl-C in the terminal reaches only us."""
    log_folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    return NodeProcess(name, process, log_folder / f"{name}.log")


def stop_all(processes: Sequence[NodeProcess]) -> None:
    """Ask every node to stop, in one go, and end those that will not."""
    for process in processes:
        process.send(signal.SIGINT)
    deadline = time.monotonic() + GRACE
    for process in processes:
        process.wait(deadline - time.monotonic())
