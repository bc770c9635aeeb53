"""What the planner takes for the cost of a cell: uniform, or a model for each kind of weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mme_ilqr_ros.planning.clearance_table import ClearanceTable
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.wall_cost import WallCost
from mme_ilqr_ros.planning.weights import CLEARANCE, WALLS, WeightsError, read_weights

CostModel = Callable[[Terrain], np.ndarray]
"""From a terrain to the cost of each of its cells [H, W], > 0, about 1 on open floor."""

_KINDS: dict[str, Callable[[dict[str, np.ndarray]], CostModel]] = {
    WALLS: WallCost,
    CLEARANCE: ClearanceTable,
}


def uniform_cost(terrain: Terrain) -> np.ndarray:
    """Return cost 1 for free cells [H, W], inf for blocked ones."""
    return np.where(terrain.blocked, np.inf, 1.0)


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
