"""A query from every cell that can reach the goal: follow the planner's best moves from each."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.benchmark.plan import judge
from mme_ilqr_ros.benchmark.plan.judge import BEST_WITHIN, Judged
from mme_ilqr_ros.benchmark.plan.maps import PlanMap, Query
from mme_ilqr_ros.benchmark.plan.planners import Planner, best_field
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from studies.plan.policy import arrivals


def judge_starts(asked: PlanMap, query: Query, planner: Planner) -> Judged:
    """Judge a query from its start, or from all starts where it names none."""
    if query.start is not None:
        return judge.judge(asked, query, planner)
    best = best_field(asked, query.goal)
    answer = planner.solve(asked, query.goal)
    starts = np.isfinite(best.values)
    starts[query.goal] = False
    moves = answer.arrows()
    if asked.n_moves == N_STRAIGHT and moves.max(initial=-1) >= N_STRAIGHT:
        raise AssertionError(f"{asked.name}: a planner of four moves made a diagonal one")
    reached, lengths = arrivals(moves, asked.terrain.blocked, query.goal)
    reached, n = reached & starts, int(starts.sum())
    lengths, shortest = lengths[reached], best.values[reached]
    success = len(lengths) / n if n else 1.0
    return Judged(
        asked.name,
        asked.group,
        query,
        starts=n,
        success=success,
        optimal=float((lengths <= shortest + BEST_WITHIN).sum() / n) if n else 1.0,
        fallback=planner.is_learned and success < 1.0,
        cost=float(lengths.mean()) if len(lengths) else np.nan,
        optimal_cost=float(best.values[starts].mean()) if n else 0.0,
        ratios=lengths / shortest,
        field_time=answer.field_time,
        query_time=0.0,
        sweeps=answer.sweeps,
        residual=answer.residual,
    )
