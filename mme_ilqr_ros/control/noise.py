"""The random numbers of a control cycle, and the shift of controls in time."""

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
        uniform: Numbers in [0, 1) that choose the mode a sample follows [R, N].
        blocks: Blocks of random controls [R, N, B, nu].
    """

    white: Array
    uniform: Array
    blocks: Array


def draw_noise(
    n_modes: int, n_stages: int, limits: Sequence[ControlLimits], rngs: Sequence[Generator]
) -> Noise:
    """Return the noise of a cycle; each robot's comes from its own generator."""
    nu, first = len(limits[0].lower), (len(rngs), n_modes)
    noise = Noise(np.empty((*first, n_stages, nu)), np.empty(first), np.empty((*first, BLOCKS, nu)))
    for r, (own, rng) in enumerate(zip(limits, rngs, strict=True)):
        noise.white[r] = rng.standard_normal((n_stages, nu, n_modes)).transpose(2, 0, 1)
        noise.uniform[r] = rng.random(n_modes)
        noise.blocks[r] = random_blocks(n_modes, own, rng)
    return noise


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
    n_stages = controls.shape[-2]
    whole = min(int(stages), n_stages)
    fraction = min(stages - whole, 1.0)
    beyond = np.repeat(controls[..., -1:, :], whole + 1, axis=-2)
    moved = np.concatenate([controls[..., whole:, :], beyond], axis=-2)
    return (1.0 - fraction) * moved[..., :-1, :] + fraction * moved[..., 1:, :]
