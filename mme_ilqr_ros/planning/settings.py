"""Every parameter of the global planner, readable without loading a solver."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.planning.weights import CLEARANCE
from mme_ilqr_ros.settings import setting

KINDS = ("id_vin", "dijkstra")


@dataclass(frozen=True)
class PlannerSettings:
    """Parameters of the global planner."""

    kind: str = setting(
        "id_vin",
        "id_vin: shortest path under a learned cell cost; dijkstra: under uniform cost.",
        choices=KINDS,
        dynamic=False,
    )
    robot_radius: float = setting(
        0.2, "Radius of the robot's circle; obstacles grow by it.", unit="m", low=0.0, high=10.0
    )
    inflation_margin: float = setting(
        0.05, "Extra distance that a path keeps from obstacles.", unit="m", low=0.0, high=10.0
    )
    allow_unknown: bool = setting(True, "Whether a path may cross cells that nobody has seen.")
    straighten: bool = setting(
        True, "Straight lines in place of staircases where they cost no more and touch nothing."
    )
    tolerance: float = setting(
        0.5,
        "When the goal is blocked, how far from it the path may end instead; 0 refuses.",
        unit="m",
        low=0.0,
        high=100.0,
    )
    weights: str = setting(
        CLEARANCE,
        "Learned cost. clearance: keeps away from obstacles where that is not far round, in radii"
        " of the robot; shortest: shortest paths; or a weight file (.safetensors).",
        dynamic=False,
    )
    filter_mask_weight: float = setting(
        1.0,
        "How much dearer an extra layer makes a cell: by this share where the layer is full. With"
        " the speed mask of nav2's default filter, 1 makes a cell of half speed cost 1.5 times.",
        low=0.0,
        high=100.0,
    )
