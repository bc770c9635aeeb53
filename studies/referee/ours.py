"""This package as a driver: scans, odometry and a goal to its navigator, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mme_ilqr_ros.benchmark.setup import TOLERANCE_PART, Setup
from mme_ilqr_ros.control.own_units import RADIUS, in_own_units
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.parameters.files import Parameters
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.simulation.scenario import Scenario
from studies.referee.driver import Driver, Point, Task, View

COARSEST = 3.0  # times the usual cell: what is hit is known to the centimetre in any cell
MORE = 0.5  # [m] of distance that is told apart beyond what the controller charges
DISTANCES = ("clearance_margin", "costs.clearance_distance")


class Ours(Driver):
    """Perception, planner and controller with the shipped settings.

    What depends on the size of the robot and on the range of the lidar follows from the task.
    """

    def __init__(self, task: Task, seed: int) -> None:
        super().__init__(task, seed)
        scenario = _empty(task)
        # A way point inside of something is passed beside it.
        near_enough = {"tolerance": TOLERANCE_PART * task.passing}
        parameters = Parameters(controller=facts(task), planner=near_enough)
        setup = Setup(sensing="lidar", planner_sees="nothing", parameters=parameters)
        settings = setup.controller_settings(scenario, seed)
        self.navigator = setup.make_navigator(scenario, settings)

    def command(self, scan: Scan, state: RobotState, goal: Point) -> tuple[float, float]:
        """See `Driver.command`."""
        navigator = self.navigator
        if navigator.goal is None or (navigator.goal.x, navigator.goal.y) != goal:
            ahead = math.atan2(goal[1] - state.y, goal[0] - state.x)
            navigator.set_goal(Pose(*goal, ahead))
        navigator.take_odometry(scan.stamp, state)
        unused = navigator.take_scan(scan)
        result = navigator.command(scan.stamp)
        self.message = result.message + (f"; {unused}" if unused else "")
        return result.vx, result.wz

    def view(self) -> View:
        """Return the cells that count as occupied, and the circles that move."""
        grid, seen = self.navigator.perception.grid(), self.navigator.seen
        circles = no_circles() if seen is None else seen.circles
        return View(grid.centre_of(np.argwhere(grid.occupied)), circles)


def facts(task: Task) -> dict[str, Any]:
    """Return the settings that follow from the robot's size and the lidar, by dotted name."""
    usual, robot = PerceptionSettings(), task.robot
    scale = max(robot.radius / RADIUS, 1.0)
    distances = dict(zip(DISTANCES, task.distances or (), strict=False))
    setup = Setup(parameters=Parameters(controller=distances))
    own = in_own_units(setup.controller_settings(_empty(task), 0))
    charged = robot.radius + own.clearance_margin + own.costs.clearance_distance
    return {
        **distances,
        "controller_frequency": 1.0 / task.period,
        "perception.resolution": usual.resolution * min(scale, COARSEST),
        "perception.window": min(max(usual.window * scale, task.lidar_range), 50.0),
        "perception.field_reach": min(max(usual.field_reach, charged + MORE), 10.0),
        "perception.clear_max": task.lidar_range,
        "perception.tracks.radius_max": min(usual.tracks.radius_max * scale, 3.0),
    }


def _empty(task: Task) -> Scenario:
    """Return the task in a world of which nothing is known."""
    (x, y), start = task.way_points[-1], task.start
    around = GridMap.empty(1.0, 1.0, 1.0, Pose(start.x, start.y, 0.0))
    return Scenario(
        name="referee",
        description="",
        start=start,
        goal=Pose(x, y, 0.0),
        goal_tolerance=task.tolerance,
        timeout=math.inf,
        robot=task.robot,
        circles=no_circles(),
        grid=around,
    )
