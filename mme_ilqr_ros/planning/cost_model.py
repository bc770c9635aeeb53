"""What the planner takes for the cost of a cell: uniform, or learned of clearance or of walls.

Clearance is the default: a monotone table of 16 learned steps, no network.

    clearance = (distance from cell centre to the nearest obstacle's near face - radius) / radius

The cost is a function of the clearance alone, in radii of the robot, so one table serves robots
of any size on maps of any resolution. The shipped table is a fit, from demonstrated paths, to the
formula that generated them (`training/tasks/clearance.py`). Squared distances between cells are
whole numbers: the table is evaluated once for each number that can occur.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from mme_ilqr_ros.geometry.grid_map import Window, grown, whole, within
from mme_ilqr_ros.planning.clearance_table import ClearanceTable
from mme_ilqr_ros.planning.habit_cost import HabitCost
from mme_ilqr_ros.planning.habits import habits_in
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import (
    CLEARANCE,
    HABITS,
    WALLS,
    WeightFile,
    WeightsError,
    checked,
    find_weights,
    read_weights,
)

_SEEN = 5  # cells along a side of the patch that decides the cost of its middle cell
_STRIP = 256  # rows of a map that are worked on at a time


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
        # A map has few patches that differ, so each is priced once: of this only pages that hold
        # one of them take memory.
        self._number = np.zeros(1 << (_SEEN * _SEEN), np.int32)  # by its code; 0 is not known yet
        self._price = np.full(1, np.nan)  # by its number

    def __call__(self, terrain: Terrain) -> np.ndarray:
        """Return the cost float64 [H, W] of the cells of a terrain."""
        out = np.empty(terrain.grid.shape)
        self.fill(terrain, whole(terrain.grid.shape), out)
        return out

    def sees(self, terrain: Terrain) -> int:
        """Return how far from a cell what stands counts for its cost [cells]."""
        return _SEEN // 2 + math.ceil(terrain.radius_in_cells + 0.5)

    def fill(self, terrain: Terrain, window: Window, out: np.ndarray) -> None:
        """Write the cost of the cells of a window of a terrain to `out` float64 [h, w]."""
        rows, columns = window
        for first in range(rows.start, rows.stop, _STRIP):
            part = slice(first, min(first + _STRIP, rows.stop)), columns
            seen = grown(part, _SEEN // 2, terrain.grid.shape)
            cost = self.of_cells(terrain.blocked[seen])[within(part, seen)]
            out[first - rows.start : part[0].stop - rows.start] = cost

    def of_cells(self, blocked: np.ndarray) -> np.ndarray:
        """Return the cost float64 [H, W] for blocked bool [H, W]; beyond the map is blocked."""
        codes = _patch_codes(blocked)
        numbers = self._number[codes]
        is_new = numbers == 0
        if is_new.any():
            new = np.unique(codes[is_new])
            self._number[new] = len(self._price) + np.arange(len(new), dtype=np.int32)
            self._price = np.append(self._price, self._costs(new))
            numbers[is_new] = self._number[codes[is_new]]
        return self._price[numbers]

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


@runtime_checkable
class LocalCost(Protocol):
    """A cost model that looks round each cell only, so that a change is priced where it is."""

    def sees(self, terrain: Terrain) -> int:
        """Return how far from a cell what stands counts for its cost [cells]."""

    def fill(self, terrain: Terrain, window: Window, out: np.ndarray) -> None:
        """Write the cost of the cells of a window of a terrain to `out` float64 [h, w]."""


_KINDS: dict[str, Callable[[WeightFile], CostModel]] = {
    WALLS: lambda file: WallCost(file.tensors),
    CLEARANCE: lambda file: ClearanceTable(file.tensors),
    HABITS: lambda file: HabitCost(habits_in(file), clearance_cost()),
}


def clearance_cost() -> ClearanceTable:
    """Return today's cost, the shipped table over the clearance.

    Raises:
        WeightsError: The package's own file cannot be used.
    """
    return ClearanceTable(read_weights(find_weights(CLEARANCE)).tensors)


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
        return _KINDS[file.kind](file)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
