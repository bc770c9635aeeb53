"""The verb `node_load`: latency, rate and processor time of planner and controller as processes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rclpy

from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.command_line import positive
from mme_ilqr_ros.reporting.rows import table
from studies.node_load.base import Base
from studies.node_load.heavy import KINDS

ABOUT = """\
Run planner and controller, each a process as on a robot, and drive to and fro in a scenario. The
first row is plain driving; each other one sends one very large message meanwhile (a map of 16
million cells, a plan of 10,000 poses, a cost-to-go of 4 million cells, 100,000 obstacles).
Latency is from the stamp of the odometry that a cycle used to its command at the base.
"""
EXAMPLES = """\
examples:
  python -m studies node_load
  python -m studies node_load --heavy map obstacles --seconds 8
"""
COLUMNS = {
    "meanwhile": "{name}",
    "commands, Hz": "{rate:.1f}",
    "latency median, ms": "{latency[median]:.1f}",
    "p95": "{latency[p95]:.1f}",
    "between commands median, ms": "{gap[median]:.0f}",
    "p95 ": "{gap[p95]:.0f}",
    "longest": "{gap[longest]:.0f}",
    "controller, % of a core": "{controller:.1%}",
    "planner, % of a core": "{planner:.1%}",
    "controller peak, MB": "{controller_mb:.0f}",
    "planner peak, MB": "{planner_mb:.0f}",
}
PATIENCE = 120.0  # s for nodes that have to be compiled
SETTLE = 3.0  # s that are not measured
TICK = os.sysconf("SC_CLK_TCK")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--scenario", default="depot", help="where it drives (%(default)s)")
    add("--heavy", nargs="*", choices=KINDS, default=[], help="large messages, one row each")
    add("--seconds", type=positive, default=20.0, help="that are measured (%(default)s)")
    add("--odometry", type=positive, default=50.0, metavar="HZ", help="rate (%(default)s)")
    add("--set", nargs="*", default=[], metavar="NAME:=VALUE", help="controller's parameters")
    add("--repeat", type=int, default=1, help="how often (%(default)s)")


def run(options: argparse.Namespace, command: str) -> str:
    """Measure; return the table."""
    rows = [measured(options, kind) for _ in range(options.repeat) for kind in ("", *options.heavy)]
    return f"{table(rows, COLUMNS)}\n"


def measured(options: argparse.Namespace, kind: str) -> dict[str, Any]:
    """Return what the nodes take while a robot drives, and a large message comes."""
    context = rclpy.Context()
    with reserved_domain() as domain:
        rclpy.init(context=context, domain_id=domain)
        base = Base(context, options.scenario, 1.0 / options.odometry)
        extra = ["guidance:=cost_to_go"] if kind == "cost_to_go" else []
        try:
            with (
                node("planner", domain, []) as planner,
                node("controller", domain, [*extra, *options.set]) as controller,
            ):
                begin(base, 2)
                with sender(kind, options.scenario, domain) as send:
                    base.spin(SETTLE)
                    base.times.clear()
                    before = {name: ticks(p.pid) for name, p in (("p", planner), ("c", controller))}
                    send()
                    base.spin(options.seconds)
                return row(base, kind, options.seconds, planner.pid, controller.pid, before)
        finally:
            base.close()
            rclpy.shutdown(context=context)


def begin(base: Base, listeners: int) -> None:
    """Let the robot drive.

    Raises:
        RuntimeError: It does not.
    """
    if not base.spin_until(lambda: base.is_heard(listeners), PATIENCE):
        raise RuntimeError("the nodes do not listen")
    base.spin(1.0)
    base.send_goal()
    if not base.spin_until(lambda: base.drives, PATIENCE):
        raise RuntimeError("the robot does not drive")


def row(
    base: Base, kind: str, seconds: float, planner: int, controller: int, before: dict[str, int]
) -> dict[str, Any]:
    """Return the figures of one row."""
    late, gaps = 1e3 * base.times.latencies(), 1e3 * np.diff(np.array(base.times.commands))
    return {
        "name": kind or "-",
        "rate": len(base.times.commands) / seconds,
        "latency": {"median": np.median(late), "p95": np.percentile(late, 95)},
        "gap": {
            "median": np.median(gaps),
            "p95": np.percentile(gaps, 95),
            "longest": gaps.max(),
        },
        "controller": (ticks(controller) - before["c"]) / TICK / seconds,
        "planner": (ticks(planner) - before["p"]) / TICK / seconds,
        "controller_mb": peak(controller),
        "planner_mb": peak(planner),
    }


@contextmanager
def node(name: str, domain: int, parameters: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node until the block ends."""
    told = [word for parameter in parameters for word in ("-p", parameter)]
    command = [sys.executable, "-m", f"mme_ilqr_ros.nodes.{name}_node", "--ros-args", *told]
    process = subprocess.Popen(command, env=environment(domain), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def sender(kind: str, scenario: str, domain: int) -> Iterator[Any]:
    """Yield what sends the large message; nothing for the empty kind."""
    if not kind:
        yield lambda: None
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "studies.node_load.heavy", kind, scenario],
        env=environment(domain),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, made = process.stdin, threading.Event()
    threading.Thread(target=lambda: process.stdout.readline() and made.set(), daemon=True).start()

    def send() -> None:
        stdin.write("now\n")
        stdin.flush()

    try:
        made.wait(30.0)
        yield send
    finally:
        process.kill()
        process.communicate()


def environment(domain: int) -> dict[str, str]:
    """Return the environment of a node."""
    return {**os.environ, "ROS_DOMAIN_ID": str(domain), "OMP_NUM_THREADS": "1"}


def ticks(process: int) -> int:
    """Return the processor time of a process, in ticks."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def peak(process: int) -> float:
    """Return the largest memory of a process so far [MB]."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return float(kilobytes) / 1024.0
