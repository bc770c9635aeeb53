"""What places cost by what is seen there, at run time: `encoders.TerrainEncoder` in numpy."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.rings import ring_index, ring_shares, ring_sums
from mme_ilqr_ros.planning.weights import WeightsError, checked

_ROWS = 64  # of the map at a time, so that what is summed up stays in the cache


class TerrainCost:
    """From occupied cells and layers to the cost of each cell, for a map of any size.

    Attributes:
        n_layers: How many layers it has learned from.
    """

    def __init__(self, tensors: dict[str, np.ndarray], size: int = 7) -> None:
        """Take the tensors of a trained encoder.

        Raises:
            WeightsError: A tensor is missing, has a wrong shape or is not finite.
        """
        self._size = size
        n_rings = int(ring_index(size).max()) + 1
        try:
            rings = tensors["first.rings"]
            n, n_in = rings.shape[0], rings.shape[1]
            self._first = (checked(rings, (n, n_in, n_rings)) * ring_shares(size)).reshape(n, -1)
            self._first_bias = checked(tensors["first.bias"], (n,))
            self._second = checked(tensors["second.weight"], (n, n, 1, 1))[:, :, 0, 0]
            self._second_bias = checked(tensors["second.bias"], (n,))
            self._head = checked(tensors["head.weight"], (1, n, 1, 1))[0, :, 0, 0]
            self._head_bias = float(checked(tensors["head.bias"], (1,))[0])
            self._bound = float(checked(tensors["bound"], ()))
        except KeyError as error:
            raise WeightsError(f"the weights lack the tensor {error}") from error
        self.n_layers = n_in - 1

    def __call__(self, occupied: np.ndarray, layers: np.ndarray) -> np.ndarray:
        """Return the cost float64 [H, W]; beyond the map is occupied and has no layers.

        Args:
            occupied: bool [H, W].
            layers: [C, H, W]; of those beyond `n_layers` none counts, missing ones count as 0.
        """
        reach = self._size // 2
        seen = np.zeros((1 + self.n_layers, *occupied.shape), dtype=np.float32)
        seen[0] = occupied
        known = layers[: self.n_layers]
        seen[1 : 1 + len(known)] = known
        seen = np.pad(seen, ((0, 0), (reach, reach), (reach, reach)))
        seen[0, :reach] = seen[0, -reach:] = seen[0, :, :reach] = seen[0, :, -reach:] = 1.0
        parts = [
            self._rows(seen[:, i : i + _ROWS + 2 * reach]) for i in range(0, len(occupied), _ROWS)
        ]
        return np.concatenate(parts)

    def _rows(self, seen: np.ndarray) -> np.ndarray:
        """Return the cost of some rows; `seen` reaches beyond them on all sides."""
        sums = ring_sums(seen, self._size)
        shape = sums.shape[2:]
        x = self._first @ sums.reshape(self._first.shape[1], -1) + self._first_bias[:, None]
        x = self._second @ np.maximum(x, 0.0) + self._second_bias[:, None]
        z = (self._head @ np.maximum(x, 0.0) + self._head_bias).astype(np.float64)
        return np.exp(self._bound * np.tanh(z / self._bound)).reshape(shape)
