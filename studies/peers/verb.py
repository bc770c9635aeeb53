"""`benchmark peers`: other people's local controllers in the same worlds."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mme_ilqr_ros.benchmark.drive import drive
from mme_ilqr_ros.benchmark.jobs import run_all
from mme_ilqr_ros.benchmark.progress import shown
from mme_ilqr_ros.benchmark.report import write_pictures
from mme_ilqr_ros.benchmark.setup import PLANNERS, Setup
from mme_ilqr_ros.benchmark.summary import write_json
from mme_ilqr_ros.benchmark.usage import (
    UsageError,
    add_job_arguments,
    add_world_arguments,
    names,
    positive,
)
from mme_ilqr_ros.benchmark.worlds import load_worlds
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.settings import flatten
from mme_ilqr_ros.simulation.scenario import Scenario
from studies.peers.registry import PEERS, Controller, tuning_of, variant_of
from studies.peers.report import Row, peers_summary, report, table, write_rows

ABOUT = """\
Drive the same worlds with local controllers made of other solvers: the same plant, limits, rate and
information (true circles with their velocities), and for optimisers the same horizon and cost.
"""
EXAMPLES = """\
examples:
  python -m studies peers --worlds local_dev.json.gz --jobs 2 --out out/peers
  python -m studies peers --worlds trap u_pocket --peers mme_ilqr,boxddp,dwa --plots --out out/peers

DIR gets report.md (tables by kind of world, settings, versions), results.csv (a row per trial),
summary.json (a block per peer), and with --plots a picture per trial in a folder per peer. A peer
whose package is missing is skipped, with a line that says what to install; all of them come with
pip install 'mme_ilqr_ros[peers]'. Solve times are the machine's: compare those of one run only.
The same seed drives the same way whatever the number or place of the jobs.
"""


@dataclass(frozen=True)
class PeerSetup(Setup):
    """A setup whose `controller` is the name of a peer."""

    def controller_settings(self, scenario: Scenario, seed: int) -> ControllerSettings:
        """Return the settings that all peers share; see `Setup.controller_settings`."""
        own = replace(self, controller=variant_of(self.controller))
        return Setup.controller_settings(own, scenario, seed)

    def make_controller(self, settings: ControllerSettings) -> Controller:
        """Return the peer, ready to drive."""
        controller = PEERS[self.controller].make(settings)
        controller.warm_up()
        return controller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add_world_arguments(add)
    add("--peers", metavar="a,b,c", default=",".join(PEERS), help="of %(default)s (all)")
    add(
        "--planner",
        choices=PLANNERS,
        default="none",
        help="whose path is followed; none: everybody heads for the goal itself (%(default)s)",
    )
    add_job_arguments(add)
    add("--timeout", type=positive, metavar="S", help="s, in place of the world's")
    add("--plots", action="store_true", help="a PNG per trial")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def run(options: argparse.Namespace, command: str) -> str:
    """Drive every peer through every world; return the report's tables.

    Raises:
        UsageError: No such peer, or none of them can run.
        ScenarioError, SettingError: Something given cannot be used.
    """
    able = _available(names(options.peers))
    worlds = load_worlds(options.worlds, names(options.ids), options.limit)
    setups = {name: PeerSetup(name, options.planner, timeout=options.timeout) for name in able}
    for world in worlds:
        setups[able[0]].check(world)  # they differ in who drives, not in what is given
    options.out.mkdir(parents=True, exist_ok=True)
    tasks = [
        (world, setups[name], trial, options.seed + trial, options.plots)
        for name in able
        for world in worlds
        for trial in range(options.trials)
    ]
    rows: list[Row] = []
    driven = run_all(_drive, tasks, options.jobs, options.scheduler)
    for row in shown(driven, len(tasks), _line, _failed):
        if options.plots:
            _draw(row, options.out, options.trials > 1)
        rows.append(replace(row, trial=replace(row.trial, record=RunRecord())))
    settings = {name: _settings(setups[name], worlds[0], options.seed) for name in able}
    content = peers_summary(command, settings, rows)
    write_rows(rows, options.out / "results.csv")
    write_json(content, options.out / "summary.json")
    (options.out / "report.md").write_text(report(content))
    return table(content)


def _drive(world: Scenario, setup: PeerSetup, trial: int, seed: int, keep: bool) -> Row:
    finished = drive(world, setup, trial, seed)
    return Row(setup.controller, finished if keep else replace(finished, record=RunRecord()))


def _available(wanted: list[str]) -> list[str]:
    """Return the peers that can run, and say of the others what they lack."""
    for name in wanted:
        if name not in PEERS:
            raise UsageError(f"--peers {name}: there is {', '.join(PEERS)}")
    lacks = {name: PEERS[name].missing() for name in wanted}
    for name, lack in lacks.items():
        if lack:
            sys.stderr.write(f"benchmark: peer {name} is skipped: {lack}\n")
    able = [name for name in wanted if not lacks[name]]
    if not able:
        raise UsageError("--peers: none of them is installed")
    return able


def _settings(setup: PeerSetup, world: Scenario, seed: int) -> dict[str, Any]:
    """Return what a peer was given (limits as in the first world), and its own settings."""
    shared = setup.controller_settings(setup.apply(world), seed)
    return {"shared": flatten(shared), "own": tuning_of(PEERS[setup.controller].make(shared))}


def _draw(row: Row, out: Path, several: bool) -> None:
    folder = out / row.peer
    folder.mkdir(exist_ok=True)
    write_pictures(row.trial, folder, several, png=True, gif=False)


def _line(row: Row) -> str:
    return f"{row.peer}: {row.trial.result.line()}"


def _failed(row: Row) -> bool:
    return not row.trial.succeeded
