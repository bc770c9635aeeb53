"""`mme-ilqr train drives`: from recorded drives on a map to weights, their card and a report."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mme_ilqr_ros.command_line import not_negative, positive, whole
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import load_layer, load_map
from mme_ilqr_ros.habits.cutting import CutSettings, cut_drives
from mme_ilqr_ros.habits.learn import cross_validate, learn
from mme_ilqr_ros.habits.reading import read_tracks
from mme_ilqr_ros.habits.reading_bags import Wanted
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.parameters.files import read_parameters
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.progress_bar import LINE_PERIOD
from mme_ilqr_ros.settings import Scalar, build, table
from mme_ilqr_ros.training.drives_report import Learned, write_report
from mme_ilqr_ros.training.time_report import write_time_report

ABOUT = """\
Learn what the owner of a robot wants from its drives on a map: places to avoid, how near to walls
and masks it may go, on which side and in which direction it drives. Drives are recorded by hand or
by the robot itself; ten to twenty do, and no drive leaves the planner as it is.
With --learn time: how many seconds a metre takes, by place and hour, from the robot's own runs; no
demonstrations, some hundred runs.
"""
EXAMPLES = """\
examples:
  mme-ilqr train drives --map office.yaml --drives drives/
  mme-ilqr train drives --map office.yaml --drives monday.mcap tuesday_bag --out out/office
  mme-ilqr train drives --map office.yaml --drives by_hand.csv --robot-radius 0.35
  mme-ilqr train drives --map hall.yaml --drives drives/ --layer filter_mask=keepout.yaml
  mme-ilqr train drives --map hall.yaml --drives week_12/ --learn time --out out/hall_time

