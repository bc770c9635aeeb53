"""The verb `stop_times`: from a death to a zero command, with real processes."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.reporting.rows import facts, table, write_csv, write_json
from studies.stop_times.picture import draw
from studies.stop_times.rig import Rig, Sent, rig, stopped_after

ABOUT = """\
Drive a simulated robot with controller and safety node, each a process, and let one thing after the
other die at a random moment: how long is it until cmd_vel is zero? Times are those at which the
middleware sent the messages.
"""
EXAMPLES = """\
examples:
  python -m studies stop_times --runs 10 --out out/stop_times
  python -m studies stop_times --only SIGSTOP

DIR gets runs.csv, summary.json and commands.png, what was commanded across a SIGSTOP.
"""
COLUMNS = {
    "what dies": "{fault}",
    "runs": "{runs}",
    "median, s": "{median:.3f}",
    "worst, s": "{worst:.3f}",
    "not stopped": "{missed}",
}
WATCHED = 1.2  # s after the fault
PICTURED = 1  # run of the first fault
OLDEST = 0.3  # s after which a command of before must not be driven
SUSPENSIONS = (0.2, 0.5, 1.0, 2.0, 5.0)  # s
SETUPS: tuple[dict[str, bool], ...] = ({}, {"by_lidar": True}, {"simulated_time": True})
Row = dict[str, Any]
TICK, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def stop_controller(rig: Rig) -> tuple[float, Callable[[], None]]:
    """Suspend the controller."""
    return rig.signal(signal.SIGSTOP, "controller"), lambda: resume(rig)


def resume(rig: Rig) -> None:
    """Let the controller go on."""
    rig.signal(signal.SIGCONT, "controller")


def kill_controller(rig: Rig) -> tuple[float, Callable[[], None]]:
    """Kill the controller."""
    return rig.signal(signal.SIGKILL, "controller"), lambda: rig.restart("controller")


def end_controller(rig: Rig) -> tuple[float, Callable[[], None]]:
    """Ask the controller to end."""
    return rig.signal(signal.SIGTERM, "controller"), lambda: rig.restart("controller")


def end_safety(rig: Rig) -> tuple[float, Callable[[], None]]:
    """Ask the safety node to end."""
    return rig.signal(signal.SIGTERM, "safety"), lambda: rig.restart("safety")


def mute(name: str) -> Callable[[Rig], tuple[float, Callable[[], None]]]:
    """Return a fault: nothing comes on a topic."""

    def fault(rig: Rig) -> tuple[float, Callable[[], None]]:
        rig.muted.add(name)
        return time.time(), rig.muted.clear

    return fault


FAULTS: tuple[tuple[str, Callable[[Rig], Any], Mapping[str, bool]], ...] = (
    ("controller: SIGSTOP", stop_controller, {}),
    ("controller: SIGKILL", kill_controller, {}),
    ("controller: SIGTERM", end_controller, {}),
    ("safety node: SIGTERM", end_safety, {}),
    ("odometry: silence", mute("odom"), {}),
    ("scans: silence", mute("scan"), {"by_lidar": True}),
    ("clock: stands still", mute("/clock"), {"simulated_time": True}),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--runs", type=positive_int, default=10, help="of each (%(default)s)")
    add("--seed", type=int, default=0, help="of the moments (%(default)s)")
    add("--only", nargs="+", default=[""], metavar="WORD", help="faults with it")
    add("--out", type=Path, default=Path("out/stop_times"), metavar="DIR", help="(%(default)s)")


def run(options: argparse.Namespace, command: str) -> str:
    """Measure; return the tables."""
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    chosen = [fault for fault in FAULTS if any(word in fault[0] for word in options.only)]
    rows: list[Row] = []
    load: Row = {}
    for setup in SETUPS:
        faults = [fault for fault in chosen if fault[2] == setup]
        resumes = not setup and any(word in "safety node: SIGSTOP" for word in options.only)
        if not faults and not resumes:
            continue
        with ExitStack() as stack:
            log = options.out / ("_".join(["log", *setup]))
            bench = stack.enter_context(rig(log, **setup))
            if not setup:
                load = _load(bench)
            for name, fault, _ in faults:
                rows += _deaths(bench, name, fault, options.runs, rng, options.out)
                write_csv(rows, options.out / "runs.csv")
            if resumes:
                rows += _resumptions(bench, options.runs, rng)
                write_csv(rows, options.out / "runs.csv")
    summary = [_summary(name, rows) for name in dict.fromkeys(row["fault"] for row in rows)]
    write_csv(rows, options.out / "runs.csv")
    write_json({**facts(command), "faults": summary, "load": load}, options.out / "summary.json")
    told = ", ".join(f"{name} {value:.3g}" for name, value in load.items())
    return f"{table(summary, COLUMNS)}\n\n{told}\n"


def _deaths(
    bench: Rig,
    name: str,
    fault: Callable[[Rig], Any],
    runs: int,
    rng: np.random.Generator,
    out: Path,
) -> Iterator[Row]:
    for index in range(runs):
        bench.drive()
        bench.spin(float(rng.uniform(0.0, 0.2)))
        begin, heal = fault(bench)
        bench.spin(WATCHED)
        stopped = stopped_after(bench.after, begin, begin + WATCHED)
        if name.endswith("controller: SIGSTOP") and index == PICTURED:
            draw(bench, begin, out / "commands.png")
        heal()
        yield {"fault": name, "run": index, "seconds": stopped}


def _resumptions(bench: Rig, runs: int, rng: np.random.Generator) -> Iterator[Row]:
    """Suspend both; let the safety node go on alone: is what was commanded before driven?"""
    for index in range(runs):
        bench.drive()
        bench.spin(float(rng.uniform(0.0, 0.2)))
        begin = bench.signal(signal.SIGSTOP, "safety", "controller")
        bench.spin(SUSPENSIONS[index % len(SUSPENSIONS)])
        resumed = bench.signal(signal.SIGCONT, "safety")
        bench.spin(WATCHED)
        old = [s for s in bench.after if s.time > max(begin + OLDEST, resumed) and not s.is_zero]
        zero = next((s.time for s in bench.after if s.time >= resumed and s.is_zero), None)
        bench.signal(signal.SIGCONT, "controller")
        seconds = None if old or zero is None else zero - resumed
        yield {"fault": "safety node: zero after SIGCONT", "run": index, "seconds": seconds}


def _summary(name: str, rows: Iterable[Row]) -> Row:
    times = [row["seconds"] for row in rows if row["fault"] == name]
    found = [seconds for seconds in times if seconds is not None]
    return {
        "fault": name,
        "runs": len(times),
        "median": statistics.median(found) if found else None,
        "worst": max(found) if found else None,
        "missed": len(times) - len(found),
    }


def _load(bench: Rig) -> Row:
    """Return what the safety node adds and takes while the robot drives."""
    bench.drive()
    pid, begin, ticks = bench.pid("safety"), time.monotonic(), _ticks(bench.pid("safety"))
    first = len(bench.after)
    bench.spin(8.0)
    share = (_ticks(pid) - ticks) / TICK / (time.monotonic() - begin)
    delays = [1e3 * delay for delay in _delays(bench.before, bench.after[first:])]
    memory = Path(f"/proc/{pid}/statm").read_text().split()
    return {
        "share of a core": share,
        "memory [MB]": 1e-6 * PAGE * int(memory[1]),
        "of it its own [MB]": 1e-6 * PAGE * (int(memory[1]) - int(memory[2])),
        "added latency median [ms]": float(np.median(delays)),
        "added latency p95 [ms]": float(np.percentile(delays, 95)),
    }


def _delays(before: list[Sent], after: list[Sent]) -> Iterator[float]:
    """Yield the time from each command to the same one behind the safety node [s]."""
    times = {(sent.vx, sent.wz): sent.time for sent in before}
    for sent in after:
        if not sent.is_zero and (sent.vx, sent.wz) in times:
            delay = sent.time - times[sent.vx, sent.wz]
            if 0.0 <= delay < 1.0:
                yield delay


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
