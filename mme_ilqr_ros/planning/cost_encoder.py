"""The learned cost at run time: the encoder of `structured.py` in numpy, without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mme_ilqr_ros.planning.weights import WeightsError, load_weights

_STRIP_CELLS = 32_768  # cells at a time: keeps the channels of a strip within the cache


class CostEncoder:
    """From blocked cells to the cost of each cell in [1, c_max], for a map of any size."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        """Take the tensors of a trained encoder.

        Raises:
            WeightsError: A tensor is missing, has a wrong shape or is not finite.
        """
        try:
            head = tensors["head"]
            n = len(head)
            self._first = _stacked(tensors["first.rings"], (n, 1, 3))
            self._first_bias = _checked(tensors["first.bias"], (n,))
            self._second = _stacked(tensors["second.rings"], (n, n, 3))
            self._second_bias = _checked(tensors["second.bias"], (n,))
            self._head = _checked(head, (n,))
            self._head_bias = float(_checked(tensors["head_bias"], ()))
            self._log_c_max = float(np.log(_checked(tensors["c_max"], ())))
        except KeyError as error:
            raise WeightsError(f"the weights lack the tensor {error}") from error

    @classmethod
    def from_file(cls, path: Path) -> CostEncoder:
        """Read a weight file.

        Raises:
            WeightsError: It cannot be used; the message names the file.
        """
        try:
            return cls(load_weights(path))
        except WeightsError as error:
            text = str(error)
            raise WeightsError(text if str(path) in text else f"{path}: {text}") from error

    def __call__(self, blocked: np.ndarray) -> np.ndarray:
        """Return the cost float64 [H, W] for blocked bool [H, W]; beyond the map is blocked."""
        padded = np.pad(blocked.astype(np.float32), 2, constant_values=1.0)
        rows = max(1, _STRIP_CELLS // blocked.shape[1])
        strips = [
            self._logits(padded[row : row + rows + 4]) for row in range(0, blocked.shape[0], rows)
        ]
        z = np.concatenate(strips).astype(np.float64)
        return np.exp(self._log_c_max / (1.0 + np.exp(-z)))

    def _logits(self, padded: np.ndarray) -> np.ndarray:
        """Return z [h, W] for a strip [h + 4, W + 4]."""
        x = _ring_convolution(padded[None], self._first, self._first_bias)
        x = _ring_convolution(x, self._second, self._second_bias)
        return np.tensordot(self._head, x, axes=1) + self._head_bias


def _ring_convolution(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return relu(convolution + bias) [n, h - 2, w - 2] of x [m, h, w] with kernel [n, 3 m].

    A kernel has one weight each for the centre, the four sides and the four corners, so the
    neighbours are added up first.
    """
    upper, middle, lower = x[:, :-2], x[:, 1:-1], x[:, 2:]
    column = upper + lower
    centre = middle[:, :, 1:-1]
    sides = column[:, :, 1:-1] + middle[:, :, :-2] + middle[:, :, 2:]
    corners = column[:, :, :-2] + column[:, :, 2:]
    y = np.tensordot(kernel, np.concatenate([centre, sides, corners]), axes=1)
    y += bias[:, None, None]
    return np.maximum(y, 0.0, out=y)


def _stacked(rings: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return rings [n, m, 3] as [n, 3 m]: all centres, all sides, all corners."""
    return np.ascontiguousarray(np.moveaxis(_checked(rings, shape), 2, 1).reshape(shape[0], -1))


def _checked(tensor: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if tensor.shape != shape:
        raise WeightsError(f"a tensor has shape {tensor.shape} in place of {shape}")
    if not np.isfinite(tensor).all():
        raise WeightsError("a weight is not finite")
    return tensor.astype(np.float32)
