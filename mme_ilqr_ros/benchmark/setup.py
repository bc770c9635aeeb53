"""What drives the worlds of one benchmark run: controller, planner, limits."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.extensions import build_extended
from mme_ilqr_ros.control.settings import VARIANTS
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.footprint import as_text, parse_footprint
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.navigation.navigator import Navigator
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.files import Parameters, read_parameters
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.parameters.simulation import SimulatorNodeSettings
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.points import disc
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.settings import KINDS
from mme_ilqr_ros.settings import Scalar, build
from mme_ilqr_ros.simulation.scenario import Scenario, with_robot
from mme_ilqr_ros.simulation.settings import SimulatorSettings

CONTROLLERS = VARIANTS
PLANNERS = (*KINDS, "file", "none")
SENSING = ("known", "lidar")
PLANNER_SEES = ("map", "obstacles", "nothing")
PLANNER_SEES_BY = {"known": "map", "lidar": "nothing"}  # by default

TOLERANCE_PART = 0.8  # the controller aims to stop this far inside what counts as arrived


@cache
def _parameters_of(robot_file: str) -> Parameters:
    """Return what the parameter file of a robot says; nothing without one."""
    return read_parameters(Path(robot_file)) if robot_file else Parameters()


@dataclass(frozen=True)
class Setup:
    """Everything but world and seed that a trial depends on.

    Attributes:
        controller: One of CONTROLLERS.
        planner: One of PLANNERS.
        robot: Name or parameter file of a robot in place of the world's; empty for the world's.
        planner_sees: One of PLANNER_SEES: the map that the planner node gets, with the walls only,
            or the circles at rest too; or none, but what its own scans have shown so far.
        sensing: One of SENSING: true circles and walls, or nothing but scans and odometry.
        guidance: One of GUIDANCE: what the controller tracks.
        parameters: From a parameter file.
        max_speed: Top speed [m/s] where the world limits none; a limit of the world stays.
        goal_tolerance: In place of the world's [m].
        timeout: In place of the world's [s].
        robot_radius: The robot is a disc of this radius [m] in place of the world's shape.
        planning_radius: One disc in place of the footprint in controller and planner [m].
        realtime: Whether the time a control cycle takes passes in the world too.
        fov: Field of view of the lidar [degrees], in place of the parameter file's.
        beams: Of the lidar, likewise.
        weights: Weight file of the planner, or the name of a shipped one; empty for the parameter
            file's.
    """

    controller: str = ControllerNodeSettings.variant
    planner: str = PlannerNodeSettings.kind
    sensing: str = "known"
    guidance: str = ControllerNodeSettings.guidance
    parameters: Parameters = field(default_factory=Parameters)
    max_speed: float | None = None
    goal_tolerance: float | None = None
    timeout: float | None = None
    robot_radius: float | None = None
    planning_radius: float | None = None
    realtime: bool = False
    robot: str = ""
    planner_sees: str = "map"
    fov: float | None = None
    beams: int | None = None
    weights: str = ""

    @property
    def plans(self) -> bool:
        """Whether the global planner runs."""
        return self.planner in KINDS

    def apply(self, scenario: Scenario) -> Scenario:
        """Return the scenario with what the setup changes."""
        scenario = with_robot(scenario, self.robot) if self.robot else scenario
        robot = scenario.robot
        if self.robot_radius is not None:
            robot = robot.as_disc(self.robot_radius)
        if self.max_speed is not None:
            limit = robot.vx_max if scenario.limits_speed else self.max_speed
            robot = dataclasses.replace(robot, vx_max=min(limit, self.max_speed))
        return dataclasses.replace(
            scenario,
            robot=robot,
            goal_tolerance=self.goal_tolerance or scenario.goal_tolerance,
            timeout=self.timeout or scenario.timeout,
        )

    def check(self, world: Scenario) -> None:
        """Find what would end a run in its middle before the first one starts.

        Raises:
            InputError: The world lacks what is asked for.
            SettingError: A parameter is refused.
        """
        if self.planner == "file" and world.path is None:
            raise InputError(f"--planner file: world '{world.name}': path: is missing")
        scenario = self.apply(world)
        self.controller_settings(scenario, 0)
        self.planner_settings(scenario)

    def shape(self, scenario: Scenario, given: Mapping[str, Scalar]) -> dict[str, Any]:
        """Return the robot's shape by the names of planner's and controller's parameters.

        Args:
            scenario: The world.
            given: Parameters of a file; a radius among them stands for a footprint.
        """
        robot = scenario.robot
        if robot.footprint and self.planning_radius is None and "robot_radius" not in given:
            return {"footprint": as_text(robot.footprint)}
        return {"robot_radius": self.planning_radius or robot.radius, "footprint": ""}

    def controller_settings(self, scenario: Scenario, seed: int) -> ControllerNodeSettings:
        """Return the controller's settings: the robot's, the world's, the file's, the choice."""
        facts = {
            **self.shape(scenario, self.parameters.controller),
            **scenario.robot.limits,
            "xy_goal_tolerance": TOLERANCE_PART * scenario.goal_tolerance,
        }
        choices = {
            "seed": seed,
            "guidance": self.guidance,
            "use_plan": self.planner != "none",
            "variant": self.controller,
        }
        robot = _parameters_of(scenario.robot.file).controller
        values = {**robot, **facts, **self.parameters.controller, **choices}
        return build_extended(ControllerNodeSettings, values)

    def planner_settings(self, scenario: Scenario) -> PlannerNodeSettings:
        """Return the planner's settings: the robot's, the world's facts, the file, the choice.

        The margin is the controller's, if the file does not give the planner another.
        """
        facts = self.shape(scenario, self.parameters.planner)
        if (margin := self.parameters.controller.get("clearance_margin")) is not None:
            facts["clearance_margin"] = margin
        choice = {"kind": self.planner} if self.plans else {}
        choice |= {"weights": self.weights} if self.weights else {}
        robot = _parameters_of(scenario.robot.file).planner
        return build(PlannerNodeSettings, {**robot, **facts, **self.parameters.planner, **choice})

    def simulator_settings(self, scenario: Scenario) -> SimulatorSettings:
        """Return the plant's settings: the robot's, the file, the choice."""
        chosen: dict[str, Any] = {}
        if self.fov is not None:
            chosen["scan.field_of_view"] = math.radians(min(self.fov, 360.0))
        if self.beams is not None:
            chosen["scan.beams"] = self.beams
        robot = _parameters_of(scenario.robot.file).simulator
        return build(SimulatorNodeSettings, {**robot, **self.parameters.simulator, **chosen})

    def make_controller(self, settings: ControllerNodeSettings) -> LocalController:
        """Return the controller, ready to drive."""
        # Where the world stands still while the controller thinks, no clock may end a cycle.
        controller = LocalController(settings, realtime=self.realtime)
        controller.warm_up()
        return controller

    def make_perception(self, settings: ControllerNodeSettings) -> Perception:
        """Return perception, ready to see."""
        footprint = parse_footprint(settings.footprint)
        outline = disc(settings.robot_radius) if footprint is None else footprint.corners
        perception = Perception(settings.perception, outline)
        perception.warm_up()
        return perception

    def make_planner(self, scenario: Scenario) -> GlobalPlanner | None:
        """Return the planner, ready to plan; None where none is wanted."""
        if not self.plans:
            return None
        planner = GlobalPlanner(self.planner_settings(scenario))
        planner.warm_up()
        return planner

    def make_navigator(self, scenario: Scenario, settings: ControllerNodeSettings) -> Navigator:
        """Return the whole stack that drives by scans, with a map where the setup gives one."""
        return Navigator(
            self.make_controller(settings),
            settings,
            self.make_perception(settings),
            self.make_planner(scenario),
            self.planner_settings(scenario),
            self.known_map(scenario),
            settings.scan_timeout,
        )

    def known_map(self, scenario: Scenario) -> GridMap | None:
        """Return the map that the planner is given."""
        if self.planner_sees == "nothing":
            return None
        sees_circles = self.planner_sees == "obstacles"
        return scenario.map_of_what_stands() if sees_circles else scenario.map_with_walls()
