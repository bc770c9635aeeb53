"""The declaration of which nodes make a system; launch files and `bringup` both read it.

A launch file that reads this must not load a solver, so nothing of control or planning is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mme_ilqr_ros.simulation.scenario import Scenario

PACKAGE = "mme_ilqr_ros"
CONTROLLERS = ("mme_ilqr", "me_ilqr", "sv_ilqr", "ilqr")
PLANNERS = ("id_vin", "dijkstra", "none")
GUIDANCE = ("path", "cost_to_go")

Value = bool | int | float | str


@dataclass(frozen=True)
class NodeSpec:
    """One process of the system.

    Attributes:
        name: Name of the node, of its console script and of its block in config/mme_ilqr.yaml.
        facts: Parameters that follow from the scenario; a params file overrules them.
        choices: Parameters that were asked for by name; they overrule every file.
    """

    name: str
    facts: Mapping[str, Value] = field(default_factory=dict)
    choices: Mapping[str, Value] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """Module that runs the node with `python -m`."""
        return f"{PACKAGE}.nodes.{self.name}_node"


def navigation_nodes(
    controller: str = "",
    planner: str = "",
    scenario: Scenario | None = None,
    guidance: str = "",
) -> list[NodeSpec]:
    """Return planner and controller, for a robot that exists, simulated or not.

    Args:
        controller: One of CONTROLLERS; empty leaves it to the parameter file.
        planner: One of PLANNERS, where `none` starts no planner; empty leaves it to the file.
        scenario: Whose robot drives; None leaves its size and limits to the parameter file.
        guidance: One of GUIDANCE; empty leaves it to the parameter file.
    """
    radius, limits = {}, {}
    if scenario is not None:
        robot = scenario.robot
        radius = {"robot_radius": robot.radius}
        limits = {
            "vx_min": robot.vx_min,
            "vx_max": robot.vx_max,
            "wz_max": robot.wz_max,
            "ax_max": robot.ax_max,
            "az_max": robot.az_max,
        }
    use_plan = planner != "none"
    chosen: dict[str, Value] = {"variant": controller} if controller else {}
    chosen |= {"guidance": guidance} if guidance else {}
    nodes = [NodeSpec("controller", {**radius, **limits}, {**chosen, "use_plan": use_plan})]
    if use_plan:
        nodes.insert(0, NodeSpec("planner", radius, {"kind": planner} if planner else {}))
    return nodes


def simulation_nodes(
    scenario: Scenario,
    source: str,
    world_id: str = "",
    controller: str = "",
    planner: str = "",
    guidance: str = "",
) -> list[NodeSpec]:
    """Return the simulator and the nodes that drive its robot.

    Args:
        scenario: The scenario, read.
        source: Its name or file, for the simulator to read again.
        world_id: Which world, where the file holds several.
        controller: As in `navigation_nodes`.
        planner: As in `navigation_nodes`.
        guidance: As in `navigation_nodes`.
    """
    simulator = NodeSpec("simulator", choices=_which_world(source, world_id))
    return [simulator, *navigation_nodes(controller, planner, scenario, guidance)]


def monitor_node(
    source: str,
    world_id: str = "",
    planner: str = "",
    setup: str = "",
    out_dir: str = "",
    progress_period: float = 5.0,
) -> NodeSpec:
    """Return the node that sends the scenario's goal, judges the run and writes it down.

    Args:
        source: Name or file of the scenario.
        world_id: Which world, where the file holds several.
        planner: As in `navigation_nodes`; with `none` it does not wait for one.
        setup: Who drives, for the picture's title.
        out_dir: Folder for the result; empty writes nothing.
        progress_period: Time between progress lines [s].
    """
    return NodeSpec(
        "run_monitor",
        choices={
            **_which_world(source, world_id),
            "use_plan": planner != "none",
            "setup": setup,
            "out_dir": out_dir,
            "progress_period": progress_period,
        },
    )


def on_simulated_time(specs: Sequence[NodeSpec]) -> list[NodeSpec]:
    """Return the same nodes on /clock, which the simulator publishes if it is among them."""
    return [
        replace(
            spec,
            choices={
                **spec.choices,
                "publish_clock" if spec.name == "simulator" else "use_sim_time": True,
            },
        )
        for spec in specs
    ]


def _which_world(source: str, world_id: str) -> dict[str, Value]:
    return {"scenario": source, "world_id": world_id}
