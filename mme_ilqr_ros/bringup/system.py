"""The declaration of which nodes make a system; launch files and `mme-ilqr sim` both read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mme_ilqr_ros.geometry.footprint import as_text
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.parameters.record import TOPICS
from mme_ilqr_ros.parameters.safety import OF_CONTROLLER
from mme_ilqr_ros.settings import Scalar, table
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.robot_file import load_robot

PACKAGE = "mme_ilqr_ros"
UNCHECKED = (("cmd_vel", "cmd_vel_unchecked"),)
TO_NAV2 = (("cmd_vel", "cmd_vel_nav"),)  # to its velocity smoother and collision monitor
NAV2_NAMES = {"planner": "planner_server", "controller": "controller_server"}


def _allowed(settings_class: type, name: str) -> tuple[str, ...]:
    return {row.name: row.choices for row in table(settings_class)}[name]


RECORDS = ("all", "drives")
"""What can be recorded: what the nodes send, or where the robot drives and no more."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "controller": _allowed(ControllerNodeSettings, "variant"),
    "planner": (*_allowed(PlannerNodeSettings, "kind"), "none"),
    "guidance": _allowed(ControllerNodeSettings, "guidance"),
    "sensing": ("known", "lidar"),
    "safety": ("true", "false"),
}
"""Allowed names of each choice between parts of the system."""


def says_yes(text: str) -> bool:
    """Return whether a text says yes, in any of the ways people write it."""
    return text.lower() in ("true", "1", "yes", "on")


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
        autostart: `false` leaves planner and controller to a lifecycle manager.
        nav2: `true` puts planner and controller into the seats of nav2's servers.
        enable_stamped_cmd_vel: `true` or `false`: whether the velocities of all carry a stamp.
        weights: Path of the planner's weight file.
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
    autostart: str = ""
    nav2: str = ""
    enable_stamped_cmd_vel: str = ""
    weights: str = ""

    @property
    def is_guarded(self) -> bool:
        """Whether commands pass through the safety node."""
        return not self.safety or says_yes(self.safety)

    @property
    def is_in_nav2(self) -> bool:
        """Whether planner and controller sit where nav2's servers do."""
        return says_yes(self.nav2)

    @property
    def managed(self) -> dict[str, Scalar]:
        """Who starts planner and controller, and who answers for whole drives."""
        if self.is_in_nav2:
            return {"autostart_node": says_yes(self.autostart), "serve_navigation": False}
        return {"autostart_node": says_yes(self.autostart)} if self.autostart else {}

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
        called: Name of the node in ROS, where it is another one.
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
    called: str = ""

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
    chosen |= {"use_plan": choice.use_plan} | choice.managed
    planned = _chosen(kind=choice.planner, weights=choice.weights) | choice.managed
    if choice.by_lidar:
        limits |= {"scan_topics": tuple(topic for topic, _ in (named or RobotSpec()).scanners)}
        planned |= {"use_evidence": True}
    file = named.file if named else ""
    controller = NodeSpec("controller", shape | limits, chosen, file)
    nodes = [NodeSpec("planner", shape, planned, file)] if choice.use_plan else []
    if choice.is_guarded:
        own = {name: value for name, value in limits.items() if name in OF_CONTROLLER}
        nodes += [NodeSpec("safety", own, {}, file, takes_after="controller", taken=OF_CONTROLLER)]
        controller = replace(controller, remappings=UNCHECKED)
    nodes = _stamped([*nodes, controller], choice)
    return [_in_nav2(node) for node in nodes] if choice.is_in_nav2 else nodes


def _in_nav2(spec: NodeSpec) -> NodeSpec:
    """Return a node under the name that nav2 gives it; what leaves the last one goes on to nav2."""
    remappings = spec.remappings if spec.remappings or spec.name == "planner" else TO_NAV2
    return replace(spec, called=NAV2_NAMES.get(spec.name, ""), remappings=remappings)


