"""What is done to the processes of a run, one fault at a time."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.settings import table
from studies.faults.processes.observer import Observer
from studies.faults.processes.running import Running, hog

Rng = np.random.Generator
COMMANDING = ("controller", "safety", "simulator")  # without any of these no command is new
WRONG = (math.nan, math.inf, -1e300, 1e300, "text", 7, True)
KEPT = (
    "timeout",
    "tolerance",
    "patience",
    "frequency",
    "use_map",
    "robot",
    "variant",
    "max",
    "min",
)


@dataclass
class Happening:
    """A fault that happens.

    Attributes:
        name: In a few words.
        begin: When it began [s].
        end: When it is over [s].
        undo: What ends it; called once, at `end`.
        silent: Whether no node is able to command meanwhile.
        lies: Whether the nodes are told what is not true.
    """

    name: str
    begin: float
    end: float
    undo: Callable[[], None]
    silent: bool = False
    lies: bool = False


def nothing() -> None:
    """Do nothing."""


class Kinds:
    """Does faults to a run."""

    def __init__(self, running: Running, observer: Observer) -> None:
        self._running, self._observer = running, observer
        self._asleep: dict[str, float] = {}  # node -> when the longest of its suspensions ends

    def begin(self, rng: Rng) -> Happening:
        """Let a fault begin."""
        names = [name for name in KINDS if name != "clock" or self._running.is_simulated_time]
        weights = np.array([KINDS[name] for name in names])
        name = str(rng.choice(names, p=weights / weights.sum()))
        act: Callable[[Rng, float], Happening] = getattr(self, f"_{name}")
        return act(rng, time.monotonic())

    def _node(self, rng: Rng) -> str:
        return str(rng.choice(self._running.names))

    def _kill(self, rng: Rng, now: float) -> Happening:
        return self._end(rng, now, signal.SIGKILL, "SIGKILL")

    def _terminate(self, rng: Rng, now: float) -> Happening:
        return self._end(rng, now, signal.SIGTERM, "SIGTERM")

    def _end(self, rng: Rng, now: float, number: int, name: str) -> Happening:
        node, gone = self._node(rng), float(rng.uniform(0.0, 2.0))
        self._running.send(node, number)
        which = self._running.pid(node)

        def again() -> None:
            if self._running.pid(node) == which:  # no other fault has started it anew
                self._running.end(node)
                self._running.start(node)

        silent = node in COMMANDING
        return Happening(f"{name} {node}", now, now + gone, again, silent)

    def _suspend(self, rng: Rng, now: float) -> Happening:
        node = str(rng.choice([*self._running.names, "controller", "simulator"]))
        seconds = float(rng.uniform(0.2, 5.0))
        self._running.send(node, signal.SIGSTOP)
        end = self._asleep[node] = max(now + seconds, self._asleep.get(node, 0.0))

        def go_on() -> None:
            if self._asleep[node] <= now + seconds:  # no other one lasts longer
                self._running.send(node, signal.SIGCONT)

        # A simulator that stands still moves no robot.
        silent = node in COMMANDING and node != "simulator"
        return Happening(f"SIGSTOP {node} {seconds:.1f} s", now, end, go_on, silent)

    def _hog(self, rng: Rng, now: float) -> Happening:
        count, seconds = int(rng.integers(1, 5)), float(rng.uniform(0.5, 3.0))
        hogs = [hog(seconds) for _ in range(count)]

        def over() -> None:
            for process in hogs:
                process.kill()
                process.wait()

        return Happening(f"{count} hogs {seconds:.1f} s", now, now + seconds, over)

    def _disk(self, rng: Rng, now: float) -> Happening:
        node, seconds = self._node(rng), float(rng.uniform(0.5, 3.0))
        self._running.limit_files(node, 0)
        full = -1  # RLIM_INFINITY

        def over() -> None:
            self._running.limit_files(node, full)

        return Happening(f"full disk for {node}", now, now + seconds, over)

    def _clock(self, rng: Rng, now: float) -> Happening:
        jump = float(rng.choice([-1000.0, -5.0, -0.5, 0.5, 5.0, 1000.0, 1e6]))
        for _ in range(int(rng.integers(1, 6))):
            self._observer.set_clock(self._observer.simulated() + jump)
        return Happening(f"clock {jump:+g} s", now, now + 0.5, nothing, lies=True)

    def _good_parameter(self, rng: Rng, now: float) -> Happening:
        node, row = self._parameter(rng)
        self._observer.set_parameter(node, row.name, row.default)
        return Happening(f"{node} {row.name} = {row.default}", now, now + 0.1, nothing)

    def _bad_parameter(self, rng: Rng, now: float) -> Happening:
        node, row = self._parameter(rng)
        value: Any = WRONG[int(rng.integers(len(WRONG)))]
        if isinstance(value, bool) == (row.kind is bool) and type(value) in (row.kind, int):
            value = math.nan  # what might be accepted is not wrong
        self._observer.set_parameter(node, row.name, value)
        return Happening(f"{node} {row.name} = {value!r}", now, now + 0.1, nothing)

    def _parameter(self, rng: Rng) -> tuple[str, Any]:
        settings = {"controller": ControllerNodeSettings, "planner": PlannerNodeSettings}
        node = str(rng.choice([name for name in settings if name in self._running.names]))
        rows = [row for row in table(settings[node]) if row.dynamic and row.kind in (float, int)]
        rows = [row for row in rows if not any(part in row.name for part in KEPT)]
        return node, rows[int(rng.integers(len(rows)))]

    def _service(self, rng: Rng, now: float) -> Happening:
        service = str(rng.choice(["controller/reset", "planner/cancel"]))
        self._observer.call(service)
        return Happening(service, now, now + 0.1, nothing)


KINDS: Mapping[str, float] = {
    "kill": 3.0,
    "terminate": 2.0,
    "suspend": 5.0,
    "hog": 1.5,
    "disk": 1.0,
    "clock": 2.0,
    "good_parameter": 1.0,
    "bad_parameter": 1.5,
    "service": 1.0,
}
"""How often each is drawn."""
