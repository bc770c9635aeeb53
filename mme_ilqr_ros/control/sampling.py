"""Where the modes of a cycle begin: the last plans moved in time, samples, random controls."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]
RESTART_BLOCKS = 5


def shift_controls(controls: Array, stages: float) -> Array:
    """Return controls [N, T, nu] moved a number of stages, >= 0, into the future.

    The same as `shift` of the kernel. U[t] is reached at the end of stage t, linearly, so the
    profile is interpolated at the new stage ends; its last value goes on beyond the horizon.
    """
    last = controls.shape[1] - 1
    position = np.minimum(np.arange(last + 1) + stages, last)
    left = position.astype(np.int64)
    share = (position - left)[:, None]
    return (1.0 - share) * controls[:, left] + share * controls[:, np.minimum(left + 1, last)]


def draw(weights: Array, uniform: Array) -> NDArray[np.int64]:
    """Return one mode [S] for every uniform number [S] in [0, 1), with the given weights [N]."""
    edges = np.cumsum(weights)
    return np.searchsorted(edges[:-1], uniform * edges[-1], "right")


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


def cycle_noise(
    n_modes: int, n_stages: int, limits: ControlLimits, rng: Generator
) -> tuple[Array, Array, Array]:
    """Return all that is random in a control cycle.

    Returns:
        Unit normal numbers [N, T, nu], uniform numbers [N] that choose whom a mode follows, and
        blocks of random controls [N, B, nu].
    """
    white = rng.standard_normal((n_stages, len(limits.lower), n_modes)).transpose(2, 0, 1)
    return white, rng.random(n_modes), random_blocks(n_modes, limits, rng)


def random_blocks(n_modes: int, limits: ControlLimits, rng: Generator) -> Array:
    """Return controls [N, B, nu] that are uniform in the box: one for each block of stages."""
    lower, upper, _ = limits.as_arrays()
    return rng.uniform(lower, upper, size=(n_modes, RESTART_BLOCKS, len(lower)))


def in_blocks(blocks: Array, n_stages: int) -> Array:
    """Return controls [N, T, nu] that are constant on each of their blocks [N, B, nu]."""
    return blocks[:, np.arange(n_stages) * blocks.shape[1] // n_stages]
