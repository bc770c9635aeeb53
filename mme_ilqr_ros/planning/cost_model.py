"""What a learned planner takes for the cost of a cell: a model for each kind of weight file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mme_ilqr_ros.planning.clearance import ClearanceCost
from mme_ilqr_ros.planning.cost_encoder import WallCost
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import CLEARANCE, WALLS, WeightsError, read_weights

CostModel = Callable[[Terrain], np.ndarray]
"""From a terrain to the cost of each of its cells [H, W], > 0, about 1 on open floor."""


def load_cost_model(path: Path) -> CostModel:
    """Return the model of a weight file.

    Raises:
        WeightsError: It cannot be used; the message names the file.
    """
    file = read_weights(path)
    if file.kind not in _KINDS:
        raise WeightsError(
            f"{path}: weights of kind '{file.kind}'; this planner takes {', '.join(sorted(_KINDS))}"
        )
    try:
        return _KINDS[file.kind](file.tensors)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error


def _walls(tensors: dict[str, np.ndarray]) -> CostModel:
    model = WallCost(tensors)
    return lambda terrain: model(terrain.blocked)


def _clearance(tensors: dict[str, np.ndarray]) -> CostModel:
    model = ClearanceCost(tensors)
    return lambda terrain: model(terrain.grid.occupied, terrain.radius / terrain.grid.resolution)


_KINDS: Mapping[str, Callable[[dict[str, np.ndarray]], CostModel]] = {
    WALLS: _walls,
    CLEARANCE: _clearance,
}
