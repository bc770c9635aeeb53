"""Parameters of learning from drives."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.planning.weights import CLEARANCE
from mme_ilqr_ros.settings import Settings, setting


@dataclass(frozen=True)
class HabitSettings(Settings):
    """What the planner will be, and how carefully to learn; defaults are the planner's."""

    least_distance: float = setting(
        0.25, "How far from obstacles the robot's centre must stay.", unit="m", low=0.0, high=20.0
    )
    allow_unknown: bool = setting(True, "Whether a path may cross unknown cells.")
    unknown_cost: float = setting(
        5.0, "Price of a metre through unknown cells, as in the planner.", low=1.0, high=1000.0
    )
    max_detour: float = setting(2.0, "As in the planner.", low=1.0, high=100.0)
    weights: str = setting(CLEARANCE, "Cell cost that habits are added to: as in the planner.")
    cell: float = setting(
        0.1,
        "Least side of the cells that are learned on; a finer map is coarsened to it, and a map of"
        " more than a quarter of a million cells further.",
        unit="m",
        low=0.01,
        high=1.0,
    )
    directions: bool = setting(
        True, "Learn costs of directions (keep right, one-way) where the drives show them."
    )
    seed: int = setting(0, "Of the drivers' inconsistency that is simulated in learning.", low=0)

    @classmethod
    def of(cls, planner: PlannerSettings) -> HabitSettings:
        """Return the settings for a planner with these parameters."""
        return cls(
            least_distance=planner.least_distance,
            allow_unknown=planner.allow_unknown,
            unknown_cost=planner.unknown_cost,
            max_detour=planner.max_detour,
        )
