"""Samples of the policies: of all modes by their weights, or of the executed mode alone.

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.samplers.sampling import Sampling

Array = NDArray[np.float64]


def mixture(sampling: Sampling) -> Array:
    """Return samples [R, N, T, nu] of the mixture policy."""
    sources = np.empty(sampling.weights.shape, np.int64)
    for r, weights in enumerate(sampling.weights):
        sources[r] = draw(weights, sampling.noise.uniform[r])
    return sampling.follow(sources)


def unimodal(sampling: Sampling) -> Array:
    """Return samples [R, N, T, nu] of the executed mode's policy (unimodal ME-iLQR)."""
    n_modes = sampling.weights.shape[1]
    return sampling.follow(np.repeat(sampling.incumbents[:, None], n_modes, axis=1))


def draw(weights: Array, uniform: Array) -> NDArray[np.int64]:
    """Return one mode [S] for every uniform number [S] in [0, 1), with the given weights [N]."""
    edges = np.cumsum(weights)
    return np.searchsorted(edges[:-1], uniform * edges[-1], "right")
