"""What a sampler is given: policies, weights, and all that is random in a cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Kernel, Policies, StageData
from mme_ilqr_ros.control.mme_settings import MmeSettings
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


@dataclass(frozen=True, eq=False)
class Sampling:
    """R robots with N modes each.

    Attributes:
        kernel: Rolls out.
        x0: Initial states [R, nx].
        data: What each robot's modes share.
        policies: Of the shifted plans of the cycle before.
        weights: Mixture weights of the policies [R, N].
        incumbents: The modes that drove [R].
        noise: All that is random in this cycle.
        settings: Of the algorithm.
    """

    kernel: Kernel
    x0: Array
    data: Sequence[StageData]
    policies: Policies
    weights: Array
    incumbents: NDArray[np.int64]
    noise: Noise
    settings: MmeSettings

    def follow(self, sources: NDArray[np.int64]) -> Array:
        """Return samples [R, N, T, nu] of the policies of modes `sources` [R, N]."""
        s, white = self.settings, self.noise.white
        return self.kernel.sample(
            self.policies, sources, white, s.temperature, s.noise_correlation, self.data
        )


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
