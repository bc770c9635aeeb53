"""Scenarios: a world, a robot, where it starts and where it has to go."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from mme_ilqr_ros.geometry.circles import FloatArray
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.simulation.keys import Keys, ScenarioError
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.scenario_parts import (
    read_circles,
    read_goal,
    read_map,
    read_robot,
    read_shuttles,
    refuse_what_is_not_simulated,
)
from mme_ilqr_ros.simulation.world import Shuttle, World
from mme_ilqr_ros.simulation.world_file import pick_world, read_worlds

__all__ = ["Scenario", "ScenarioError", "load_scenario", "scenario_names"]


@dataclass(frozen=True, eq=False)
class Scenario:
    """One thing to drive; everything is in the map frame.

    Attributes:
        name: Short name, also that of its output folder.
        description: What it is about, for people.
        start: Where the robot begins, at rest.
        goal: Where it has to go. Where the file gives no heading: the direction from the start.
        goal_tolerance: Distance in m from the goal that counts as there.
        timeout: Time in s after which the run has failed.
        robot: Size and limits.
        circles: [M, 5] circles at rest or at constant velocity, as they are at time 0.
        grid: The map; free everywhere when the file only gives its size, or nothing.
        shuttles: Circles that go to and fro; not among `circles`.
    """

    name: str
    description: str
    start: Pose
    goal: Pose
    goal_tolerance: float
    timeout: float
    robot: RobotSpec
    circles: FloatArray
    grid: GridMap
    shuttles: tuple[Shuttle, ...] = ()


def scenario_names() -> list[str]:
    """Return the names of the shipped scenarios, sorted."""
    return sorted(path.stem for path in share_path("config", "scenarios").glob("*.yaml"))


def load_scenario(name_or_path: str | Path, world_id: str | None = None) -> Scenario:
    """Read a scenario.

    Args:
        name_or_path: The name of a shipped scenario, or a file: a scenario YAML or a benchmark
            world (JSON or YAML, one world or `{"worlds": [...]}`, gzipped or not).
        world_id: Which world of a file with several.

    Returns:
        The scenario, checked: its robot does not touch anything at the start.

    Raises:
        ScenarioError: There is no such file or world, or a key is absent or malformed; one line
            that names the file, the world and the key.
    """
    path = _find(name_or_path)
    return _scenario(pick_world(path, read_worlds(path), world_id), path)


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix or len(path.parts) > 1:
        return path
    shipped = share_path("config", "scenarios", f"{name_or_path}.yaml")
    if shipped.is_file():
        return shipped
    names = scenario_names()
    near = difflib.get_close_matches(str(name_or_path), names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(names)}; or give a file"
    raise ScenarioError(f"no scenario '{name_or_path}': {hint}")


def _scenario(keys: Keys, path: Path) -> Scenario:
    refuse_what_is_not_simulated(keys)
    start = Pose(*keys.numbers("start", (3,)))
    goal = read_goal(keys, start)
    circles, shuttles = read_circles(keys), read_shuttles(keys)
    scenario = Scenario(
        name=keys.world,
        description=keys.text("description", ""),
        start=start,
        goal=goal,
        goal_tolerance=keys.number("goal_tolerance", 0.3, above=0.0),
        timeout=keys.number("timeout", 100.0, above=0.0),
        robot=read_robot(keys),
        circles=circles,
        grid=read_map(keys, path.parent, start, goal, circles, shuttles),
        shuttles=shuttles,
    )
    world = World(circles, scenario.grid, shuttles)
    if world.clearance((start.x, start.y), 0.0) < scenario.robot.radius:
        raise keys.error("start", "the robot would stand in an obstacle")
    return scenario
