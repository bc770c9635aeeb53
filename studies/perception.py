"""The verb `perception`: time and memory from a scan to walls, movers and points."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting import rows as files
from mme_ilqr_ros.simulation.lidar import scan as cast
from mme_ilqr_ros.simulation.obstacles import Box

ABOUT = """\
Time what is done with a scan until the controller has walls, movers and points, on one core, and
count the memory of the map.

Worlds: a field of 20 x 20 m full of pillars (like BARN's, wider), an open hall of 20 x 20 m where
most rays are long, and a warehouse of 60 x 40 m with shelves. The robot drives through at 1 m/s;
nothing stops it. The scanner sees all round to 10 m with a noise of 1 cm, at 10 Hz.
"""
EXAMPLES = """\
examples:
  python -m studies perception --out out/perception
  python -m studies perception --beams 720 --scans 300 --match --out out/perception

All times are processor time in ms. scan: all stages but near, once a scan; 95 %: of single scans.
near: points for the last gate and cells not seen lately, once a cycle of the controller. core: part
of a core for scans and cycles at 10 and at 40 Hz. MB: of the map when the drive ends.
"""
STAGES = ("points", "match", "tracks", "integrate", "field", "near")
RATE = 10.0  # Hz
SPEED = 1.0  # m/s
RANGE = 10.0  # m
NOISE = 0.01  # m
REACH = 2.0  # m round the robot, for the last gate
SETTLED = 20  # first scans, which lay out memory, do not count
BODY = 0.3  # m


@dataclass(frozen=True, eq=False)
class SeenWorld:
    """A world to drive through.

    Attributes:
        name: For the row.
        circles: Pillars [M, 5].
        boxes: Walls.
        path: The pose at a time [s].
    """

    name: str
    circles: np.ndarray
    boxes: tuple[Box, ...]
    path: Callable[[float], Pose]


def pillars(rng: np.random.Generator, count: int = 150) -> SeenWorld:
    """Return a room of 20 x 20 m with pillars, and a circle round its middle."""
    circles = np.zeros((count, 5))
    circles[:, :2] = rng.uniform(-9.5, 9.5, (count, 2))
    circles[:, 2] = rng.uniform(0.1, 0.3, count)
    away = np.abs(np.hypot(*circles[:, :2].T) - 5.0)
    return SeenWorld("pillars", circles[away > 0.8], _room(20.0, 20.0), _circle(5.0))


def hall() -> SeenWorld:
    """Return an empty room of 20 x 20 m."""
    return SeenWorld("hall", no_circles(), _room(20.0, 20.0), _circle(3.0))


def warehouse() -> SeenWorld:
    """Return rows of shelves in 60 x 40 m, and a way up and down their aisles."""
    shelves = [
        Box(Pose(x, y, 0.0), (8.0, 1.2))
        for x in np.arange(-24.0, 25.0, 12.0)
        for y in np.arange(-16.0, 17.0, 4.0)
    ]

    def path(t: float) -> Pose:
        lane, along = divmod(SPEED * t, 52.0)
        ahead = lane % 2 == 0
        x = -26.0 + along if ahead else 26.0 - along
        return Pose(x, -18.0 + 4.0 * (lane % 10), 0.0 if ahead else math.pi)

    return SeenWorld("warehouse", no_circles(), (*_room(60.0, 40.0), *shelves), path)


def _room(width: float, height: float) -> tuple[Box, ...]:
    ends = 0.5 * width, 0.5 * height
    sides = [Box(Pose(0.0, y, 0.0), (width, 0.1)) for y in (-ends[1], ends[1])]
    return (*sides, *(Box(Pose(x, 0.0, 0.0), (0.1, height)) for x in (-ends[0], ends[0])))


def _circle(radius: float) -> Callable[[float], Pose]:
    def path(t: float) -> Pose:
        angle = SPEED * t / radius
        return Pose(radius * math.cos(angle), radius * math.sin(angle), angle + 0.5 * math.pi)

    return path


def time_perception(
    world: SeenWorld, beams: int, scans: int, settings: PerceptionSettings, seed: int
) -> dict[str, Any]:
    """Drive through a world; return milliseconds and megabytes."""
    rng = np.random.default_rng(seed)
    perception, history = Perception(settings, body=_square(BODY)), Odometry(world)
    perception.warm_up()
    perception.stages.clock = time.thread_time
    step = 2.0 * math.pi / beams
    angles = -math.pi + step * np.arange(beams)
    nothing = GridMap.empty(0.1, 0.1, 0.1, Pose(-1e4, -1e4, 0.0))
    whole_scans = []
    for number in range(scans):
        stamp = number / RATE
        history.until(stamp)
        ranges = cast(world.path(stamp), angles, world.circles, nothing, RANGE, world.boxes)
        ranges = ranges + rng.normal(scale=NOISE, size=beams)
        state = history.state(stamp)
        begin = time.thread_time()
        perception.take(Scan(ranges, -math.pi, step, 0.05, RANGE, stamp), history.states)
        perception.seen(stamp, state, REACH)
        whole_scans.append(1e3 * (time.thread_time() - begin))
        if number == SETTLED:
            perception.stages.clear()
    stages = perception.stages.milliseconds()
    near = stages["near"][0]
    scan = np.array(whole_scans[SETTLED:]) - near
    cycle = float(np.median(scan)) + near
    return {
        "world": f"{world.name} {beams}",
        **{name: stages[name][0] for name in STAGES if name in stages},
        "scan": float(np.median(scan)),
        "95 %": float(np.quantile(scan, 0.95)),
        "core_10_Hz": 10.0 * cycle / 1e3,
        "core_40_Hz": 40.0 * cycle / 1e3,
        "MB": perception.evidence.tiles.bytes / 1e6,
    }


class Odometry:
    """Odometry of a drive at 50 Hz, as time goes on."""

    def __init__(self, world: SeenWorld) -> None:
        """Begin at time 0."""
        self._path = world.path
        self._told = 0
        self.states = PoseHistory()

    def state(self, stamp: float) -> RobotState:
        """Return the state at a time [s]."""
        pose, later = self._path(stamp), self._path(stamp + 1e-3)
        turn = math.remainder(later.yaw - pose.yaw, 2.0 * math.pi) / 1e-3
        return RobotState(pose.x, pose.y, pose.yaw, SPEED, turn)

    def until(self, stamp: float) -> None:
        """Tell the odometry up to a time [s]."""
        while self._told / 50.0 <= stamp + 1e-9:
            self.states.add(self._told / 50.0, self.state(self._told / 50.0))
            self._told += 1


def _square(half: float) -> np.ndarray:
    return half * np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--beams", nargs="+", type=positive_int, default=[360, 720, 1440], help="(%(default)s)")
    add("--scans", type=positive_int, default=400, help="a world (%(default)s)")
    add("--match", action="store_true", help="correct the drift of odometry too")
    add("--no-movers", action="store_true", help="take everything for standing")
    add("--seed", type=whole, default=0, help="of noise and pillars (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for summary.json")


def run(options: argparse.Namespace, command: str) -> str:
    """Time what the command line asks for; return the table."""
    settings = PerceptionSettings(match=options.match, movers=not options.no_movers)
    worlds = [pillars(np.random.default_rng(options.seed)), hall(), warehouse()]
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    with ProgressBar(len(worlds) * len(options.beams), "world") as progress:
        for world in worlds:
            for beams in options.beams:
                rows.append(time_perception(world, beams, options.scans, settings, options.seed))
                progress.step(f"{rows[-1]['world']}: {rows[-1]['scan']:.3f} ms")
    files.write_json({**files.facts(command), "rows": rows}, options.out / "summary.json")
    columns = {"world": "{world}"}
    for name in rows[0]:
        if name not in columns:
            columns[name] = f"{{{name}:.{'1%' if name.startswith('core') else '2f'}}}"
    return files.table(rows, columns)
