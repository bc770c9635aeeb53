"""A way through several poses: planned leg by leg, driven as one path, followed to know the rest.

The poses before the last one are via points of the path: they are passed near by, without a stop,
and their headings count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from mme_ilqr_ros.geometry.path import Path, PathProgress
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.result import PlanResult

Leg = Callable[[Pose, Pose], PlanResult]


class Legs:
    """Plans a way through poses; keeps the legs that begin at one of them.

    So only the leg that begins at the robot is planned again and again, and the planner keeps its
    field.
    """

    def __init__(self) -> None:
        """Start with none kept."""
        self._kept: dict[tuple[float, ...], PlanResult] = {}

    def forget(self) -> None:
        """Plan all legs again, on another map."""
        self._kept = {}

    def plan(self, start: Pose, goals: Sequence[Pose], plan: Leg) -> PlanResult:
        """Return a plan from a pose through goals; each leg begins where the one before ends.

        Without success the status is that of the leg that fails, and the message names its goal.

        Args:
            start: The robot.
            goals: At least one; the last is where it stays.
            plan: Makes one leg.
        """
        legs, here = [plan(start, goals[0])], goals[0]
        kept: dict[tuple[float, ...], PlanResult] = {}
        for goal in goals[1:]:
            if (path := legs[-1].path) is None:
                break
            here = Pose(float(path.points[-1, 0]), float(path.points[-1, 1]), here.yaw)
            key = (here.x, here.y, goal.x, goal.y)
            kept[key] = self._kept.get(key) or plan(here, goal)
            legs.append(kept[key])
            here = goal
        self._kept = kept
        if len(goals) == 1:
            return legs[0]
        if legs[-1].path is None:
            which = f"pose {len(legs)} of {len(goals)}"
            return replace(legs[-1], message=f"to {which}: {legs[-1].message}", solved=None)
        return _joined(legs)


def _joined(legs: Sequence[PlanResult]) -> PlanResult:
    """Return one plan for legs that all succeeded, with the cost of paths of the first one."""
    paths = [leg.path for leg in legs if leg.path is not None]
    lengths = np.cumsum([path.length for path in paths])
    path = Path(np.vstack([path.points for path in paths]), lengths[:-1])
    notes = [leg.message.partition("; ")[2] for leg in legs]
    said = f"path of {path.length:.2f} m through {len(legs)} poses"
    return replace(
        legs[0],
        message="; ".join([said, *filter(None, notes)]),
        path=path,
        length=path.length,
        solved=None,  # it leads to one of the poses only
        fallback_used=any(leg.fallback_used for leg in legs),
        field_time=sum(leg.field_time for leg in legs),
        path_time=sum(leg.path_time for leg in legs),
    )


class Travel:
    """How far a robot has come along the plan in force; nothing is known of it without one.

    Attributes:
        n_ahead: Number of goals that are still ahead, the last one among them.
    """

    def __init__(self, path: Path | None = None, n_ahead: int = 0, reach: float = 0.0) -> None:
        """Begin a plan.

        Args:
            path: The plan.
            n_ahead: Number of goals that it was made for.
            reach: Distance at which a via point counts as passed [m].
        """
        self.n_ahead = n_ahead
        self._progress = None if path is None else PathProgress(path, reach=reach)

    def advance(self, position: ArrayLike) -> bool:
        """Take note of where the robot is [2] in m; return whether it has passed a via point."""
        if self._progress is None:
            return False
        before = len(self._progress.vias_ahead)
        self._progress.advance(position)
        passed = before - len(self._progress.vias_ahead)
        self.n_ahead -= passed
        return passed > 0

    def rest(self, position: ArrayLike) -> float:
        """Return the distance to go [m], with the way back to the plan; 0 without one."""
        if self._progress is None:
            return 0.0
        path, s = self._progress.path, self._progress.s
        away = float(np.hypot(*(path.point_at(s) - np.asarray(position, dtype=float))))
        return path.length - s + away
