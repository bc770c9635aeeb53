"""The declaration of which nodes make a system; launch files and `mme-ilqr sim` both read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from mme_ilqr_ros.documents import DocumentError, parse_yaml
from mme_ilqr_ros.geometry.footprint import as_text
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.parameters.safety import OF_CONTROLLER
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.settings import Scalar, table
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.robot_file import load_robot

PACKAGE = "mme_ilqr_ros"
UNCHECKED = (("cmd_vel", "cmd_vel_unchecked"),)
_PARAMETERS = "ros__parameters"


def _allowed(settings_class: type, name: str) -> tuple[str, ...]:
    return {row.name: row.choices for row in table(settings_class)}[name]


NAMES: Mapping[str, tuple[str, ...]] = {
    "controller": _allowed(ControllerNodeSettings, "variant"),
    "planner": (*_allowed(PlannerNodeSettings, "kind"), "none"),
    "guidance": _allowed(ControllerNodeSettings, "guidance"),
    "sensing": ("known", "lidar"),
    "safety": ("true", "false"),
}
"""Allowed names of each choice between parts of the system."""


@dataclass(frozen=True)
class Choice:
    """What a person chose by name; an empty text leaves it to the parameter files.

    Attributes:
        controller: One of NAMES.
        planner: One of NAMES; `none` starts no planner.
        guidance: One of NAMES.
        sensing: One of NAMES; `lidar` drives by scans and odometry.
        robot: Name or parameter file of a robot, in place of the scenario's.
        safety: One of NAMES; `false` leaves the safety node out.
        scenario: Name or file of the scenario.
        world_id: Which world, where the scenario's file holds several.
        goal: `x y` or `x y yaw` in m and rad in place of the scenario's goal.
    """

    controller: str = ""
    planner: str = ""
    guidance: str = ""
    scenario: str = ""
    world_id: str = ""
    goal: str = ""
    sensing: str = ""
    robot: str = ""
    safety: str = ""

    @property
    def is_guarded(self) -> bool:
        """Whether commands pass through the safety node."""
        return self.safety.lower() not in ("false", "0", "no", "off")

    @property
    def use_plan(self) -> bool:
        """Whether there is a planner to follow."""
        return self.planner != "none"

    def title(self, params: Path | None = None) -> str:
        """Return controller and planner for a title; `params` is the user's parameter file."""
        controller, planner = ControllerNodeSettings.variant, PlannerNodeSettings.kind
        if params is not None:
            controller, planner = f"controller of {params.name}", f"of {params.name}"
        parts = f"{self.controller or controller}, planner {self.planner or planner}"
        return f"{parts}, by lidar" if self.by_lidar else parts

    @property
    def by_lidar(self) -> bool:
        """Whether scans and odometry are all that is known."""
        return self.sensing == "lidar"

    @property
    def world(self) -> dict[str, Scalar]:
        """The scenario as parameters of the simulator and the run monitor."""
        if not self.scenario:
            return {}
        return {"scenario": self.scenario, "world_id": self.world_id, "robot": self.robot}


@dataclass(frozen=True)
class NodeSpec:
    """One process of the system.

    Attributes:
        name: Name of the node, of its executable and of its block in config/mme_ilqr.yaml.
        facts: Parameters that follow from the scenario; a params file overrules them.
        choices: Parameters that were chosen by name; they overrule every file.
        robot_file: Parameter file of the robot; a params file overrules it.
        remappings: Topics that the node shall call otherwise, as (name, name).
        takes_after: Node whose parameters of the names in `taken` hold for this one, where no file
            says otherwise of itself.
        taken: See there.
    """

    name: str
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    choices: Mapping[str, Scalar] = field(default_factory=dict)
    robot_file: str = ""
    remappings: tuple[tuple[str, str], ...] = ()
    takes_after: str = ""
    taken: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Module that runs the node with `python -m`."""
        return f"{PACKAGE}.nodes.{self.name}_node"


def navigation_nodes(choice: Choice, robot: RobotSpec | None = None) -> list[NodeSpec]:
    """Return planner, safety node and controller, for a robot that exists, simulated or not.

    Args:
        choice: What was chosen by name.
        robot: The scenario's; None leaves size and limits to the parameter files.
    """
    shape: dict[str, Scalar] = {}
    limits: dict[str, Scalar] = {}
    named = load_robot(choice.robot) if choice.robot and robot is None else robot
    if robot is not None:
        shape = {"robot_radius": robot.radius}
        if robot.footprint:
            shape["footprint"] = as_text(robot.footprint)
        limits = dict(robot.limits)
    chosen = _chosen(variant=choice.controller, guidance=choice.guidance)
    chosen |= {"use_plan": choice.use_plan}
    planned = _chosen(kind=choice.planner)
    if choice.by_lidar:
        limits |= {"scan_topics": tuple(topic for topic, _ in (named or RobotSpec()).scanners)}
        planned |= {"use_evidence": True}
    file = named.file if named else ""
    controller = NodeSpec("controller", shape | limits, chosen, file)
    nodes = [NodeSpec("planner", shape, planned, file)] if choice.use_plan else []
    if not choice.is_guarded:
        return [*nodes, controller]
    own = {name: value for name, value in limits.items() if name in OF_CONTROLLER}
    safety = NodeSpec("safety", own, {}, file, takes_after="controller", taken=OF_CONTROLLER)
    return [*nodes, safety, replace(controller, remappings=UNCHECKED)]


def simulation_nodes(choice: Choice, robot: RobotSpec) -> list[NodeSpec]:
    """Return the simulator and the nodes that drive its robot; see `navigation_nodes`.

    By lidar the simulator tells nothing but scans and odometry, so that no map is waited for.
    """
    driving = navigation_nodes(choice, robot)
    simulator = NodeSpec("simulator", choices=choice.world, robot_file=robot.file)
    if not choice.by_lidar:
        return [simulator, *driving]
    told = {"publish_map": False, "publish_obstacles": False}
    poses = tuple(f"{at.x:g} {at.y:g} {at.yaw:g}" for _, at in robot.scanners)  # known without tf
    *before, controller = driving
    facts = {**controller.facts, "scanner_poses": poses}
    controller = replace(controller, facts=facts, choices={**controller.choices, "use_map": False})
    return [replace(simulator, choices=choice.world | told), *before, controller]


def monitor_node(choice: Choice, parameters: Mapping[str, Scalar]) -> NodeSpec:
    """Return the node that sends the scenario's goal, judges the run and writes it down.

    Args:
        choice: What was chosen by name; without a planner it does not wait for one.
        parameters: Further parameters of the run monitor.
    """
    chosen = {**choice.world, **_chosen(goal=choice.goal), "use_plan": choice.use_plan}
    return NodeSpec("run_monitor", choices={**chosen, **parameters})


def on_simulated_time(specs: Sequence[NodeSpec], speed: float | None = None) -> list[NodeSpec]:
    """Return the same nodes on /clock, which the simulator publishes if it is among them.

    Args:
        specs: The nodes.
        speed: Simulated seconds per real second; None leaves it to the parameter files.
    """
    follow: dict[str, Scalar] = {"use_sim_time": True}
    lead: dict[str, Scalar] = {"publish_clock": True}
    if speed is not None:
        lead["speed_factor"] = speed
    return [
        replace(spec, choices={**spec.choices, **(lead if spec.name == "simulator" else follow)})
        for spec in specs
    ]


def _chosen(**texts: str) -> dict[str, Scalar]:
    """Return what is not empty."""
    return {name: text for name, text in texts.items() if text}


def default_file() -> Path:
    """Return the file with every parameter."""
    return share_path("config", "mme_ilqr.yaml")


def own_file(file: Path | None) -> Path | None:
    """Return the user's parameter file as an absolute path; None where it is the default one."""
    return None if file is None or file.resolve() == default_file().resolve() else file.resolve()


