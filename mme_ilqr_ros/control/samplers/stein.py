"""Stein variational starts: all modes take one Newton step together and keep apart.

Where the mixture draws new starts at random, here all modes move, each stage along its Stein
variational Newton direction.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Policies
from mme_ilqr_ros.control.samplers.sampling import Sampling
from mme_ilqr_ros.control.samplers.stein_direction import stein_direction

Array = NDArray[np.float64]
MOST_STRETCH = 0.5  # largest stretch of the modes of a stage in one step
COST_CAP = 15.0  # a step may not lead to a cost above this many times the best mode's
HALVINGS = 6  # of the step, until a mode stays where it is


def stein(sampling: Sampling) -> Array:
    """Return controls [R, N, T, nu] after one Stein variational Newton step.

    Modes push one another into obstacles if they are let; so every mode takes the largest of the
    steps 1, 1/2, 1/4 ... whose cost stays below the cap.
    """
    kernel, policies, data = sampling.kernel, sampling.policies, sampling.data
    step, white = _direction(policies, sampling.settings.temperature), np.zeros_like(policies.U)
    costs = kernel.optimise(sampling.x0, policies.U, data, 0).costs
    cap = COST_CAP * costs.min(axis=1, keepdims=True)
    modes = np.repeat(np.arange(costs.shape[1])[None], len(costs), axis=0)
    starts, waiting = policies.U.copy(), np.ones(costs.shape, dtype=bool)
    for _ in range(HALVINGS):
        # A sample without noise of the policy that is moved by the step, and has its gains.
        moved = replace(policies, U=policies.U + step, k=white)
        tried = kernel.sample(moved, modes, white, 0.0, 0.0, data)
        taken = waiting & (kernel.optimise(sampling.x0, tried, data, 0).costs <= cap)
        starts[taken] = tried[taken]
        waiting &= ~taken
        if not waiting.any():
            break
        step = 0.5 * step
    return starts


def _direction(policies: Policies, temperature: float) -> Array:
    """Return the direction [R, N, T, nu] of all modes, shortened where it stretches a stage much.

    The gradient of the cost is taken as -Q_uu k, so that one mode alone takes its own step k, which
    keeps the limits.
    """
    gradient = -np.einsum("rntij,rntj->rnti", policies.Quu, policies.k)
    U, gradient, Quu = (np.swapaxes(a, 1, 2) for a in (policies.U, gradient, policies.Quu))
    direction, stretch = stein_direction(U, gradient, Quu, temperature)
    shorter = np.minimum(1.0, MOST_STRETCH / np.maximum(stretch, MOST_STRETCH))
    return np.swapaxes(shorter[..., None, None] * direction, 1, 2)
