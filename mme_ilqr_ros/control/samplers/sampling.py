"""The inputs of a sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Kernel, Policies, StageData
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.noise import Noise

Array = NDArray[np.float64]


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
