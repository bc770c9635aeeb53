"""Runs the nodes of a system as processes and shows in the terminal what they report."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.bringup.parameter_files import parameter_files
from mme_ilqr_ros.bringup.processes import NodeProcess, start, stop_all
from mme_ilqr_ros.bringup.system import NodeSpec

FAILED, UNUSABLE_INPUT = 1, 2
LINE_WIDTH = 76  # a longer line would not be replaced by the next one
PLAIN_PROGRESS_PERIOD = 5.0  # s between progress lines where there is no terminal


def run_nodes(specs: Sequence[NodeSpec], params: Path | None, log_folder: Path) -> int:
    """Start the nodes, wait for the monitor's verdict, and end them all.

    Args:
        specs: The nodes; the last one is the monitor.
        params: The user's parameter file, or None.
        log_folder: Folder for the nodes' logs.

    Returns:
        The monitor's exit status, or that of a node that ended before it.

    Raises:
        NoDomainError: Every ROS domain is taken.
    """
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    screen = Screen()
    processes: list[NodeProcess] = []
    with (
        domain_of_a_run(os.environ) as domain,
        tempfile.TemporaryDirectory(prefix="mme_ilqr_ros_") as scratch,
    ):
        screen.say(f"ROS_DOMAIN_ID={domain}, logs in {log_folder}")
        environment = environment_of_a_run(os.environ, domain)
        try:
            for spec in specs:
                command = command_of(spec, params, Path(scratch))
                processes.append(start(spec.name, command, environment, log_folder))
            return _wait(processes, screen)
        except KeyboardInterrupt:
            screen.say("stopping the nodes")
            raise
        finally:
            stop_all(processes)


def command_of(spec: NodeSpec, params: Path | None, scratch: Path) -> list[str]:
    """Return the command line of a node: defaults, then the scenario's facts, then the user."""
    command = [sys.executable, "-m", spec.module, "--ros-args"]
    for file in parameter_files(spec, params, scratch):
        command += ["--params-file", str(file)]
    for name, other in spec.remappings:
        command += ["-r", f"{name}:={other}"]
    return command


def domain_of_a_run(given: Mapping[str, str]) -> contextlib.AbstractContextManager[int]:
    """Hold a ROS domain: the user's own, or one that no other run holds."""
    chosen = given.get("ROS_DOMAIN_ID", "")
    return contextlib.nullcontext(int(chosen)) if chosen.isdigit() else reserved_domain()


def environment_of_a_run(given: Mapping[str, str], domain: int) -> dict[str, str]:
    """Return the environment of the nodes: DDS on loopback, one thread a process, a plain log."""
    # The nodes find this very package, also when it is run from a checkout.
    paths = (str(Path(__file__).resolve().parents[2]), given.get("PYTHONPATH"))
    return {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "AMENT_PREFIX_PATH": sys.prefix,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # What the user has set overrules the above, so that RViz in another terminal can listen.
        **given,
        "ROS_DOMAIN_ID": str(domain),
        "RCUTILS_CONSOLE_OUTPUT_FORMAT": "[{severity}] {message}",
        "RCUTILS_LOGGING_USE_STDOUT": "1",
        "RCUTILS_LOGGING_BUFFERED_STREAM": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def _wait(processes: Sequence[NodeProcess], screen: Screen) -> int:
    """Show what the nodes say until the monitor ends, or another node does before it."""
    monitor = processes[-1]
    while True:
        for process in processes:
            for severity, text in process.new_lines():
                screen.show(process, severity, text, is_monitor=process is monitor)
        if monitor.has_ended():
            return monitor.status if monitor.status in (0, FAILED, UNUSABLE_INPUT) else FAILED
        for process in processes:
            if process.has_ended():
                screen.say(f"{process.name} ended early with exit status {process.status}")
                screen.say(f"its log: {process.log_file}")
                return UNUSABLE_INPUT if process.status == UNUSABLE_INPUT else FAILED
        time.sleep(0.05)


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
