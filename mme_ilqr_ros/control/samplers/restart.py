"""Random restarts: controls drawn from the box of the limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.samplers.sampling import Sampling, in_blocks


def restart(sampling: Sampling) -> NDArray[np.float64]:
    """Return random controls [R, N, T, nu], constant on each of their blocks."""
    return in_blocks(sampling.noise.blocks, sampling.settings.time_steps)
