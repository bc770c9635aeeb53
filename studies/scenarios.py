"""The verb `scenarios`: shipped scenarios through the ROS 2 nodes, many runs of each."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting.rows import table, write_json
from mme_ilqr_ros.resources import share_path
from studies.kept import RESULTS, read_kept

ABOUT = """\
Drive shipped scenarios through simulator, planner and controller as ROS 2 processes in real time,
many times each: median and worst time, clearance and cycle.
"""
EXAMPLES = """\
examples:
  python -m studies scenarios --runs 10 --out out/scenarios

DIR gets a folder for each run and scenarios.json, which goes to docs/results with `version` and
`machine` written into it. A run whose result.json is there is not driven again.
"""
NONE = "_none"  # ends the names of runs without a planner
NAMES = ("trap", "u_pocket", "forest", "crossing", "tb3_sandbox", "depot", f"trap{NONE}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--runs", type=positive_int, default=10, help="of each scenario (%(default)s)")
    add("--names", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help="all of the table")
    add("--out", type=Path, required=True, metavar="DIR", help="where runs and table are kept")


def run(options: argparse.Namespace, command: str) -> str:
    """Drive what is missing; return the table."""
    with ProgressBar(options.runs * len(options.names)) as progress:
        for k in range(options.runs):
            for name in options.names:
                _drive(name, options.out / name / str(k))
                progress.step(f"{name}, run {k}")
    kept = read_kept(share_path(RESULTS))["scenarios"]
    obstacles = {row["key"]: row["obstacles"] for row in kept.rows}
    rows = [row_of(name, obstacles[name], _results(options.out / name)) for name in options.names]
    total = {
        figure: sum(row[figure] for row in rows if not row["key"].endswith(NONE))
        for figure in ("runs", "reached", "collisions")
    }
    about = {"seeds": f"{options.runs} runs each, seed 0", "date": str(date.today())}
    content = {"command": command, **about, "columns": dict(kept.columns), "total": total}
    write_json({**content, "rows": rows}, options.out / "scenarios.json")
    return table(rows, kept.columns)


def _drive(name: str, folder: Path) -> None:
    """Run one scenario into a folder, unless its result is there."""
    if (folder / "result.json").is_file():
        return
    planner = ["--planner", "none"] if name.endswith(NONE) else []
    command = ["sim", "--scenario", name.removesuffix(NONE), *planner, "--out", str(folder)]
    subprocess.run(
        [sys.executable, "-m", "mme_ilqr_ros", *command],
        stdout=subprocess.DEVNULL,
        check=False,  # a robot that does not arrive is a result
    )


def _results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/result.json"))]


def row_of(key: str, obstacles: str, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of the runs of a scenario; times and lengths are of those that arrived."""
    arrived = [result for result in results if result["outcome"] == "success"]
    times = [result["time_s"] for result in arrived]
    near = [result["min_clearance_m"] for result in results]
    lengths = [result["path_length_m"] for result in arrived]
    return {
        "key": key,
        "scenario": key.removesuffix(NONE),
        "obstacles": obstacles,
        "runs": len(results),
        "reached": len(arrived),
        "collisions": sum(result["outcome"] == "collision" for result in results),
        "time_s": [statistics.median(times), max(times)] if times else None,
        "driven_m": statistics.median(lengths) if lengths else None,
        "clearance_m": [statistics.median(near), min(near)],
        "cycle_ms": statistics.median(result["solve_ms"]["median"] for result in results),
    }
