"""The example worlds of NeuPAN, read from a copy of its repository; none of it is included here.

Each is an ir-sim world file (`env.yaml`) beside the settings of NeuPAN (`planner.yaml`), of which
the way points, the limits, the speed and the distances to keep are taken: both drive one task.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.robot import RobotSpec, radius_round
from studies.referee.driver import Point, Task
from studies.referee.irsim_worlds import IrsimWorld

WORLDS = (
    *("convex_obs", "non_obs", "corridor", "pf", "pf_obs", "polygon_robot"),
    *("dyna_obs", "dyna_non_obs"),
)
TOLERANCE = 1.0  # [m] at the goal: half of the robot's width
PASSING = 3.0  # [m] at a way point before it: two of them lie on the edges of discs
TIMEOUT = 100.0  # [s]: the 1000 steps of its own script
REVERSE_PART = 0.5  # of the top speed, backwards


def read_world(repository: Path, name: str, speed: float | None = None) -> IrsimWorld:
    """Return an example world, for a differential drive.

    Args:
        repository: A copy of the repository, with its folder `example`.
        name: One of WORLDS.
        speed: Top speed [m/s]; None for the reference speed of NeuPAN's own settings.

    Raises:
        InputError: There is no such world, or its files lack something.
    """
    folder = repository / "example" / name / "diff"
    try:
        content = yaml.safe_load((folder / "env.yaml").read_text())
        planner = yaml.safe_load((folder / "planner.yaml").read_text())
        robot_content = content["robot"][0]
        lidar = robot_content["sensors"][0]
        start = Pose(*map(float, robot_content["state"][:3]))
        robot = _robot(planner, robot_content["shape"], speed)
        way_points = _way_points(planner["ipath"]["waypoints"], start)
        period = float(content["world"]["step_time"])
        distances = float(planner["adjust"]["d_min"]), float(planner["adjust"]["d_max"])
    except (KeyError, IndexError, TypeError, yaml.YAMLError) as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{folder}: not a world of NeuPAN: {what}") from error
    reach = float(lidar["range_max"])
    task = Task(robot, start, way_points, TOLERANCE, PASSING, period, reach, distances)
    robot_content["arrive_mode"] = "position"
    return IrsimWorld(name, f"neupan {name}", content, task, TIMEOUT)


def _way_points(given: list[list[float]], start: Pose) -> tuple[Point, ...]:
    """Return the way points; the first is left out where the robot begins there."""
    points = [(float(x), float(y)) for x, y, *_ in given]
    begins_there = math.hypot(points[0][0] - start.x, points[0][1] - start.y) < TOLERANCE
    return tuple(points[begins_there:])


def _robot(planner: dict[str, Any], shape: dict[str, Any], speed: float | None) -> RobotSpec:
    limits = planner["robot"]
    fastest = float(planner["ref_speed"]) if speed is None else speed
    footprint = _footprint(shape)
    return RobotSpec(
        radius=radius_round(footprint),
        vx_min=-REVERSE_PART * fastest,
        vx_max=fastest,
        wz_max=float(limits["max_speed"][1]),
        ax_max=float(limits["max_acce"][0]),
        az_max=float(limits["max_acce"][1]),
        footprint=footprint,
    )


def _footprint(shape: dict[str, Any]) -> tuple[Point, ...]:
    if shape["name"] == "rectangle":
        x, y = 0.5 * float(shape["length"]), 0.5 * float(shape["width"])
        return ((x, y), (-x, y), (-x, -y), (x, -y))
    return tuple((float(x), float(y)) for x, y in shape["vertices"])
