"""The verb `tracks`: what is followed by a scanner, against the truth."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mme_ilqr_ros.benchmark.jobs import run_all
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.command_line import positive, positive_int
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.files import Parameters, read_parameters
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.reporting.rows import facts, table, write_json
from mme_ilqr_ros.settings import build, flatten
from mme_ilqr_ros.simulation.scenario import Scenario
from studies import worlds
from studies.tracks.evaluate import Errors, evaluate
from studies.tracks.recording import Scanner, record

ABOUT = """\
Drive worlds with true circles, cast the scans that a scanner at the robot's centre would have
measured (noise of 1 cm, 10 m, 10 Hz), follow what moves in them, and compare with the truth: every
disc faster than 0.2 m/s within 8 m of which at least 30 % are not hidden.
"""
EXAMPLES = """\
examples:
  python -m studies tracks --worlds dynabarn_odd_30.json.gz --out out/tracks
  python -m studies tracks --worlds barn_odd_150.json.gz --planner file --fov 270 --out out/stands

DIR gets summary.json. false: tracks that move where no disc does, in 1,000 scans; switches: changes
of a disc's number in a minute of its being followed, hidden for a second at most; errors are
medians / 95th percentiles.
"""
PAIR = "{{{0}[median]:.{1}f}} / {{{0}[p95]:.{1}f}}"
COLUMNS = {
    "view": "{view:.0f}°",
    "scans": "{scans}",
    "discs": "{asked}",
    "recall": "{recall:.1%}",
    "false / 1,000": "{false:.2f}",
    "switches / min": "{switches:.2f}",
    "place m": PAIR.format("position", 3),
    "radius m": PAIR.format("radius", 3),
    "velocity m/s": PAIR.format("velocity", 3),
    "latency s": PAIR.format("latency", 2),
    "ms": PAIR.format("milliseconds", 2),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    worlds.add_arguments(add)
    views = "field of view in degrees, one row each (270 360)"
    add("--fov", nargs="+", type=positive, default=[270.0, 360.0], metavar="DEG", help=views)
    add("--beams", type=positive_int, default=Scanner.beams, help="rays (%(default)s)")
    add("--params", metavar="FILE.yaml", help="ROS parameter file of the controller")


@dataclass(frozen=True, eq=False)
class Result:
    """One drive: its line, and its errors by field of view."""

    line: str
    errors: dict[float, Errors]


def run(options: argparse.Namespace, command: str) -> str:
    """Drive, follow, compare; return the table.

    Raises:
        InputError: A world, a file or a field of view cannot be used.
    """
    if max(options.fov) > 360.0:
        raise InputError(f"--fov {max(options.fov):g}: must be at most 360")
    parameters = read_parameters(options.params) if options.params else Parameters()
    setup = Setup(planner=options.planner, timeout=options.timeout, parameters=parameters)
    chosen = worlds.chosen_worlds(options, {"told": setup})
    options.out.mkdir(parents=True, exist_ok=True)
    values = {
        name.removeprefix("perception."): value
        for name, value in parameters.controller.items()
        if name.startswith("perception.")
    }
    settings = build(PerceptionSettings, values)
    scanners = [Scanner(math.radians(fov), options.beams) for fov in options.fov]
    tasks = [
        (world, setup, scanners, settings, options.seed + trial)
        for world in chosen
        for trial in range(options.trials)
    ]
    total = {fov: Errors() for fov in options.fov}
    for result in run_all(
        _one, tasks, lambda r: r.line, lambda _: False, options.jobs, options.scheduler
    ):
        for fov, errors in zip(options.fov, result.errors.values(), strict=True):
            total[fov].add(errors)
    rows = [{"view": fov, **errors.row(Scanner.period)} for fov, errors in total.items()]
    content = {**facts(command), "settings": flatten(settings), "views": rows}
    write_json(content, options.out / "summary.json")
    return table(rows, COLUMNS)


def _one(
    world: Scenario,
    setup: Setup,
    scanners: Sequence[Scanner],
    settings: PerceptionSettings,
    seed: int,
) -> Result:
    recording = record(setup.apply(world), setup, seed, Scanner.period)
    found = {
        scanner.field_of_view: evaluate(recording, scanner, settings, np.random.default_rng(seed))
        for scanner in scanners
    }
    return Result(f"{world.name}: {_line(found)}", found)


def _line(found: dict[float, Errors]) -> str:
    counts: list[Any] = [
        f"{errors.found} of {errors.asked} discs, {errors.false} false tracks,"
        f" {errors.switches} switches"
        for errors in found.values()
    ]
    return "; ".join(counts)
