"""What a planning request returns."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.solved_field import SolvedField


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
        solved: The field to the goal cell; None when none was solved. Where it is not whole yet,
            its `advance` goes on.
        moved: Pose of the frame of `solved` in that of the path; None where they are the same.
        residual: Bellman residual of the field, where that is not whole of the cells of the path
            [cells of cost 1].
        iterations: Cells that the exact solver settled for the field so far, each once.
        fallback_used: The learned path failed its check; exact search on uniform cost made this.
        field_time: Time spent on mask, cost and field [s]; almost 0 when they were kept.
        path_time: Time spent on following the field and checking the path [s].
    """

    status: PlanStatus
    message: str
    path: Path | None = None
    length: float = 0.0
    cost_of: Callable[[Path], float] = operator.attrgetter("length")
    solved: SolvedField | None = None
    moved: Pose | None = None
    residual: float = 0.0
    iterations: int = 0
    fallback_used: bool = False
    field_time: float = 0.0
    path_time: float = 0.0

    @property
    def cost_to_go(self) -> CostToGo | None:
        """Travel cost to the goal cell, float32 and read-only; None unless the field is whole."""
        field = None if self.solved is None else self.solved.cost_to_go
        return field if field is None or self.moved is None else field.transformed(self.moved)


class RefusedError(Exception):
    """Ends a request inside the planner; `GlobalPlanner.plan` turns it into a result."""

    def __init__(self, status: PlanStatus, message: str) -> None:
        """Say which status the request ends with and, in one line, why."""
        super().__init__(message)
        self.status = status
