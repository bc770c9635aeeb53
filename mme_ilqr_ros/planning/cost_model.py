"""What the planner takes for the cost of a cell: uniform, or learned of clearance or of walls.

Clearance is the default: a monotone table of 16 learned steps, no network.

    clearance = (distance from cell centre to the nearest obstacle's near face - radius) / radius

The cost is a function of the clearance alone, in radii of the robot, so one table serves robots
of any size on maps of any resolution. The shipped table is a fit, from demonstrated paths, to the
formula that generated them (`training/tasks/clearance.py`). Squared distances between cells are
whole numbers: the table is evaluated once for each number that can occur.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from pathlib import Path

import numpy as np

from mme_ilqr_ros.geometry.grid_map import box_of, grown, within
from mme_ilqr_ros.planning.distances import squared_distance
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import CLEARANCE, WALLS, WeightsError, checked, read_weights


class ClearanceTable:
    """From a terrain to the cost of each cell: 1 far from obstacles, more near them.

    Attributes:
        gaps: [K] clearances in radii, ascending from 0.
        cost: [K] cost at these clearances, in between by interpolation of its logarithm; beyond the
            last 1.
    """

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        """Take the tensors of a trained encoder.

        Raises:
            WeightsError: A tensor is missing, has a wrong shape or is not finite.
        """
        n_gaps = len(tensors.get("gaps", ()))
        self.gaps = checked(tensors, "gaps", (n_gaps,)).astype(np.float64)
        steps = checked(tensors, "steps", (n_gaps - 1,)).astype(np.float64)
        log_c_max = float(np.log(checked(tensors, "c_max", ())))
        if self.gaps[0] != 0.0 or not (np.diff(self.gaps) > 0.0).all():
            raise WeightsError("tensor gaps must ascend from 0")
        rises = np.logaddexp(0.0, steps)  # softplus: less clearance never costs less
        total = np.append(np.cumsum(rises[::-1])[::-1], 0.0)
        self._log_cost = log_c_max * np.tanh(total / log_c_max)
        self.cost = np.exp(self._log_cost)

    def limited(self, largest: float) -> ClearanceTable:
        """Return the table with its logarithm scaled down, so that no cell costs over `largest`."""
        table = copy(self)
        table._log_cost = self._log_cost * min(1.0, np.log(largest) / max(self._log_cost[0], 1e-9))
        table.cost = np.exp(table._log_cost)
        return table

    def at(self, clearance: np.ndarray) -> np.ndarray:
        """Return the cost at clearances in radii; in an obstacle that of clearance 0."""
        return np.exp(np.interp(clearance, self.gaps, self._log_cost))

    def reach(self, radius: float) -> int:
        """Return the distance up to which obstacles count for a robot's radius, both in cells."""
        return int(np.ceil((1.0 + self.gaps[-1]) * max(radius, 0.5) + 0.5))

    def __call__(self, terrain: Terrain) -> np.ndarray:
        """Return the cost float64 [H, W] of the cells of a terrain."""
        return self.of_cells(terrain.grid.occupied, terrain.radius_in_cells)

    def after(self, terrain: Terrain, before: Terrain, cost: np.ndarray) -> np.ndarray:
        """Return the cost of a terrain from the `cost` [H, W] of one before.

        If both have the same cells and radius, it is computed around those that differ only.
        """
        if before.radius != terrain.radius or not before.grid.fits(terrain.grid):
            return self(terrain)
        differ = terrain.grid.occupied != before.grid.occupied
        if not differ.any():
            return cost
        reach = self.reach(terrain.radius_in_cells)
        window = grown(box_of(differ), reach, cost.shape)
        seen = grown(window, reach, cost.shape)
        near = self.of_cells(terrain.grid.occupied[seen], terrain.radius_in_cells)
        cost = cost.copy()
        cost[window] = near[within(window, seen)]
        return cost

    def of_cells(self, occupied: np.ndarray, radius: float) -> np.ndarray:
        """Return the cost float64 [H, W] of cells.

        Args:
            occupied: bool [H, W].
            radius: Of the robot [cells]; one smaller than a cell counts as one that fills it.
        """
        radius = max(radius, 0.5)
        reach = self.reach(radius)
        distance = np.sqrt(np.arange(reach * reach + 1)) - 0.5
        table = self.at((distance - radius) / radius)
        return table[squared_distance(occupied, reach)]


