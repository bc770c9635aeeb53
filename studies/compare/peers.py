"""Planners that do not learn from paths: uniform cost, inflation, and hand-made features.

Inflation and features are given more than the learner: they are tuned on the true cost itself.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import ndimage, optimize

from mme_ilqr_ros.planning.moves import LENGTHS
from mme_ilqr_ros.training.tasks.demonstrations import CostOf, MapSet, measure

_WEIGHTS = (0.5, 1.0, 2.0, 4.0, 8.0)
_REACHES = (2.0, 3.0, 4.0, 6.0)  # cells
_LEAST_COST = 0.2


def uniform(maps: MapSet, k: int) -> np.ndarray:
    """Return cost 1: the shortest way."""
    return np.ones(maps.occupied[k].shape)


def tuned_inflation(training: MapSet) -> tuple[CostOf, str]:
    """Return the cost that rises towards obstacles with the least regret on training maps."""

    def at(weight: float, reach: float) -> CostOf:
        def cost(maps: MapSet, k: int) -> np.ndarray:
            return 1.0 + weight * nearness(maps.occupied[k], reach)

        return cost

    choices = list(itertools.product(_WEIGHTS, _REACHES))
    best = min(choices, key=lambda choice: -measure(at(*choice), training).rank()[0])
    return at(*best), f"weight {best[0]:g}, reach {best[1]:g} cells"


def tuned_features(training: MapSet) -> tuple[CostOf, str]:
    """Return the sum of hand-made features that is nearest to the true cost of training maps."""
    rows, costs = [], []
    for k in range(len(training)):
        cost_of_cell = cell_cost(training.cost[k])
        free = np.isfinite(cost_of_cell)
        rows.append(features(training, k)[:, free].T)
        costs.append(cost_of_cell[free])
    weights, _ = optimize.nnls(np.concatenate(rows), np.concatenate(costs))

    def cost(maps: MapSet, k: int) -> np.ndarray:
        return np.maximum(np.tensordot(weights, features(maps, k), axes=1), _LEAST_COST)

    return cost, f"{len(weights)} features"


def blind_oracle(maps: MapSet, k: int) -> np.ndarray:
    """Return the true cost of each cell, which for a cost of directions is their mean."""
    cost_of_cell = cell_cost(maps.cost[k])
    return np.where(np.isfinite(cost_of_cell), cost_of_cell, 1.0)


def cell_cost(cost: np.ndarray) -> np.ndarray:
    """Return [H, W] cost per length of cells; of costs [8, H, W] the mean of the legal moves."""
    if cost.ndim == 2:
        return cost
    legal = np.isfinite(cost)
    total = np.where(legal, cost / LENGTHS[:, None, None], 0.0).sum(axis=0)
    return np.where(legal.any(axis=0), total / np.maximum(legal.sum(axis=0), 1), np.inf)


def features(maps: MapSet, k: int) -> np.ndarray:
    """Return [F, H, W] what one would think of: floor, every layer, nearness of walls and marks.

    A layer of few marks (people) counts by how near the next one is.
    """
    occupied, layers = maps.occupied[k], maps.layers[k]
    found = [np.ones(occupied.shape), nearness(occupied, 3.0)]
    for layer in layers:
        marks = set(np.unique(layer).tolist()) <= {0.0, 1.0} and layer.mean() < 0.05
        found.append(nearness(layer > 0.0, 3.5) if marks else layer)
    return np.stack(found)


def nearness(marked: np.ndarray, reach: float) -> np.ndarray:
    """Return [H, W], 1 at what is marked, falling to 0 over `reach` cells."""
    if not marked.any():
        return np.zeros(marked.shape)
    return np.clip(1.0 - ndimage.distance_transform_edt(~marked) / reach, 0.0, 1.0)
