"""The verb `scan_faults`: what is said and done when scanners or odometry go wrong."""

from __future__ import annotations

import argparse

import rclpy

from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.reporting.rows import table
from studies.scan_faults.faults import FAULTS, Fault, Outcome, suffer
from studies.scan_faults.rig import Rig

ABOUT = """\
Drive the controller node down a corridor by two scanners and odometry, let one thing after the
other go wrong for a while, and say what the log says, whether the robot stops, how soon it drives
again, and how many cells of what it has seen are wrong then.
"""
EXAMPLES = """\
examples:
  python -m studies scan_faults
  python -m studies scan_faults --only "all inf" mirror
"""
COLUMNS = {
    "fault": "{name}",
    "the log says": "{line}",
    "stops after, s": "{stop}",
    "drives again after, s": "{again}",
    "cells left wrong": "{strays}",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="faults with it")


def run(options: argparse.Namespace, command: str) -> str:
    """Let every fault happen; return the table."""
    faults = [fault for fault in FAULTS if any(word in fault.name for word in options.only)]
    context = rclpy.Context()
    with reserved_domain() as domain:
        rclpy.init(context=context, domain_id=domain)
        rig = Rig(context)
        try:
            rig.start()
            rows = [_row(fault, suffer(rig, fault)) for fault in faults]
        finally:
            rig.close()
            rclpy.shutdown(context=context)
    return f"{table(rows, COLUMNS)}\n"


def _row(fault: Fault, outcome: Outcome) -> dict[str, object]:
    return {
        "name": fault.name,
        "line": f"`{lines[0]}`" if (lines := outcome.said(fault.line)) else "nothing",
        "stop": "drives on" if outcome.stop is None else f"{outcome.stop:.1f}",
        "again": "never" if outcome.again is None else f"{outcome.again:.1f}",
        "strays": outcome.strays,
    }