_SEEN = 5  # cells along a side of the patch that decides the cost of its middle cell


class WallCost:
    """From a terrain's blocked cells to the cost of each cell in [1, c_max]."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        """Take the tensors of a trained encoder.

        Raises:
            WeightsError: A tensor is missing, has a wrong shape or is not finite.
        """
        n = len(tensors.get("head", ()))
        self._head = checked(tensors, "head", (n,))
        self._first = _stacked(checked(tensors, "first.rings", (n, 1, 3)))
        self._first_bias = checked(tensors, "first.bias", (n,))
        self._second = _stacked(checked(tensors, "second.rings", (n, n, 3)))
        self._second_bias = checked(tensors, "second.bias", (n,))
        self._head_bias = float(checked(tensors, "head_bias", ()))
        self._log_c_max = float(np.log(checked(tensors, "c_max", ())))

    def __call__(self, terrain: Terrain) -> np.ndarray:
        """Return the cost float64 [H, W] of the cells of a terrain."""
        return self.of_cells(terrain.blocked)

    def of_cells(self, blocked: np.ndarray) -> np.ndarray:
        """Return the cost float64 [H, W] for blocked bool [H, W]; beyond the map is blocked."""
        codes, which = np.unique(_patch_codes(blocked), return_inverse=True)
        return self._costs(codes)[which.reshape(blocked.shape)]

    def _costs(self, codes: np.ndarray) -> np.ndarray:
        """Return the cost [n] of the middle cell of the patches with the given codes [n]."""
        bits = (codes[:, None] >> np.arange(_SEEN * _SEEN)) & 1
        patches = bits.reshape(-1, _SEEN, _SEEN).astype(np.float32)
        x = _ring_convolution(patches[None], self._first, self._first_bias)
        x = _ring_convolution(x, self._second, self._second_bias)
        z = (np.tensordot(self._head, x, axes=1) + self._head_bias).reshape(-1).astype(np.float64)
        return np.exp(self._log_c_max / (1.0 + np.exp(-z)))


def _patch_codes(blocked: np.ndarray) -> np.ndarray:
    """Return int32 [H, W]: the patch around each cell, one bit for each of its cells."""
    height, width = blocked.shape
    bits = np.pad(blocked, _SEEN // 2, constant_values=True).astype(np.int32)
    rows = np.zeros((height + _SEEN - 1, width), np.int32)
    for k in range(_SEEN):
        rows |= bits[:, k : k + width] << k
    codes = np.zeros(blocked.shape, np.int32)
    for k in range(_SEEN):
        codes |= rows[k : k + height] << (_SEEN * k)
    return codes


def _ring_convolution(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return relu(convolution + bias) [k, n, h - 2, w - 2] of x [m, n, h, w].

    A kernel [k, 3 m] has one weight each for the centre, the four sides and the four corners of
    every input channel, so the neighbours are added up first.
    """
    upper, middle, lower = x[..., :-2, :], x[..., 1:-1, :], x[..., 2:, :]
    column = upper + lower
    centre = middle[..., 1:-1]
    sides = column[..., 1:-1] + middle[..., :-2] + middle[..., 2:]
    corners = column[..., :-2] + column[..., 2:]
    y = np.tensordot(kernel, np.concatenate([centre, sides, corners]), axes=1)
    return np.maximum(y + bias[:, None, None, None], 0.0)


def _stacked(rings: np.ndarray) -> np.ndarray:
    """Return rings [n, m, 3] as [n, 3 m]: all centres, all sides, all corners."""
    return np.ascontiguousarray(np.moveaxis(rings, 2, 1).reshape(len(rings), -1))


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
