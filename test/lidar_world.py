"""A world that stands or moves, seen by a laser on a robot that follows a path given by time."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.scan import CENTRED, Scan
from mme_ilqr_ros.simulation.lidar import scan as cast
from mme_ilqr_ros.simulation.obstacles import Box

NO_GRID = GridMap.empty(0.1, 0.1, 0.1, Pose(-500.0, -500.0, 0.0))


def straight(speed=1.0, turn=0.0, start=(0.0, 0.0, 0.0)):
    """Return a path: the state by time, at constant speed [m/s] and turning rate [rad/s]."""

    def at(t):
        x, y, yaw = start
        if abs(turn) < 1e-9:
            along, aside = speed * t, 0.0
        else:
            along = speed / turn * math.sin(turn * t)
            aside = speed / turn * (1.0 - math.cos(turn * t))
        cos, sin = math.cos(yaw), math.sin(yaw)
        place = x + cos * along - sin * aside, y + sin * along + cos * aside
        return RobotState(*place, yaw + turn * t, speed, turn)

    return at


def wall(x0, y0, x1, y1, thickness=0.02):
    """Return a thin box from one point to another."""
    middle = Pose(0.5 * (x0 + x1), 0.5 * (y0 + y1), math.atan2(y1 - y0, x1 - x0))
    return Box(middle, np.array([math.hypot(x1 - x0, y1 - y0), thickness]))


def room(low, high):
    """Return the four walls of a room between the corners low and high."""
    (x0, y0), (x1, y1) = low, high
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))
    return [wall(*a, *b) for a, b in pairwise(corners)]


@dataclass
class Laser:
    """What sees; see `Scan` for the rest."""

    beams: int = 360
    view: float = 2.0 * math.pi
    noise: float = 0.0
    turn_time: float = 0.0
    range_max: float = 10.0
    range_min: float = 0.05
    mount: Pose = CENTRED
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def scan(self, path, stamp, circles=None, boxes=(), grid=NO_GRID):
        """Return the turn that begins at `stamp`; every ray leaves from where the robot is then."""
        step = self.view / self.beams
        first = -0.5 * self.view + 0.5 * step
        pace = self.turn_time / self.beams
        angles = first + step * np.arange(self.beams)
        circles = no_circles() if circles is None else circles
        groups = 1 if pace == 0.0 else min(self.beams, 120)
        parts = []
        for part in np.array_split(np.arange(self.beams), groups):
            time = stamp + pace * part.mean()
            sensor = path(time).pose.compose(self.mount)
            parts.append(cast(sensor, angles[part], circles, grid, self.range_max, boxes))
        ranges = np.concatenate(parts)
        hit = np.isfinite(ranges)
        ranges[hit] += self.rng.normal(scale=self.noise, size=int(hit.sum()))
        limits = self.range_min, self.range_max
        return Scan(ranges, first, step, *limits, stamp, pace, self.mount)


def drive(perception, laser, path, end, begin=0.0, rate=10.0, odometry=None, scene=None):
    """Let a perception see a world from a path; return its history and the lines it told.

    `scene(t)` gives circles and boxes; `odometry(t)` what the robot believes, by default the truth.
    """
    history, lines = PoseHistory(), []
    odometry = odometry or path
    told = begin
    for stamp in np.arange(begin, end, 1.0 / rate):
        while told <= stamp + laser.turn_time + 1e-9:
            history.add(float(told), odometry(told))
            told += 0.02
        circles, boxes = scene(stamp) if scene else (None, ())
        lines.append(perception.take(laser.scan(path, float(stamp), circles, boxes), history))
    return history, [line for line in lines if line]
