"""Parameters of the global planner and of replanning, readable without loading a solver."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.geometry.passable import (
    discs_in,
    footprint_in,
    footprint_setting,
    least_distance,
    margin_setting,
    padding_setting,
)
from mme_ilqr_ros.planning.weights import CLEARANCE
from mme_ilqr_ros.settings import Settings, setting

KINDS = ("id_vin", "dijkstra")


@dataclass(frozen=True)
class PlannerSettings(Settings):
    """Parameters of the global planner."""

    kind: str = setting(
        "id_vin",
        "id_vin: shortest path under a learned cell cost; dijkstra: under uniform cost.",
        choices=KINDS,
        dynamic=False,
    )
    robot_radius: float = setting(
        0.2,
        "Radius of the circle around the robot; with a footprint it is not used. See"
        " clearance_margin.",
        unit="m",
        low=0.0,
        high=10.0,
    )
    footprint: str = footprint_setting()
    footprint_padding: float = padding_setting()
    clearance_margin: float = margin_setting(
        "As in the controller: a path keeps the radius and a third of it from obstacles, which is"
        " what the controller requires. Give both nodes the same value."
    )
    max_detour: float = setting(
        2.0,
        "How many times as long as a narrow but passable way the detour round it may be to be"
        " preferred: the price of a metre where the robot just fits, with weights that price"
        " clearance. 1 takes the shortest way.",
        low=1.0,
        high=100.0,
    )
    allow_unknown: bool = setting(True, "Whether a path may cross unknown cells.")
    unknown_cost: float = setting(
        5.0,
        "Price of a metre through unknown cells, as a multiple of the price where it is known that"
        " nothing stands. 1 makes no difference between them.",
        low=1.0,
        high=1000.0,
    )
    straighten: bool = setting(
        True, "Replace staircases of grid moves by straight lines that are free and cost no more."
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
        "Cell cost of id_vin. clearance: a table of 16 steps over distance / robot radius (a"
        " formula that learning found again), which keeps paths away from obstacles; shortest:"
        " about 1 on free cells, in effect dijkstra; or a weight file (.safetensors), such as one"
        " learned from your own drives.",
        dynamic=False,
    )
    filter_mask_weight: float = setting(
        1.0,
        "Weight of the filter mask: the cost of a cell is multiplied by 1 + weight * mask, mask in"
        " [0, 1]. With nav2's speed mask, 1 makes a cell of half speed cost 1.5 times.",
        low=0.0,
        high=100.0,
    )

    def __post_init__(self) -> None:
        """Check each setting, and the footprint."""
        super().__post_init__()
        footprint_in(self)  # raises where it is none

    @property
    def least_distance(self) -> float:
        """How far from what stands the robot's centre must stay [m]."""
        return least_distance(discs_in(self).radius, self.clearance_margin)


@dataclass(frozen=True)
class ReplanSettings(Settings):
    """Parameters of periodic replanning."""

    expected_planner_frequency: float = setting(
        1.0,
        "Plans per second while a goal is pursued; 0 plans only for a new goal or map.",
        unit="Hz",
        low=0.0,
        high=20.0,
    )
    replan_distance: float = setting(
        0.5,
        "No periodic replanning within this distance of the goal.",
        unit="m",
        low=0.0,
        high=100.0,
    )
    plan_switch_margin: float = setting(
        0.1,
        "Fraction by which a plan for the same goal must cost less than the rest of the plan in"
        " force to replace it, on a new map too; a plan in force that is blocked there gives way at"
        " once. Raise it if the robot alternates between two routes.",
        low=0.0,
        high=0.9,
    )
    plan_switch_distance: float = setting(
        1.0,
        "Distance from the plan in force at which a periodic plan replaces it in any case.",
        unit="m",
        low=0.05,
        high=100.0,
    )
