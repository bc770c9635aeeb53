"""Moments of decision: the few control cycles whose candidate trajectories tell the story."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.reporting.run_record import ModesMoment, RunRecord

AGREEMENT = 0.1  # [m] modes whose ends lie nearer than this tell no story


def disagreement(moment: ModesMoment) -> float:
    """Return how far the modes lie from the chosen one: the mean distance at their ends [m]."""
    ends = np.array([line[-1] for line in moment.trajectories])
    return float(np.mean(np.hypot(*(ends - ends[moment.chosen]).T)))


def decision_moments(
    record: RunRecord, apart: float = 0.7, limit: int = 5
) -> tuple[ModesMoment, ...]:
    """Return the moments of decision in order of time.

    The first control cycle always counts. Then come the cycles in which another mode took over,
    and then those in which the modes lie furthest from each other, unless they all but agree. Of
    several near one place only the most telling one is taken, so that the picture stays clear.

    Args:
        record: A finished run.
        apart: Least distance between two moments [m], at the robot's positions.
        limit: Largest number of moments.
    """
    if not record.modes or not len(record.states):
        return ()
    first, *later = record.modes
    later = [moment for moment in later if moment.switched or disagreement(moment) > AGREEMENT]
    ranked = sorted(later, key=lambda moment: (not moment.switched, -disagreement(moment)))
    places: list[np.ndarray] = []
    chosen: list[ModesMoment] = []
    for moment in [first, *ranked]:
        if len(chosen) == limit:
            break
        place = record.state_at(moment.time)[1:3]
        if all(np.hypot(*(place - other)) >= apart for other in places):
            places.append(place)
            chosen.append(moment)
    return tuple(sorted(chosen, key=lambda moment: moment.time))
