"""Walls as circles, for solvers that know nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import DistanceField

Array = NDArray[np.float64]
REACH = 3.0  # [m] from the robot up to which walls become circles
SPACING = 0.2  # [m] at least between the centres of neighbours
LIMIT = 24  # circles at most, the nearest ones


def wall_circles(field: DistanceField | None, position: Array) -> Array:
    """Return circles [M, 5] that cover the surfaces of the walls near the robot, M up to LIMIT.

    They stand out beyond the walls by a third of SPACING at most, and leave no gap.
    """
    if field is None:
        return no_circles()
    surface = np.argwhere((field.values <= 0.0) & (field.values > -1.5 * field.resolution))
    centres = field.origin.transform((surface[:, ::-1] + 0.5) * field.resolution)
    distance = np.hypot(*(centres - position).T)
    chosen: list[Array] = []
    for index in np.argsort(distance):
        if distance[index] > REACH or len(chosen) == LIMIT:
            break
        point = centres[index]
        if all(np.hypot(*(point - other)) >= SPACING for other in chosen):
            chosen.append(point)
    circles = np.zeros((len(chosen), 5))
    if chosen:
        circles[:, :2], circles[:, 2] = chosen, 0.6 * SPACING
    return circles
