"""One world of process faults; run as a module with SEED WORLD BOUTS FILE SPEED.

A bout is a goal, some faults while the robot drives to it, their end, and a new goal. A line is
added to the file after each bout.
"""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from std_msgs.msg import Bool

from mme_ilqr_ros.bringup.domain import reserved_domain
from studies.faults.processes.kinds import Happening, Kinds
from studies.faults.processes.observer import Observer
from studies.faults.processes.running import Running
from studies.faults.rules import broken
from studies.faults.trace import Fault, Trace

WORLDS = (("trap", "known"), ("crossing", "known"), ("trap", "lidar"), ("forest", "known"))
DRIVING, PATIENCE = 15.0, 40.0  # s for a robot to set off, for a goal to end after the faults
MOST = 4  # faults in a bout
STILL = 0.15  # s without a word from the simulator
BEFORE = 3.0  # s of evidence
ODOMETRY = 0.3  # s from the last odometry to the zero command
TIMED = (
    "keeps_its_rate",
    "forward_within_acceleration",
    "turning_within_acceleration",
    "zero_without_odometry",
    "stands_without_commands",
    "no_motion_without_a_goal",
    "brakes_after_the_end",
    "stands_after_the_end",
    "answers",
    "no_avoidable_contact",
)
"""Rules that say nothing on a machine that let the recorder itself wait."""


