"""The verb `scan_load`: what a controller that drives by scans takes of a processor and memory."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray

from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.command_line import positive, positive_int
from mme_ilqr_ros.nodes.diagnostics import diagnostic_values
from mme_ilqr_ros.nodes.node import STANDARD
from mme_ilqr_ros.reporting.rows import table
from studies.scan_faults.robot import Robot

ABOUT = """\
Drive the controller, a process of its own, down a corridor by one scanner, and say how much of a
core and of memory it takes, with as many cycles as scans in a second. The first row is without
scans, by odometry alone.
"""
EXAMPLES = """\
examples:
  python -m studies scan_load
  python -m studies scan_load --rates 10 40 --beams 1440 --seconds 20
"""
COLUMNS = {
    "scans and cycles, Hz": "{rate}",
    "a core": "{share:.0%}",
    "memory, MB": "{memory:.0f}",
    "of it evidence, MB": "{evidence}",
    "points, ms": "{points}",
    "tracks, ms": "{tracks}",
    "evidence, ms": "{integrate}",
    "field, ms": "{field}",
    "near, ms": "{near}",
}
STAGES = ("points", "tracks", "integrate", "field", "near")
PATIENCE = 180.0  # s for a controller that has to be compiled
SETTLE = 5.0  # s that are not measured
PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--rates", nargs="+", type=positive, default=[10.0, 40.0], metavar="HZ", help="of scans")
    add("--beams", type=positive_int, default=720, help="rays of a turn (%(default)s)")
    add("--seconds", type=positive, default=15.0, help="that are measured (%(default)s)")


def run(options: argparse.Namespace, command: str) -> str:
    """Measure; return the table, with the median of each stage."""
    cases = [(min(options.rates), False), *((rate, True) for rate in options.rates)]
    rows = [measured(rate, options.beams, options.seconds, seeing) for rate, seeing in cases]
    return f"{table(rows, COLUMNS)}\n"


def measured(rate: float, beams: int, seconds: float, seeing: bool) -> dict[str, object]:
    """Return what a controller takes, with scans or without."""
    context = rclpy.Context()
    with reserved_domain() as domain:
        rclpy.init(context=context, domain_id=domain)
        robot = Robot(context, beams, 1.0 / rate)
        told: list[DiagnosticArray] = []
        robot.node.create_subscription(DiagnosticArray, "diagnostics", told.append, STANDARD)
        try:
            with controller(rate, domain, seeing) as process:
                robot.start(PATIENCE)
                robot.spin(SETTLE)
                before = _ticks(process)
                robot.spin(seconds)
                share = (_ticks(process) - before) / TICK / seconds
                memory = 1e-6 * PAGE * int(_fact(process, "statm").split()[1])
        finally:
            robot.close()
            rclpy.shutdown(context=context)
    values = (diagnostic_values(told[-1], "controller") if told else None) or {}
    stages = {name: values.get(f"{name} median, p95 [ms]", "-").split(",")[0] for name in STAGES}
    return {
        "rate": f"{rate:g}" + ("" if seeing else ", no scans"),
        "share": share,
        "memory": memory,
        "evidence": values.get("evidence [MB]", "-"),
        **stages,
    }


@contextmanager
def controller(rate: float, domain: int, seeing: bool) -> Iterator[int]:
    """Run a controller until the block ends; yield the number of its process."""
    topics = "['scan']" if seeing else "['']"
    values = {
        "scan_topics": topics,
        "use_map": "false",
        "use_plan": "false",
        "controller_frequency": f"{rate:.1f}",
        "vx_max": "0.7",
    }
    told = [word for name, value in values.items() for word in ("-p", f"{name}:={value}")]
    module = "mme_ilqr_ros.nodes.controller_node"
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--ros-args", *told],
        env={**os.environ, "ROS_DOMAIN_ID": str(domain)},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _ticks(process: int) -> int:
    """Return the processor time of a process, in ticks."""
    fields = _fact(process, "stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _fact(process: int, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_text()
