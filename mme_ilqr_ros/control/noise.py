"""All that is random in a control cycle, and controls moved in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]
BLOCKS = 5  # of constant controls in a random restart


class Noise(NamedTuple):
    """The random numbers of one cycle of R robots.

    Attributes:
        white: Unit normal numbers [R, N, T, nu].
        uniform: Numbers in [0, 1) that choose whom a sample follows [R, N].
        blocks: Blocks of random controls [R, N, B, nu].
    """

    white: Array
    uniform: Array
    blocks: Array


def draw_noise(
    n_modes: int, n_stages: int, limits: Sequence[ControlLimits], rngs: Sequence[Generator]
) -> Noise:
    """Return the noise of a cycle; each robot's comes from its own generator."""
    parts = [
        (
            rng.standard_normal((n_stages, len(own.lower), n_modes)).transpose(2, 0, 1),
            rng.random(n_modes),
            random_blocks(n_modes, own, rng),
        )
        for own, rng in zip(limits, rngs, strict=True)
    ]
    return Noise(*(np.stack(part) for part in zip(*parts, strict=True)))


def random_blocks(n_modes: int, limits: ControlLimits, rng: Generator) -> Array:
    """Return controls [N, B, nu] that are uniform in the box: one for each block of stages."""
    lower, upper, _ = limits.as_arrays()
    return lower + (upper - lower) * rng.random((n_modes, BLOCKS, len(lower)))


def in_blocks(blocks: Array, n_stages: int) -> Array:
    """Return controls [..., T, nu] that are constant on each of their blocks [..., B, nu]."""
    return blocks[..., np.arange(n_stages) * blocks.shape[-2] // n_stages, :]


def shift_controls(controls: Array, stages: float) -> Array:
    """Return controls [..., T, nu] moved a number of stages, >= 0, into the future.

    U[t] is reached at the end of stage t, linearly, so the profile is interpolated at the new stage
    ends; its last value goes on beyond the horizon.
    """
    last = controls.shape[-2] - 1
    position = np.minimum(np.arange(last + 1) + stages, last)
    left = position.astype(np.int64)
    fraction = (position - left)[:, None]
    right = np.minimum(left + 1, last)
    return (1.0 - fraction) * controls[..., left, :] + fraction * controls[..., right, :]
