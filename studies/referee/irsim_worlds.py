"""Worlds of ir-sim: what its file says, made of this project's worlds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.world import World
from studies.referee.driver import Task

Content = dict[str, Any]

STEP = 0.02  # [s] of ir-sim's physics in this project's worlds
PERIOD = 0.1  # [s] from command to command


@dataclass(frozen=True)
class Lidar:
    """The lidar of ir-sim, at the robot's centre.

    Attributes:
        beams: How many.
        field_of_view: In rad, the middle of it straight ahead.
        range_max: In m.
        noise: Standard deviation of a range in m.
    """

    beams: int = 360
    field_of_view: float = math.radians(270.0)
    range_max: float = 10.0
    noise: float = 0.01

    def content(self) -> Content:
        """Return the entry under `sensors`."""
        return {
            "type": "lidar2d",
            "range_min": 0.0,
            "range_max": self.range_max,
            "angle_range": self.field_of_view,
            "number": self.beams,
            "noise": self.noise > 0.0,
            "std": self.noise,
        }


@dataclass(frozen=True, eq=False)
class IrsimWorld:
    """A world for ir-sim with its task.

    Attributes:
        name: Short name.
        family: Kind of world, for totals.
        content: What the world file says.
        task: What the driver is told.
        timeout: Time in s after which the run has failed.
        movers: Where the circles are that move, which ir-sim is told in each step; None without.
    """

    name: str
    family: str
    content: Content
    task: Task
    timeout: float
    movers: World | None = None


def of_scenario(scenario: Scenario, speed: float, lidar: Lidar) -> IrsimWorld:
    """Return one of this project's worlds.

    Args:
        scenario: What is in it. Its reference path is not used.
        speed: Top speed of the robot [m/s], in place of the world's.
        lidar: What the robot sees with.

    Raises:
        InputError: It holds what ir-sim cannot be told: discs that come and go.
    """
    if scenario.discs:
        raise InputError(f"{scenario.name}: ir-sim has no discs that come and go (keyframes)")
    robot = replace(scenario.robot, vx_max=speed, vx_min=max(scenario.robot.vx_min, -speed))
    start, goal, world = scenario.start, scenario.goal, scenario.world()
    circles = world.circles_at(0.0)
    obstacles = [_circle(*circle[:3]) for circle in circles]
    obstacles += [_box(b.pose.x, b.pose.y, b.pose.yaw, *b.size) for b in scenario.boxes]
    obstacles += list(cells(scenario.grid))
    near, ends = scenario.goal_tolerance, ((goal.x, goal.y),)
    task = Task(robot, start, ends, near, near, PERIOD, lidar.range_max)
    content: Content = {
        "world": {"step_time": STEP, "sample_time": PERIOD, "collision_mode": "stop"},
        "robot": [_robot(robot, task, lidar)],
        "obstacle": obstacles,
    }
    movers = None if scenario.is_static else world
    family = scenario.family or scenario.name
    return IrsimWorld(scenario.name, family, content, task, scenario.timeout, movers)


def _robot(robot: RobotSpec, task: Task, lidar: Lidar) -> Content:
    shape: Content = {"name": "circle", "radius": robot.radius}
    if robot.footprint:
        shape = {"name": "polygon", "vertices": [list(corner) for corner in robot.footprint]}
    start = task.start
    return {
        "kinematics": {"name": "diff"},
        "shape": shape,
        "state": [start.x, start.y, start.yaw],
        "arrive_mode": "position",
        "vel_min": [robot.vx_min, -robot.wz_max],
        "vel_max": [robot.vx_max, robot.wz_max],
        "acce": [robot.ax_max, robot.az_max],
        "sensors": [lidar.content()],
    }


def _circle(x: float, y: float, radius: float) -> Content:
    shape = {"name": "circle", "radius": float(radius)}
    return {"shape": shape, "state": [float(x), float(y), 0.0]}


def _box(x: float, y: float, yaw: float, length: float, width: float) -> Content:
    shape = {"name": "rectangle", "length": float(length), "width": float(width)}
    return {"shape": shape, "state": [float(x), float(y), float(yaw)]}


def cells(grid: GridMap) -> Iterator[Content]:
    """Yield rectangles that cover the occupied cells of a map exactly, without an overlap."""
    left = grid.occupied.copy()
    for row, column in np.argwhere(grid.occupied):
        if not left[row, column]:
            continue
        across = _length(left[row, column:])
        run = left[row:, column : column + across].all(axis=1)
        up = _length(run)
        left[row : row + up, column : column + across] = False
        middle = grid.resolution * np.array([column + 0.5 * across, row + 0.5 * up])
        x, y = grid.origin.transform(middle)
        size = (across * grid.resolution, up * grid.resolution)
        yield _box(x, y, grid.origin.yaw, *size)


def _length(run: np.ndarray) -> int:
    """Return how many of its first values are true."""
    return len(run) if run.all() else int(np.argmin(run))
