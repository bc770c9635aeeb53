"""Which mode a sample follows, and fresh random starts for the modes that follow none."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]
RESTART_BLOCKS = 5


def draw(weights: Array, uniform: Array) -> NDArray[np.int64]:
    """Return one mode [S] for every uniform number [S] in [0, 1), with the given weights [N]."""
    edges = np.cumsum(weights)
    return np.minimum(np.searchsorted(edges, uniform * edges[-1], "right"), len(weights) - 1)


def shared_weights(weights: Array, ways: NDArray[np.int64]) -> Array:
    """Return weights [N] with which every way round counts once: its modes share its best weight.

    Modes that fell together into one basin would count it as often as there are of them.

    Args:
        weights: Weights of the modes [N], summing to one.
        ways: Label of every mode's way round [N], in 0 ... N - 1.
    """
    best = np.zeros(len(weights))
    np.maximum.at(best, ways, weights)
    shared = best[ways] / np.bincount(ways, minlength=len(weights))[ways]
    return shared / shared.sum()


def random_controls(n_stages: int, limits: ControlLimits, rng: Generator) -> Array:
    """Return controls [T, nu] that are uniform in the box and constant on a few blocks."""
    lower, upper, _ = limits.as_arrays()
    blocks = rng.uniform(lower, upper, size=(RESTART_BLOCKS, len(lower)))
    return blocks[np.arange(n_stages) * RESTART_BLOCKS // n_stages]
