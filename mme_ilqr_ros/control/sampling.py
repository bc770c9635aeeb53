"""Where the modes start: draws from the mixture of Gaussian policies, and fresh random starts.

The noise of a policy, covariance alpha Q_uu^-1 at every stage, is correlated along the horizon:
xi_t = rho xi_{t-1} + sqrt(1 - rho^2) e_t keeps that covariance, but independent draws would average
out over the horizon and hardly leave the basin of their mode.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]
RESTART_BLOCKS = 5


def correlated_noise(n_stages: int, n_controls: int, rho: float, rng: Generator) -> Array:
    """Return unit normal noise [T, nu] with correlation rho between neighbouring stages."""
    white = rng.standard_normal((n_stages, n_controls))
    noise = np.empty_like(white)
    noise[0] = white[0]
    fresh = np.sqrt(1.0 - rho**2)
    for t in range(1, n_stages):
        noise[t] = rho * noise[t - 1] + fresh * white[t]
    return noise


def policy_noise(Quu: Array, temperature: float, rho: float, rng: Generator) -> Array:
    """Return control noise [T, nu] of covariance temperature * Quu^-1 at every stage.

    Args:
        Quu: Action-value Hessians [T, nu, nu], positive definite.
        temperature: alpha, in cost units.
        rho: Correlation between neighbouring stages, in [0, 1).
        rng: Source of randomness.
    """
    n_stages, n_controls, _ = Quu.shape
    unit = correlated_noise(n_stages, n_controls, rho, rng)
    factor = np.linalg.cholesky(Quu)  # Quu = L L'; L'^-1 xi has covariance Quu^-1
    spread = np.linalg.solve(np.swapaxes(factor, 1, 2), unit[..., None])[..., 0]
    return np.sqrt(temperature) * spread


def random_controls(n_stages: int, limits: ControlLimits, rng: Generator) -> Array:
    """Return controls [T, nu] that are uniform in the box and constant on a few blocks."""
    lower, upper, _ = limits.as_arrays()
    blocks = rng.uniform(lower, upper, size=(RESTART_BLOCKS, len(lower)))
    return blocks[np.arange(n_stages) * RESTART_BLOCKS // n_stages]
