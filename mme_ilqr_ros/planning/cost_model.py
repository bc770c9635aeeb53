"""What a learned planner takes for the cost of a cell: a model for each kind of weight file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mme_ilqr_ros.planning.clearance import ClearanceCost
from mme_ilqr_ros.planning.cost_encoder import WallCost
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.terrain_cost import TerrainCost
from mme_ilqr_ros.planning.weights import CLEARANCE, TERRAIN, WALLS, WeightsError, read_weights
from mme_ilqr_ros.planning.windows import box_of, grown, within

CostModel = Callable[[Terrain], np.ndarray]
"""From a terrain to the cost of each of its cells [H, W], > 0, about 1 on open floor."""


@dataclass(frozen=True)
class LocalCost:
    """A cost model that knows how far it looks.

    Attributes:
        price: The model; what it returns for a cell must not depend on the map's other cells, to
            the last bit.
        reach: How far from a cell, by rows and by columns, its cost may depend on the map [cells].
    """

    price: CostModel
    reach: Callable[[Terrain], int]

    def __call__(self, terrain: Terrain) -> np.ndarray:
        """Return the cost of each cell [H, W]."""
        return self.price(terrain)

    def after(self, terrain: Terrain, before: Terrain, cost: np.ndarray) -> np.ndarray:
        """Return the cost of a terrain, from the `cost` [H, W] of one before of the same shape.

        Only the surroundings of what differs are priced.
        """
        differ = (terrain.grid.occupied != before.grid.occupied) | (
            terrain.blocked != before.blocked
        )
        if not differ.any():
            return cost
        reach = self.reach(terrain)
        window = grown(box_of(differ), reach, cost.shape)
        seen = grown(window, reach, cost.shape)
        cost = cost.copy()
        cost[window] = self.price(terrain.cropped(seen))[within(window, seen)]
        return cost


@dataclass(frozen=True)
class LayersCost:
    """A cost model that has learned what the layers of a terrain mean.

    Attributes:
        price: The model.
    """

    price: CostModel

    def __call__(self, terrain: Terrain) -> np.ndarray:
        """Return the cost of each cell [H, W]."""
        return self.price(terrain)


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
    return LocalCost(
        lambda terrain: model(terrain.grid.occupied, _radius_in_cells(terrain)),
        lambda terrain: model.reach(_radius_in_cells(terrain)),
    )


def _radius_in_cells(terrain: Terrain) -> float:
    return terrain.radius / terrain.grid.resolution


def _terrain(tensors: dict[str, np.ndarray]) -> CostModel:
    model = TerrainCost(tensors)
    return LayersCost(lambda terrain: model(terrain.blocked, terrain.layers))


_KINDS: Mapping[str, Callable[[dict[str, np.ndarray]], CostModel]] = {
    WALLS: _walls,
    CLEARANCE: _clearance,
    TERRAIN: _terrain,
}
