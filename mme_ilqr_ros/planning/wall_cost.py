"""The learned cost of walls in numpy: `encoders.CostEncoder` at run time, without torch.

The shipped weights `shortest` cost about 1 on free cells (1 to 1.002 on the shipped maps) and more
than 1e4 in walls: on a masked map they add nothing to Dijkstra, and without the mask the network
reads one bit, whether the cell itself is blocked.

The cost of a cell depends on the 5 x 5 blocked-or-not cells around it, and a map of a building has
about a thousand different such patches among its hundred thousand cells. So the network runs once
for each patch that occurs, not for each cell.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import WeightsError, checked

_SEEN = 5  # cells along a side of the patch that decides the cost of its middle cell


class WallCost:
    """From a terrain's blocked cells to the cost of each cell in [1, c_max]."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        """Take the tensors of a trained encoder.

        Raises:
            WeightsError: A tensor is missing, has a wrong shape or is not finite.
        """
        try:
            head = tensors["head"]
            n = len(head)
            self._first = _stacked(tensors["first.rings"], (n, 1, 3))
            self._first_bias = checked(tensors["first.bias"], (n,))
            self._second = _stacked(tensors["second.rings"], (n, n, 3))
            self._second_bias = checked(tensors["second.bias"], (n,))
            self._head = checked(head, (n,))
            self._head_bias = float(checked(tensors["head_bias"], ()))
            self._log_c_max = float(np.log(checked(tensors["c_max"], ())))
        except KeyError as error:
            raise WeightsError(f"the weights lack the tensor {error}") from error

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


def _stacked(rings: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return rings [n, m, 3] as [n, 3 m]: all centres, all sides, all corners."""
    return np.ascontiguousarray(np.moveaxis(checked(rings, shape), 2, 1).reshape(shape[0], -1))
