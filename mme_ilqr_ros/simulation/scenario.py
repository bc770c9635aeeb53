"""Scenarios: a world, a robot, where it starts and where it has to go."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mme_ilqr_ros.geometry.circles import FloatArray
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path as PlannedPath
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.simulation import scenario_parts as parts
from mme_ilqr_ros.simulation.known_keys import check_keys
from mme_ilqr_ros.simulation.obstacles import Box, KeyframedDisc, Shuttle, draw_shapes
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.robot_file import load_robot
from mme_ilqr_ros.simulation.world import World, clearance_of
from mme_ilqr_ros.simulation.world_file import Keys, ScenarioError, pick_world


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
        discs: Circles that move from keyframe to keyframe, come and go; not among `circles`.
        boxes: Walls; not in `grid`.
        path: A reference path, or None.
        optimal_time: Shortest time in s that the BARN score knows for this world, or None.
        family: Kind of world, for totals; empty when the file names none.
        limits_speed: Whether the file itself gives the robot's top speed.
        notes: What whoever wrote the file should know, each a line.
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
    discs: tuple[KeyframedDisc, ...] = ()
    boxes: tuple[Box, ...] = ()
    path: PlannedPath | None = None
    optimal_time: float | None = None
    family: str = ""
    limits_speed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def is_static(self) -> bool:
        """Whether nothing but the robot moves."""
        return not (self.circles[:, 3:].any() or self.shuttles or self.discs)

    def world(self) -> World:
        """Return everything that the robot can touch, as it is at time 0."""
        return World(self.circles, self.grid, self.shuttles, self.discs, self.boxes)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that the robot could touch."""
        moves = self.shuttles or self.discs
        return not (moves or self.boxes or len(self.circles) or self.grid.occupied.any())

    def goal_fault(self) -> str:
        """Return why the robot cannot stand at the goal; empty when it can.

        What moves may be elsewhere when it gets there, and a footprint may be turned, so only its
        inscribed circle has to fit.
        """
        here, grid = (self.goal.x, self.goal.y), self.grid
        if not grid.contains(grid.cell_at(here)):
            return f"lies outside the map of {self.name}"
        at_rest = ~self.circles[:, 3:].any(axis=1)
        room = World(self.circles[at_rest], grid, boxes=self.boxes).clearance(here, 0.0)
        needed = self.robot.inscribed_radius
        if room >= needed:
            return ""
        return f"the robot would stand in an obstacle, {room:.2f} m away; it needs {needed:.2f} m"

    def map_with_walls(self) -> GridMap:
        """Return the map with the walls drawn in: what a map server would publish."""
        return draw_shapes(self.grid, self.circles[:0], self.boxes)

    def map_of_what_stands(self) -> GridMap:
        """Return the map with the walls and the circles at rest drawn in."""
        at_rest = ~self.circles[:, 3:].any(axis=1)
        return draw_shapes(self.grid, self.circles[at_rest], self.boxes)


def scenario_names() -> list[str]:
    """Return the names of the shipped scenarios, sorted."""
    return sorted(path.stem for path in share_path("config", "scenarios").glob("*.yaml"))


def load_scenario(
    name_or_path: str | Path, world_id: str | None = None, robot: str = ""
) -> Scenario:
    """Read a scenario.

    Args:
        name_or_path: The name of a shipped scenario, or a file: a scenario YAML or a benchmark
            world (JSON or YAML, one world or `{"worlds": [...]}`, gzipped or not).
        world_id: Which world of a file with several.
        robot: Name or parameter file of a robot in place of the scenario's; see `load_robot`.

    Returns:
        The scenario, checked: its robot does not touch anything at the start, nor what stands at
        the goal.

    Raises:
        ScenarioError: There is no such file or world, or a key is absent or malformed; one line
            that names the file, the world and the key.
    """
    path = scenario_file(name_or_path)
    scenario = scenario_of(pick_world(path, world_id), path.parent)
    return with_robot(scenario, robot) if robot else scenario


def with_robot(scenario: Scenario, name_or_path: str) -> Scenario:
    """Return the scenario for another robot.

    Raises:
        ScenarioError: There is no such robot, or it cannot stand at the start or at the goal.
    """
    changed = replace(scenario, robot=load_robot(name_or_path), limits_speed=True)
    where = f"scenario '{scenario.name}' with robot '{name_or_path}'"
    if clearance_of(changed.robot, changed.start, changed.world(), 0.0) < 0.0:
        raise ScenarioError(f"{where}: start: the robot would stand in an obstacle")
    if fault := changed.goal_fault():
        raise ScenarioError(f"{where}: goal: {fault}")
    return changed


def scenario_file(name_or_path: str | Path) -> Path:
    """Return the file of a shipped scenario's name; a path is returned as it is.

    Raises:
        ScenarioError: There is no shipped scenario of this name.
    """
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


def scenario_of(keys: Keys, folder: Path) -> Scenario:
    """Return the scenario that a world's keys describe, checked; see `load_scenario`.

    Args:
        keys: The world.
        folder: Where the files lie that it names.
    """
    unknown = check_keys(keys)
    start, goal = parts.read_ends(keys)
    circles, shuttles = parts.read_circles(keys), parts.read_shuttles(keys)
    discs, boxes = parts.read_discs(keys), parts.read_boxes(keys)
    official = keys.block("official")
    extent = [
        np.array([[start.x, start.y], [goal.x, goal.y]]),
        circles[:, :2] - circles[:, 2:3],
        circles[:, :2] + circles[:, 2:3],
        *(np.array([shuttle.start, shuttle.end]) for shuttle in shuttles),
        *(disc.points for disc in discs),
        *(box.corners for box in boxes),
    ]
    scenario = Scenario(
        name=keys.world,
        description=keys.text("description", ""),
        start=start,
        goal=goal,
        goal_tolerance=keys.number("goal_tolerance", 0.3, above=0.0),
        timeout=keys.number("timeout", 100.0, above=0.0),
        robot=parts.read_robot(keys),
        circles=circles,
        grid=parts.read_map(keys, folder, np.vstack(extent)),
        shuttles=shuttles,
        discs=discs,
        boxes=boxes,
        path=parts.read_path(keys),
        optimal_time=official.number("optimal_time", above=0.0) if official.values else None,
        family=keys.text("family", ""),
        limits_speed=parts.says_top_speed(keys),
    )
    if clearance_of(scenario.robot, scenario.start, scenario.world(), 0.0) < 0.0:
        raise keys.error("start", "the robot would stand in an obstacle")
    if fault := scenario.goal_fault():
        raise keys.error("goal", f"({goal.x:g}, {goal.y:g}): {fault}")
    return replace(scenario, notes=_notes(keys, scenario, unknown))


def _notes(keys: Keys, scenario: Scenario, unknown: list[str]) -> tuple[str, ...]:
    where, notes = f"{keys.file}: world '{keys.world}'", []
    if unknown:
        notes.append(f"{where}: nothing reads {', '.join(unknown)}")
    if scenario.is_empty:
        notes.append(f"{where}: it is empty: there is no obstacle, and nothing in the map")
    return tuple(notes)
