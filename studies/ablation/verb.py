"""The verb `ablation`: what each part of the controller adds."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.command_line import names, positive
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.files import Parameters, read_parameters
from mme_ilqr_ros.reporting.rows import write_json
from mme_ilqr_ros.settings import flatten
from studies import worlds
from studies.ablation.changes import PARTS, Change, chosen
from studies.ablation.report import draw, report, summary, table, write_table

ABOUT = """\
Drive the same worlds with the shipped settings, and with one of them changed at a time: sampler,
correlation of the noise, temperature, number of modes, iterations, horizon, hysteresis, dwelling.
"""
EXAMPLES = """\
examples:
  python -m studies ablation --worlds local_dev.json.gz --trials 2 --jobs 2 --out out/ablation
  python -m studies ablation --worlds trap u_pocket forest --parts sampler,modes --out out/ablation

DIR gets report.md (the table), ablation.csv (a row per change), ablation.png and summary.json (all
runs). The same seed gives the same run for any number and place of the jobs.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    worlds.add_arguments(add)
    add("--parts", metavar="a,b,c", default="", help=f"of {', '.join(PARTS)} (all)")
    add("--params", type=Path, metavar="FILE.yaml", help="settings in place of the shipped ones")
    add("--robot-radius", type=positive, metavar="M", help="drive as a disc, not as the footprint")


def run(options: argparse.Namespace, command: str) -> str:
    """Drive every row through every world; return the table.

    Raises:
        InputError: Something given cannot be used.
    """
    changes = {f"{c.part}: {c.name}" if c.part else c.name: c for c in _chosen(options.parts)}
    setups = {name: _setup(change, options) for name, change in changes.items()}
    driven_worlds = worlds.chosen_worlds(options, setups)
    options.out.mkdir(parents=True, exist_ok=True)
    trials = worlds.drive_all(options, driven_worlds, setups)
    first = next(iter(setups.values()))
    shared = flatten(first.controller_settings(first.apply(driven_worlds[0]), options.seed))
    content = summary(command, shared, {changes[name]: ts for name, ts in trials.items()})
    write_json(content, options.out / "summary.json")
    write_table(content["rows"], options.out / "ablation.csv")
    draw(content["rows"], options.out / "ablation.png")
    (options.out / "report.md").write_text(report(content))
    return table(content["rows"])


def _chosen(text: str) -> list[Change]:
    parts = names(text)
    for part in parts:
        if part not in PARTS:
            raise InputError(f"--parts {part}: there is {', '.join(PARTS)}")
    return chosen(parts)


def _setup(change: Change, options: argparse.Namespace) -> Setup:
    given = read_parameters(options.params) if options.params else Parameters()
    return Setup(
        change.controller,
        options.planner,
        parameters=replace(given, controller={**given.controller, **change.values}),
        timeout=options.timeout,
        robot_radius=options.robot_radius,
    )