def parameter_files(spec: NodeSpec, user_file: Path | None, folder: Path) -> list[Path]:
    """Return the parameter files of a node, each overruling the ones before it.

    rcl merges blocks of the same key in the order of the files; of different keys that match, the
    one that appeared later overrules. So the scenario's file uses the key of the default file, and
    choices are written under every key of the user's file too.

    Args:
        spec: The node.
        user_file: Parameter file of the user, or None; the default file counts as None.
        folder: Existing folder for what is generated.
    """
    user_file = own_file(user_file)
    key = f"/**/{spec.name}"
    facts = {key: {_PARAMETERS: dict(spec.facts)}}
    choices = {**_user_keys(user_file, spec.choices), key: {_PARAMETERS: dict(spec.choices)}}
    robot_file = Path(spec.robot_file) if spec.robot_file else None
    files = (
        default_file(),
        _write(folder / f"{spec.name}_facts.yaml", facts) if spec.facts else None,
        _taken_over(spec, robot_file, folder / f"{spec.name}_of_robot.yaml"),
        robot_file,
        _taken_over(spec, user_file, folder / f"{spec.name}_of_user.yaml"),
        user_file,
        _write(folder / f"{spec.name}_choices.yaml", choices) if spec.choices else None,
    )
    return [file for file in files if file is not None]


def _taken_over(spec: NodeSpec, file: Path | None, target: Path) -> Path | None:
    """Write what a file says of the node that this one takes after, said of this one."""
    if file is None or not spec.takes_after:
        return None
    document = _renamed(_document(file), spec)
    return _write(target, document) if document else None


def _renamed(block: Mapping[str, Any], spec: NodeSpec) -> dict[str, Any]:
    """Return the blocks of `spec.takes_after`, as blocks of the node, with what it takes over."""
    renamed: dict[str, Any] = {}
    for key, inner in block.items():
        if not isinstance(inner, dict):
            continue
        *above, name = str(key).split("/")
        if name == spec.takes_after and isinstance(inner.get(_PARAMETERS), dict):
            values = {k: v for k, v in inner[_PARAMETERS].items() if k in spec.taken}
            if values:
                renamed["/".join([*above, spec.name])] = {_PARAMETERS: values}
        elif found := _renamed(inner, spec):
            renamed[key] = found
    return renamed


def _document(file: Path | None) -> dict[str, Any]:
    """Return a parameter file; empty where it is none: the node will say what is wrong with it."""
    try:
        document = parse_yaml(file.read_text()) if file else {}
    except (OSError, UnicodeDecodeError, DocumentError):
        return {}
    return document if isinstance(document, dict) else {}


def _user_keys(user_file: Path | None, values: Mapping[str, Scalar]) -> dict[str, Any]:
    """Return the user's document with these values in the place of every block of parameters."""
    return _replaced(_document(user_file), values)


def _replaced(block: Mapping[str, Any], values: Mapping[str, Scalar]) -> dict[str, Any]:
    replaced: dict[str, Any] = {}
    for key, inner in block.items():
        if key == _PARAMETERS:
            replaced[key] = dict(values)
        elif isinstance(inner, dict):
            replaced[key] = _replaced(inner, values)
    return replaced


def _write(path: Path, document: Mapping[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(dict(document)))
    return path