def _stamped(specs: Sequence[NodeSpec], choice: Choice) -> list[NodeSpec]:
    """Return the same nodes with velocities with or without a stamp, if that was chosen."""
    if not choice.enable_stamped_cmd_vel:
        return list(specs)
    told = {"enable_stamped_cmd_vel": says_yes(choice.enable_stamped_cmd_vel)}
    kinds = ("controller", "safety", "simulator", "run_monitor")
    return [
        replace(spec, choices={**spec.choices, **told}) if spec.name in kinds else spec
        for spec in specs
    ]


def simulation_nodes(choice: Choice, robot: RobotSpec) -> list[NodeSpec]:
    """Return the simulator and the nodes that drive its robot; see `navigation_nodes`.

    By lidar the simulator tells nothing but scans and odometry, so that no map is waited for.
    """
    driving = navigation_nodes(choice, robot)
    simulator = NodeSpec("simulator", choices=choice.world, robot_file=robot.file)
    (simulator,) = _stamped([simulator], choice)
    if not choice.by_lidar:
        return [simulator, *driving]
    told = {"publish_map": False, "publish_obstacles": False}
    poses = tuple(f"{at.x:g} {at.y:g} {at.yaw:g}" for _, at in robot.scanners)  # known without tf
    *before, controller = driving
    facts = {**controller.facts, "scanner_poses": poses}
    controller = replace(controller, facts=facts, choices={**controller.choices, "use_map": False})
    return [replace(simulator, choices={**simulator.choices, **told}), *before, controller]


def monitor_node(choice: Choice, parameters: Mapping[str, Scalar]) -> NodeSpec:
    """Return the node that sends the scenario's goal, judges the run and writes it down.

    Args:
        choice: What was chosen by name; without a planner it does not wait for one.
        parameters: Further parameters of the run monitor.
    """
    chosen = {**choice.world, **_chosen(goal=choice.goal), "use_plan": choice.use_plan}
    (monitor,) = _stamped([NodeSpec("run_monitor", choices={**chosen, **parameters})], choice)
    return monitor


def recorder_node(choice: Choice, file: str, what: str = "all") -> NodeSpec:
    """Return the node that records what the others send.

    Args:
        choice: What was chosen by name; in nav2's seats the topics of the nodes are called so.
        file: To write; empty for one with the date in the working directory.
        what: One of RECORDS.
    """
    if what == "drives":
        return NodeSpec("recorder", choices={"drives": True, **_chosen(file=file)})
    called = NAV2_NAMES if choice.is_in_nav2 else {}
    parts = (topic.split("/") for topic in TOPICS)
    topics = tuple("/".join(called.get(part, part) for part in topic) for topic in parts)
    chosen: dict[str, Scalar] = {"topics": topics} if called else {}
    return NodeSpec("recorder", facts=chosen, choices=_chosen(file=file))


def viewer_node(choice: Choice, robot: RobotSpec | None = None, opens: bool = False) -> NodeSpec:
    """Return the node that shows all others on a web page.

    Args:
        choice: What was chosen by name; in nav2's seats the nodes are called so.
        robot: The scenario's; None draws what the choice names, or the parameter files say.
        opens: Whether it opens the page in a browser.
    """
    robot = robot or (load_robot(choice.robot) if choice.robot else None)
    facts: dict[str, Scalar] = {}
    if robot is not None:
        facts = {"robot_radius": robot.radius, "footprint": as_text(robot.footprint)}
        facts["scan_topics"] = tuple(topic for topic, _ in robot.scanners)
    if choice.is_in_nav2:
        facts |= {f"{name}_name": called for name, called in NAV2_NAMES.items()}
    chosen: dict[str, Scalar] = {"open_browser": True} if opens else {}
    facts = {name: value for name, value in facts.items() if value}
    return NodeSpec("viewer", facts=facts, choices=chosen)


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
