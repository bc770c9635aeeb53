"""One query: follow the planner's own moves, check each against the map, compare with the best."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maps import PlanMap, Query
from mme_ilqr_ros.benchmark.plan.planners import Planner, best_field
from mme_ilqr_ros.planning.cell_path import first_fault
from mme_ilqr_ros.planning.field import Field, follow

QUERY_REPEATS = 3  # of which the median counts: the first one finds the field out of the cache
BEST_WITHIN = 1e-3  # [cells] a path this much longer than the shortest still counts as shortest


@dataclass(frozen=True, eq=False)
class Judged:
    """How one query went.

    Attributes:
        map: Name of the map.
        group: Of the file that the map came from.
        query: What was asked.
        starts: How many starts were asked for: 1, or all from which the goal can be reached.
        success: Fraction of them whose own path arrives without touching anything.
        optimal: Fraction of them whose own path is a shortest one.
        fallback: Whether exact search finds a way where the planner did not.
        cost: Length of the planner's own path [cells], of all starts the mean of those that
            arrive; nan without success.
        optimal_cost: Length of the shortest path of the same starts.
        ratios: [starts that arrive] lengths over the shortest.
        field_time: See `Answer`.
        query_time: From stored moves to a checked path [s]; 0 when asked from all starts.
        sweeps: See `Answer`.
        residual: See `Answer`.
    """

    map: str
    group: str
    query: Query
    starts: int
    success: float
    optimal: float
    fallback: bool
    cost: float
    optimal_cost: float
    ratios: NDArray[np.float64]
    field_time: float
    query_time: float
    sweeps: int
    residual: float

    def row(self) -> dict[str, Any]:
        """Return it as a row of summary.json; numbers that there are not are None."""
        one = self.query.start is not None
        return {
            "map": self.map,
            "start": None if self.query.start is None else list(self.query.start),
            "goal": list(self.query.goal),
            "starts": self.starts,
            "success": bool(self.success) if one else round(self.success, 6),
            "fallback": self.fallback,
            "optimal": bool(self.optimal) if one else round(self.optimal, 6),
            "cost": None if np.isnan(self.cost) else round(self.cost, 6),
            "optimal_cost": round(self.optimal_cost, 6),
            "stated_cost": self.query.stated,
            "field_ms": round(1e3 * self.field_time, 4),
            "query_ms": round(1e3 * self.query_time, 4) if one else None,
            "sweeps": self.sweeps,
            "residual": self.residual,
        }


def judge(asked: PlanMap, query: Query, planner: Planner) -> Judged:
    """Ask a planner for a path from the query's start and judge it."""
    best = best_field(asked, query.goal)
    answer = planner.solve(asked, query.goal)
    start = query.start or query.goal
    times = []
    for _ in range(QUERY_REPEATS):
        begun = time.thread_time()
        cells = answer.walk(start)
        fault = first_fault(cells, asked.terrain.blocked, start, query.goal)
        times.append(time.thread_time() - begun)
    optimal_cost = float(best.values[start])
    cost = np.nan if fault else length_of(cells)
    ratio = cost / optimal_cost if optimal_cost > 0.0 else 1.0  # the start may be the goal
    return Judged(
        asked.name,
        asked.group,
        query,
        starts=1,
        success=float(fault is None),
        optimal=float(cost <= optimal_cost + BEST_WITHIN),
        fallback=bool(fault) and planner.is_learned and _rescued(asked, query, best),
        cost=cost,
        optimal_cost=optimal_cost,
        ratios=np.empty(0) if fault else np.array([ratio]),
        field_time=answer.field_time,
        query_time=float(np.median(times)),
        sweeps=answer.sweeps,
        residual=answer.residual,
    )


def length_of(cells: NDArray[np.int64]) -> float:
    """Return the length of a path of cells [N, 2]: 1 for straight moves, sqrt(2) for diagonals."""
    moved = np.abs(np.diff(cells, axis=0)).sum(axis=1)
    diagonal = np.count_nonzero(moved == 2)
    return float(len(moved) - diagonal + np.sqrt(2.0) * diagonal)


def _rescued(asked: PlanMap, query: Query, best: Field) -> bool:
    """Return whether exact search finds a path that passes the same check."""
    start = query.start or query.goal
    cells = follow(best, start).cells
    return first_fault(cells, asked.terrain.blocked, start, query.goal) is None
