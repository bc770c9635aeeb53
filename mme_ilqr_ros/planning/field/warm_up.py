"""Compile what planning on costs of cells needs, so that no request has to wait for it."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.field.solve import solve_field
from mme_ilqr_ros.planning.field.walk import follow


def warm_up() -> None:
    """Solve, repair, sweep and walk on a small map, with buckets and with the heap.

    Seconds the first time on a machine, then a fraction of one from numba's disk cache.
    """
    cost = np.ones((24, 24))
    field = solve_field(cost, (0, 0))
    field.repair((12, 12), np.full((1, 1), np.inf))
    follow(field, (23, 23))
    _ = field.residual, field.largest
    field.repair((5, 5), np.full((1, 1), 1e9))  # costs too far apart for buckets
