"""Moments of decision: the few control cycles whose candidate trajectories tell the story."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.run_record import ModesMoment, RunRecord

AGREEMENT = 0.1  # [m] modes that lie nearer to the chosen one than this tell no story


def disagreement(moment: ModesMoment) -> float:
    """Return the mean distance of the modes from the chosen one at equal steps [m]."""
    steps = min(len(line) for line in moment.trajectories)
    lines = np.array([line[:steps] for line in moment.trajectories])
    return float(np.hypot(*(lines - lines[moment.chosen]).T).mean())


def decision_moments(
    record: RunRecord, goal: Pose, apart: float = 0.7, limit: int = 5
) -> tuple[ModesMoment, ...]:
    """Return the moments of decision in order of time.

    The first control cycle always counts. Then come the cycles in which another mode took over,
    and then those in which the modes lie furthest from each other, unless they all but agree. Of
    several near one place only the most telling one is taken, and none near the goal, where
    nothing is left to decide; so the picture stays clear.

    Args:
        record: A finished run.
        goal: Where the robot had to go.
        apart: Least distance between two moments, and from the goal, at the robot's positions [m].
        limit: Largest number of moments.
    """
    if not record.modes or not len(record.states):
        return ()
    first, *later = record.modes
    later = [moment for moment in later if moment.switched or disagreement(moment) > AGREEMENT]
    ranked = sorted(later, key=lambda moment: (not moment.switched, -disagreement(moment)))
    places = [np.array([goal.x, goal.y]), record.state_at(first.time)[1:3]]
    chosen = [first]
    for moment in ranked:
        if len(chosen) == limit:
            break
        place = record.state_at(moment.time)[1:3]
        if all(np.hypot(*(place - other)) >= apart for other in places):
            places.append(place)
            chosen.append(moment)
    return tuple(sorted(chosen, key=lambda moment: moment.time))
