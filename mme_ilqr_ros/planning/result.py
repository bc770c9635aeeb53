"""What a planning request returns."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.path import Path


class PlanStatus(Enum):
    """How a planning request ended."""

    SUCCEEDED = "a path was found"
    INVALID_INPUT = "the request cannot be used"
    START_OUTSIDE_MAP = "the start lies outside the map"
    GOAL_OUTSIDE_MAP = "the goal lies outside the map"
    START_OCCUPIED = "the start is blocked"
    GOAL_OCCUPIED = "the goal is blocked"
    NO_VALID_PATH = "no path leads from the start to the goal"


@dataclass(frozen=True, eq=False)
class PlanResult:
    """What came of a planning request.

    Attributes:
        status: SUCCEEDED, or why there is no path.
        message: One line for a person, with the numbers of this request.
        path: In the map frame [m], from the exact start; None without success.
        length: Of the path [m], 0 without one.
        cost_of: Cost of a path on this request's map [m of cost 1], what the plan minimises; inf
            where the path is blocked. Of use until the next request; by default the length.
        cost_to_go: Travel cost to the goal cell, float32 and read-only. None when no field was
            solved.
        residual: Bellman residual of the field [cells of cost 1].
        iterations: Cells that the exact solver settled for the field, each once.
        fallback_used: The learned path failed its check; exact search on uniform cost made this.
        field_time: Time spent on mask, cost and field [s]; almost 0 when they were kept.
        path_time: Time spent on following the field and checking the path [s].
    """

    status: PlanStatus
    message: str
    path: Path | None = None
    length: float = 0.0
    cost_of: Callable[[Path], float] = operator.attrgetter("length")
    cost_to_go: CostToGo | None = None
    residual: float = 0.0
    iterations: int = 0
    fallback_used: bool = False
    field_time: float = 0.0
    path_time: float = 0.0


class RefusedError(Exception):
    """Ends a request inside the planner; `GlobalPlanner.plan` turns it into a result."""

    def __init__(self, status: PlanStatus, message: str) -> None:
        """Say which status the request ends with and, in one line, why."""
        super().__init__(message)
        self.status = status
