"""The verb `goal_life`: do goals end, and stay ended, whatever happens to robot and nodes?"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.command_line import positive, positive_int
from mme_ilqr_ros.reporting.rows import table
from studies.goal_life.cases import CASES, Case
from studies.goal_life.rig import Rig

ABOUT = """\
Drive a simulated robot to goals through the processes of simulator, planner and controller, end
them in every way, push the robot, publish maps and plans again, kill and start nodes, and count how
often the robot does as it shall: stand, but for a few millimetres, or arrive.
"""
EXAMPLES = """\
examples:
  python -m studies goal_life
  python -m studies goal_life --only reached --runs 3
"""
COLUMNS = {
    "case": "{name}",
    "as it shall": "{good} of {runs}",
    "most moved after the end, mm": "{moved:.1f}",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--only", nargs="+", default=[""], metavar="WORD", help="cases with one of these words")
    add("--runs", type=positive_int, default=10, metavar="N", help="runs of each case (10)")
    add("--seed", type=int, default=0, metavar="N", help="of the moments of interference (0)")
    add("--speed", type=positive, default=1.0, help="simulated seconds per second (1)")


def run(options: argparse.Namespace, command: str) -> str:
    """Run every case; return the table."""
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rng = random.Random(options.seed)
    cases = {name: case for name, case in CASES.items() if any(w in name for w in options.only)}
    rows = []
    with reserved_domain() as domain, tempfile.TemporaryDirectory() as folder:
        rig = Rig(domain, Path(folder), options.speed)
        try:
            for name, case in cases.items():
                rows.append(_row(rig, name, case, options.runs, rng))
                sys.stderr.write(f"{table(rows[-1:], COLUMNS).splitlines()[-1]}\n")
        finally:
            rig.close()
    return f"{table(rows, COLUMNS)}\n"


def _row(rig: Rig, name: str, case: Case, runs: int, rng: random.Random) -> dict[str, object]:
    good, most = 0, 0.0
    for _ in range(runs):
        rig.begin(rng.uniform(0.0, 0.8))
        try:
            as_it_shall, moved = case(rig)
        except RuntimeError as error:
            sys.stderr.write(f"{name}: {error}\n")
            as_it_shall, moved = False, 0.0
        good, most = good + as_it_shall, max(most, moved)
    return {"name": name, "good": good, "runs": runs, "moved": 1e3 * most}
