"""The verb `peers`: local controllers of other libraries in the same worlds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mme_ilqr_ros.benchmark.drive_verb import write_pictures
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.command_line import names
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.reporting.rows import write_json
from mme_ilqr_ros.settings import Scalar, flatten
from mme_ilqr_ros.simulation.scenario import Scenario
from studies import worlds
from studies.peers.registry import LEAVES_PATH, PEERS, Controller, tuning_of, variant_of
from studies.peers.report import peers_summary, report, table, write_rows

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
The same seed gives the same run for any number and place of the jobs.
"""


STATIC_PART = 0.5  # planned disc of a polygon among what stands: 0 inscribed, 1 outer radius


@dataclass(frozen=True)
class PeerSetup(Setup):
    """A setup whose `controller` is the name of a peer."""

    def shape(self, scenario: Scenario, given: Mapping[str, Scalar]) -> dict[str, Any]:
        """Return the disc that all peers take the robot for, as most know no other shape.

        Of a footprint the outer disc is safe but closes narrow gaps: among what stands, half-way to
        the inscribed one gets through more often.
        """
        robot = scenario.robot
        if not robot.footprint or self.planning_radius is not None:
            return super().shape(scenario, given)
        part = STATIC_PART if scenario.is_static else 1.0
        between = part * (robot.radius - robot.inscribed_radius)
        return {"robot_radius": robot.inscribed_radius + between}

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
    worlds.add_arguments(add)
    add(
        "--peers",
        metavar="a,b,c",
        default=",".join(LEAVES_PATH),
        help=f"of {', '.join(PEERS)} (all but pure_pursuit)",
    )
    add("--plots", action="store_true", help="a PNG per trial")


def run(options: argparse.Namespace, command: str) -> str:
    """Drive every peer through every world; return the report's tables.

    Raises:
        InputError: No such peer, none of them can run, or something given cannot be used.
    """
    able = _available(names(options.peers))
    setups = {name: PeerSetup(name, options.planner, timeout=options.timeout) for name in able}
    driven_worlds = worlds.chosen_worlds(options, setups)
    options.out.mkdir(parents=True, exist_ok=True)

    def draw(driven: worlds.Driven) -> None:
        name, trial = driven
        folder = options.out / name
        folder.mkdir(exist_ok=True)
        write_pictures(trial, folder, options.trials > 1, png=True, gif=False)

    trials = worlds.drive_all(options, driven_worlds, setups, draw if options.plots else None)
    settings = {name: _settings(setups[name], driven_worlds[0], options.seed) for name in able}
    content = peers_summary(command, settings, trials)
    write_rows(trials, options.out / "results.csv")
    write_json(content, options.out / "summary.json")
    (options.out / "report.md").write_text(report(content))
    return table(content)


def _available(wanted: list[str]) -> list[str]:
    """Return the peers that can run, and say of the others what they lack."""
    for name in wanted:
        if name not in PEERS:
            raise InputError(f"--peers {name}: there is {', '.join(PEERS)}")
    lacks = {name: PEERS[name].missing() for name in wanted}
    for name, lack in lacks.items():
        if lack:
            sys.stderr.write(f"peer {name} is skipped: {lack}\n")
    able = [name for name in wanted if not lacks[name]]
    if not able:
        raise InputError("--peers: none of them is installed")
    return able


def _settings(setup: PeerSetup, world: Scenario, seed: int) -> dict[str, Any]:
    """Return what a peer was given (limits as in the first world), and its own settings."""
    shared = setup.controller_settings(setup.apply(world), seed)
    return {"shared": flatten(shared), "own": tuning_of(PEERS[setup.controller].make(shared))}
