"""Costs that do not learn, or learn one bit: what habits are compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.habits.fit import Walk
from mme_ilqr_ros.habits.ground import Ground

# cost_scaling_factor [1/m] and inflation_radius [m] of the global costmap in nav2_bringup's
# nav2_params.yaml.
NAV2 = {"nav2 Humble": (3.0, 0.55), "nav2 Jazzy": (3.0, 0.7)}
ROBOT_RADIUS = 0.22  # [m] in the same files
_INSCRIBED, _NEUTRAL, _FACTOR = 252.0, 50.0, 0.8  # of the costmap, and of NavFn


def nav2(ground: Ground, scaling: float, reach: float) -> np.ndarray:
    """Return NavFn's cost [H, W] of a cell over that of a free one.

    The inflation layer gives a cell at distance d from what stands 252 exp(-scaling (d - radius)),
    0 beyond `reach`, and NavFn takes 50 + 0.8 times that.
    """
    away = ndimage.distance_transform_edt(~ground.occupied) * ground.side
    inflated = _INSCRIBED * np.exp(-scaling * np.maximum(away - ROBOT_RADIUS, 0.0))
    inflated = np.where(away <= reach, inflated, 0.0)
    return np.where(ground.free, 1.0 + _FACTOR / _NEUTRAL * inflated, np.inf)


def formula(ground: Ground, radius: float, most: float = 4.0) -> np.ndarray:
    """Return the formula that drew the demonstrations of `clearance`, limited to `most`."""
    away = ndimage.distance_transform_edt(~ground.occupied) * ground.side - 0.5 * ground.side
    clearance = np.maximum(away - radius, 0.0) / radius
    cost = 1.0 / (0.25 + 0.75 * np.minimum(clearance / 2.0, 1.0))
    return np.where(ground.free, cost ** (np.log(most) / np.log(4.0)), np.inf)


def one_bit(ground: Ground, walks: Sequence[Walk], near: float = 0.3) -> np.ndarray:
    """Return today's cost, doubled where no drive came within `near` m."""
    driven = np.zeros(ground.shape, dtype=bool)
    for walk in walks:
        driven[walk[:, 0], walk[:, 1]] = True
    away = ndimage.distance_transform_edt(~driven) if driven.any() else np.inf
    return ground.cost * np.where(away * ground.side <= near, 1.0, 2.0)
