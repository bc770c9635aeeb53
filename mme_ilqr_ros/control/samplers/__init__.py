"""Initial guesses for the modes: samples from the policies, random restarts, Stein steps.

A sampler is one function from a `Sampling` to controls [R, N, T, nu]. A new one is a file here, a
line in `SAMPLERS` and a name in `mme_settings.SAMPLERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.samplers.mixture import mixture, unimodal
from mme_ilqr_ros.control.samplers.restart import restart
from mme_ilqr_ros.control.samplers.sampling import Sampling
from mme_ilqr_ros.control.samplers.stein import stein

SAMPLERS: Mapping[str, Callable[[Sampling], NDArray[np.float64]]] = {
    "mixture": mixture,
    "unimodal": unimodal,
    "restart": restart,
    "stein": stein,
}

__all__ = ["SAMPLERS", "Sampling"]