Drives are taken from
  .mcap, .db3 or the folder of a rosbag2: robot_pose (`record:=drives`), else /tf from --frame to
      the robot, else amcl_pose, else odometry that is in --frame; a nav_msgs/Path with --topic
  .csv: x, y [m, in the map's frame][, yaw [rad]][, t [s]]; with a first line of names in any order
  a folder: all of these in it
Stops, goals, jumps and turning back cut a recording into drives; what is used and what is left out
is told. The folder of --out gets the weights (.safetensors, .sha256), their card (.md) and
report.md with pictures. Then set the planner's parameter `weights` to the .safetensors file.
"""
MOST_FOLDS = 5
WAITS = 120.0  # [s] that a robot under way to a goal may stand: it waits, it is not parked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add = parser.add_argument
    add("--map", type=Path, required=True, metavar="YAML", help="the map that was driven on")
    add(
        "--drives",
        type=Path,
        required=True,
        nargs="+",
        action="extend",
        metavar="PATH",
        help="recordings: files, bags, or folders of them",
    )
    add(
        "--learn",
        dest="subject",
        choices=("habits", "time"),
        default="habits",
        help="what an owner wants, or how long the robot takes (%(default)s)",
    )
    add("--out", type=Path, default=Path("out", "drives"), metavar="DIR", help="(%(default)s)")
    add("--frame", default="map", help="the map's frame in the bags (%(default)s)")
    add("--base", default="", metavar="FRAME", help="the robot's frame (base_link and the like)")
    add("--topic", default="", help="take the positions from this topic, of poses or a Path")
    add(
        "--layer",
        action="append",
        default=[],
        metavar="NAME=YAML",
        help="learn a cost of a mask too, such as filter_mask=keepout.yaml",
    )
    add("--params", type=Path, metavar="FILE", help="ROS parameter file: the planner's block")
    add("--robot-radius", type=positive, metavar="M", help="in place of the parameter file's")
    add("--stop-time", type=positive, metavar="S", help=_help("stop_time"))
    add("--max-speed", type=positive, metavar="M/S", help=_help("max_speed"))
    add("--min-length", type=not_negative, metavar="M", help=_help("min_length"))
    add("--no-directions", action="store_true", help="learn no costs of directions")
    add("--seed", type=whole, default=0, help="random seed, default %(default)s")


def _help(name: str) -> str:
    row = {row.name: row for row in table(CutSettings)}[name]
    return f"{row.doc[0].lower()}{row.doc[1:].rstrip('.')} ({row.default:g})"


def run(options: argparse.Namespace, command: str) -> str:
    """Learn from drives; return what was used, what came of it and where it is.

    Args:
        options: Parsed.
        command: The command line, for card and report.

    Raises:
        InputError: Something given cannot be used.
    """
    grid = load_map(options.map)
    planner = _planner(options)
    layers = {name: _layer(name, file, grid) for name, file in map(_named, options.layer)}
    settings = _habit_settings(planner, options)
    if options.subject == "time" and layers:
        raise InputError("--layer: has no part in --learn time, which learns by place and hour")
    with _Bar() as bar:
        wanted = Wanted(options.frame, options.base, options.topic)
        tracks, refused = read_tracks(options.drives, wanted, bar.part(0.0, 0.2))
        cuts = _cut_settings(options, all(len(track.goals) for track in tracks))
        drives, tally = cut_drives(tracks, grid, cuts)
        if options.subject == "time":
            learned = Learned(
                grid, tuple(tracks), tuple(drives), tally, tuple(refused), planner, settings, {}
            )
            return "\n".join(write_time_report(options.out, command, learned, cuts.stop_time))
        begun = time.process_time()
        habits = learn(grid, drives, settings, layers, bar.part(0.2, 0.4))
        seconds = time.process_time() - begun
        validation = cross_validate(grid, drives, settings, layers, MOST_FOLDS, bar.part(0.4, 1.0))
    learned = Learned(
        grid, tuple(tracks), tuple(drives), tally, tuple(refused), planner, settings, layers
    )
    lines = write_report(options.out, command, options.map, learned, habits, validation, seconds)
    return "\n".join(lines)


def _planner(options: argparse.Namespace) -> PlannerSettings:
    """Return the planner that the weights are for."""
    known = {row.name for row in table(PlannerSettings)}
    values: dict[str, Scalar] = {}
    if options.params is not None:
        given = read_parameters(options.params).planner
        values = {name: value for name, value in given.items() if name in known}
    if options.robot_radius is not None:
        values |= {"robot_radius": options.robot_radius, "footprint": ""}
    return build(PlannerSettings, values)


def _habit_settings(planner: PlannerSettings, options: argparse.Namespace) -> HabitSettings:
    from dataclasses import replace

    settings = HabitSettings.of(planner)
    directions = settings.directions and not options.no_directions
    return replace(settings, directions=directions, seed=options.seed)


def _cut_settings(options: argparse.Namespace, has_goals: bool) -> CutSettings:
    names = ("stop_time", "max_speed", "min_length")
    given = {name: getattr(options, name) for name in names}
    if options.subject == "time" and has_goals and given["stop_time"] is None:
        given["stop_time"] = WAITS
    return CutSettings(**{name: value for name, value in given.items() if value is not None})


def _named(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not (name.isidentifier() and equals and file):
        raise InputError(f"--layer {text}: must be NAME=YAML, such as filter_mask=keepout.yaml")
    return name, Path(file)


def _layer(name: str, file: Path, grid: GridMap) -> np.ndarray:
    values, covered = load_layer(file).on(grid)
    if covered == 0.0:
        raise InputError(f"--layer {name}: {file} covers nothing of the map; check its origin")
    return values


class _Bar:
    """A progress bar of the whole on a terminal; elsewhere a line now and then."""

    def __enter__(self) -> _Bar:
        """Show it."""
        is_silent, self._last = not sys.stderr.isatty(), time.monotonic()
        self._bar = tqdm(
            total=100.0, disable=is_silent, bar_format="{desc} {percentage:3.0f}%|{bar}|"
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._bar.close()

    def part(self, begin: float, end: float) -> Callable[[float, str], None]:
        """Return what shows the progress of one part, which has its place on the whole bar."""

        def show(done: float, what: str) -> None:
            share = 100.0 * (begin + (end - begin) * done)
            if self._bar.disable and time.monotonic() >= self._last + LINE_PERIOD:
                sys.stderr.write(f"{share:.0f}%: {what}\n")
                self._last = time.monotonic()
            self._bar.set_description_str(f"{what:.40}", refresh=False)
            self._bar.update(max(0.0, share - self._bar.n))

        return show
