"""The nodes of a run as processes that can be started anew, each by bringup's own command."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from mme_ilqr_ros.bringup.processes import NodeProcess, start, stop_all
from mme_ilqr_ros.bringup.run import command_of, environment_of_a_run
from mme_ilqr_ros.bringup.system import Choice, on_simulated_time, simulation_nodes
from mme_ilqr_ros.settings import Scalar
from mme_ilqr_ros.simulation.scenario import load_scenario
from studies.faults.trace import Exit, Limits, Line

READY = re.compile(r"^(ready|scenario '.*' is up|watching)")
STARTING = 120.0  # s: a first start compiles
PARAMETERS: dict[str, dict[str, Scalar]] = {
    "simulator": {"cmd_vel_timeout": 0.25, "publish_scan": True},
    "controller": {"odom_timeout": 0.25, "controller_frequency": 20.0},
    "planner": {"plan_patience": 5.0},
}


class Running:
    """The processes of a run.

    Attributes:
        names: Of the nodes that can suffer.
        scenario: What is driven.
        exits: Processes that ended.
        lines: Of their logs.
        memory: Looks at the resident memory of each.
    """

    def __init__(
        self, scenario: str, sensing: str, domain: int, folder: Path, speed: float
    ) -> None:
        """Start the nodes.

        Args:
            scenario: Name of a shipped one.
            sensing: Of the choice: known or lidar.
            domain: Of ROS.
            folder: For logs.
            speed: Simulated seconds per second; 1 follows the system's clock.
        """
        self.scenario = load_scenario(scenario)
        choice = Choice(scenario=scenario, sensing=sensing)
        specs = simulation_nodes(choice, self.scenario.robot)
        if speed != 1.0:
            specs = on_simulated_time(specs, speed)
        self._specs = {
            spec.name: replace(spec, choices={**spec.choices, **PARAMETERS.get(spec.name, {})})
            for spec in specs
        }
        self.names = [name for name in self._specs if name != "simulator"]
        self.exits: list[Exit] = []
        self.lines: list[Line] = []
        self.memory: dict[str, list[tuple[float, float]]] = {}
        self.is_simulated_time = speed != 1.0
        self._folder, self._scratch = folder, Path(tempfile.mkdtemp(prefix="faults_run_"))
        self._environment = environment_of_a_run(os.environ, domain) | {
            "ROS_LOG_DIR": str(folder / "ros")
        }
        self._running: dict[str, NodeProcess] = {}
        self._told: set[str] = set()
        self._ready: set[str] = set()
        for name in self._specs:
            self.start(name)

    def start(self, name: str) -> None:
        """Start a node, or start it anew."""
        self._told.discard(name)
        self._ready.discard(name)
        command = command_of(self._specs[name], None, self._scratch)
        count = sum(leaving.node == name for leaving in self.exits)
        self._running[name] = start(f"{name}_{count}", command, self._environment, self._folder)

    def pid(self, name: str) -> int:
        """Return the number of a node's process."""
        return self._running[name]._process.pid

    def send(self, name: str, number: int) -> None:
        """Send a signal to a node."""
        if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            self._told.add(name)
        self._running[name].send(number)

    def end(self, name: str, patience: float = 5.0) -> None:
        """Wait until a node that was told to end has done so; then end it."""
        until = time.monotonic() + patience
        while not self.has_ended(name) and time.monotonic() < until:
            time.sleep(0.02)
        if not self.has_ended(name):  # suspended, or it hangs
            self.send(name, signal.SIGKILL)
        self._running[name].wait(patience)
        time.sleep(0.05)
        self.look()  # its end, before another one takes its place

    def limit_files(self, name: str, size: int) -> None:
        """Let a node write no file longer than some bytes, as on a full disk."""
        limits = (size, resource.RLIM_INFINITY)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self.pid(name), resource.RLIMIT_FSIZE, limits)

    def is_up(self, name: str) -> bool:
        """Return whether a node has said that it is ready, and runs."""
        return name in self._ready and self._running[name]._process.poll() is None

    def has_ended(self, name: str) -> bool:
        """Return whether a node's process is gone."""
        return self._running[name]._process.poll() is not None

    def look(self) -> None:
        """Take what the nodes have logged, how they ended, and their memory."""
        now = time.monotonic()
        for name, process in self._running.items():
            for severity, text in process.new_lines():
                self.lines.append(Line(now, severity, f"{name}: {text}"))
                if READY.match(text):
                    self._ready.add(name)
            if process.status is None and process.has_ended():
                status = 0 if process.status is None else process.status
                self.exits.append(Exit(now, name, status, name in self._told))
            elif name in self._ready and (used := _megabytes(self.pid(name))) > 0.0:
                self.memory.setdefault(f"{name} {self.pid(name)}", []).append((now, used))

    def wait_until_up(self, seconds: float = STARTING) -> bool:
        """Wait until all nodes are ready; return whether they are."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            if all(self.is_up(name) for name in self._specs):
                return True
            time.sleep(0.1)
        return False

    def close(self) -> None:
        """End all processes."""
        for process in self._running.values():
            process.send(signal.SIGCONT)
        stop_all(list(self._running.values()))

    @property
    def limits(self) -> Limits:
        """Of the robot."""
        robot = self.scenario.robot
        return Limits(robot.vx_min, robot.vx_max, robot.wz_max, robot.ax_max, robot.az_max)

    @property
    def has_safety(self) -> bool:
        """Whether a safety node stands between the controller and the base."""
        return "safety" in self._specs

    def ends(self) -> list[tuple[float, float]]:
        """Return the two ends between which the robot drives [m]."""
        a, b = self.scenario.start, self.scenario.goal
        return [(b.x, b.y), (a.x, a.y)]


def _megabytes(pid: int) -> float:
    """Return the resident memory of a process [MB]; 0 where it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def hog(seconds: float) -> Any:
    """Start a process that does nothing but use a core for some seconds."""
    import subprocess
    import sys

    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
