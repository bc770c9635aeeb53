"""Changes of the homotopy class, counted after a run from its recorded candidate trajectories."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.reporting.homotopy import wall_points, ways_round
from mme_ilqr_ros.reporting.run_record import ModesMoment, RunRecord


def way_change_times(
    record: RunRecord, dt: float, field: DistanceField | None = None
) -> list[float] | None:
    """Return when the robot changed the homotopy class of its plan [s]; None if unknown.

    In a cycle in which another mode took over, this is compared with the mode that drove before,
    as both were planned in that cycle.

    Args:
        record: Whose modes keep their index from cycle to cycle.
        dt: Time between the points of a trajectory [s].
        field: Distance field of the walls, or None.
    """
    if all(len(moment.trajectories) == 1 for moment in record.modes):
        return None  # a controller with one plan does not keep the one before
    walls = None if field is None else wall_points(field)
    changes = []
    for before, moment in zip(record.modes, record.modes[1:], strict=False):
        if moment.switched and _differ(before.chosen, moment, record, dt, field, walls):
            changes.append(moment.time)
    return changes


def _differ(
    incumbent: int,
    moment: ModesMoment,
    record: RunRecord,
    dt: float,
    field: DistanceField | None,
    walls: np.ndarray | None,
) -> bool:
    """Return whether the driving plan passes an obstacle on another side than the incumbent."""
    both = np.stack([moment.trajectories[moment.chosen], moment.trajectories[incumbent]])
    circles = record.circles_at(moment.time)
    return bool(ways_round(both, np.arange(2.0), dt, circles, field, walls)[1] != 0)