class World:
    """One world, from its start to its last bout."""

    def __init__(self, seed: int, number: int, file: Path, speed: float) -> None:
        self._seed, self._number, self._file = seed, number, file
        scenario, sensing = WORLDS[number % len(WORLDS)]
        self.name = f"{scenario}, {sensing}"
        folder = file.parent / "log" / f"{seed}_{number}"
        self._speed, self._folder = speed, folder
        self._scenario, self._sensing = scenario, sensing

    def run(self, first: int, bouts: int) -> None:
        """Go through bouts."""
        with reserved_domain() as domain:
            self._running = Running(
                self._scenario, self._sensing, domain, self._folder, self._speed
            )
            self._observer = Observer(domain)
            self._kinds = Kinds(self._running, self._observer)
            try:
                if not self._running.wait_until_up():
                    self._write({"bout": first, "broken": {"starts": ["not ready in time"]}})
                    return
                for bout in range(first, first + bouts):
                    self._bout(bout)
            finally:
                self._running.close()
                self._observer.close()

    def _bout(self, bout: int) -> None:
        rng = np.random.default_rng((self._seed, self._number, bout))
        begin = time.monotonic()
        self._send_goal()
        self._wait(DRIVING, lambda: self._observer.speed() > 0.1)
        happened: list[Happening] = []
        for _ in range(int(rng.integers(1, MOST + 1))):
            happened.append(self._kinds.begin(rng))
            pause = float(rng.uniform(0.0, 2.0))
            self._pass(pause, happened)
        self._pass(max((h.end for h in happened), default=0.0) - time.monotonic(), happened)
        is_up = self._running.wait_until_up()
        faults_end = time.monotonic() + 0.5
        self._wait(1.0, lambda: False)
        self._wait(5.0, lambda: self._observer.listeners() >= 2)
        self._send_goal()
        sent = time.monotonic()
        ended = self._wait(PATIENCE, lambda: self._observer.has_ended(sent) or self._collided())
        self._wait(0.5, lambda: False)
        end = time.monotonic()
        trace = self._observer.trace(self._running.limits, begin, end)
        self._complete(trace, happened, faults_end)
        self._judge(bout, trace, happened, is_up and ended)
        if trace.contact is not None or self._collided():
            self._observer.call("simulator/reset")
            self._wait(1.0, lambda: False)

    def _send_goal(self) -> None:
        """Send the robot to the end that is further away."""
        x, y = self._observer.place()
        ends = self._running.ends()
        self._observer.send_goal(*max(ends, key=lambda end: math.hypot(end[0] - x, end[1] - y)))

    def _collided(self) -> bool:
        message = self._observer.newest("simulator/collision", Bool)
        return message is not None and message.data

    def _pass(self, seconds: float, happened: list[Happening]) -> None:
        """Let time pass, and end the faults that are over."""
        until = time.monotonic() + max(seconds, 0.0)
        while True:
            now = time.monotonic()
            for fault in happened:
                if now >= fault.end and fault.undo is not None:
                    undo, fault.undo = fault.undo, None  # type: ignore[assignment]
                    undo()
                    fault.end = max(fault.end, time.monotonic())
            self._running.look()
            if now >= until:
                return
            time.sleep(0.02)

    def _wait(self, seconds: float, predicate: Callable[[], bool]) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._running.look()
            if predicate():
                return True
            time.sleep(0.05)
        return False

    def _complete(self, trace: Trace, happened: list[Happening], faults_end: float) -> None:
        running = self._running
        # A node that starts anew is part of the fault.
        restarts = any(h.name.startswith("SIG") and "STOP" not in h.name for h in happened)
        trace.faults = [
            Fault(h.begin, faults_end if restarts else h.end + 0.5, h.name, h.lies)
            for h in happened
        ]
        trace.silent = [(h.begin, h.end) for h in happened if h.silent]
        trace.begins_idle = False
        stopped = [h for h in happened if h.name.startswith("SIGSTOP simulator")]
        trace.frozen = [(h.begin, h.end + STILL) for h in stopped]
        trace.deadline = {"odom": ODOMETRY}
        # Of two commands one may be lost on its way, on a busy machine.
        trace.patience, trace.period = PATIENCE - 1.0, 0.1
        trace.tolerance = running.scenario.goal_tolerance
        trace.lines = [line for line in running.lines if trace.end - 300.0 < line.t]
        begin = trace.states[0].t if trace.states else 0.0
        trace.lines = [line for line in running.lines if line.t >= begin]
        trace.exits = [leaving for leaving in running.exits if leaving.t >= begin]
        trace.memory = dict(running.memory)

    def _judge(self, bout: int, trace: Trace, happened: list[Happening], ended: bool) -> None:
        cases = broken(trace)
        first = trace.commands[0].t if trace.commands else trace.end
        was_late = self._observer.was_late(first, trace.end) or _stood_still(trace)
        unsure = {name: c for name, c in cases.items() if was_late and name in TIMED}
        sure = {name: c for name, c in cases.items() if name not in unsure}
        statuses = [news.status for news in trace.news if news.status > 3]
        self._write(
            {
                "bout": bout,
                "faults": [h.name for h in happened],
                "outcome": "contact" if trace.contact else "ended" if ended else "no end",
                "ends": statuses,
                "late": was_late,
                "commands": len(trace.commands),
                "broken": {name: [f"{line}" for _, line in c[:3]] for name, c in sure.items()},
                **self._evidence(trace, sure),
                "unsure": {name: [f"{line}" for _, line in c[:2]] for name, c in unsure.items()},
            }
        )

    def _evidence(self, trace: Trace, cases: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Return what happened in the seconds before a contact, or before the first case."""
        times = [case[0][0] for case in cases.values()]
        at = trace.contact if trace.contact is not None else min(times, default=None)
        if at is None:
            return {}

        def rows(items: Sequence[Any], *names: str) -> list[list[float]]:
            near = [item for item in items if at - BEFORE < item.t < at + 0.5]
            return [
                [round(getattr(i, name) - at * (name == "t"), 3) for name in names] for i in near
            ]

        return {
            "evidence": {
                "at": round(at, 3),
                "commands": rows(trace.commands, "t", "vx", "wz"),
                "states": rows(trace.states[::5], "t", "x", "y", "vx"),
                "faults": [
                    [round(f.t - at, 2), round(f.end - at, 2), f.name] for f in trace.faults
                ],
                "odom": [round(t - at, 3) for t in trace.inputs["odom"] if at - 1.0 < t < at],
            }
        }

    def _write(self, row: dict[str, Any]) -> None:
        whole = {"seed": self._seed, "world": self._number, "setup": self.name, **row}
        with self._file.open("a") as file:
            file.write(json.dumps(whole) + "\n")


def _stood_still(trace: Trace) -> bool:
    """Whether the simulated world stood still, though nobody told it to."""
    if any("simulator" in fault.name for fault in trace.faults):
        return False
    return any(b.t - a.t > STILL for a, b in pairwise(trace.states))


def done(file: Path, seed: int) -> dict[int, int]:
    """Return how many bouts of each world of a seed are in a file."""
    bouts: dict[int, int] = {}
    if file.is_file():
        for line in file.read_text().splitlines():
            row = json.loads(line)
            if row["seed"] == seed:
                bouts[row["world"]] = max(bouts.get(row["world"], 0), row["bout"] + 1)
    return bouts


def _leave(number: int, _frame: object) -> None:
    """End in good order: nodes that nobody ends drive on in a domain that is taken for free."""
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)
    of_seed, of_world, of_bouts = map(int, sys.argv[1:4])
    rows = Path(sys.argv[4])
    begun_before = done(rows, of_seed).get(of_world, 0)
    World(of_seed, of_world, rows, float(sys.argv[5])).run(begun_before, of_bouts - begun_before)
