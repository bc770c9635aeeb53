"""Starts of a control cycle from the Stein variational form: modes descend and keep apart.

Where the mixture draws new starts at random, here all modes move together, each stage along its
Stein variational Newton direction.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Kernel, Policies, StageData
from mme_ilqr_ros.control.stein import stein_direction

Array = NDArray[np.float64]
MOST_STRETCH = 0.5  # largest stretch of the modes of a stage in one step
COST_CAP = 15.0  # a step may not lead to a cost above this many times the best mode's
HALVINGS = 6  # of the step, until a mode stays where it is


def stein_starts(
    kernel: Kernel, x0: Array, policies: Policies, temperature: float, data: StageData
) -> Array:
    """Return controls [N, T, nu] after one Stein variational Newton step.

    Modes push one another into obstacles if they are let; so every mode takes the largest of the
    steps 1, 1/2, 1/4 ... whose cost stays below the cap.

    Args:
        kernel: Rolls out.
        x0: Initial state [nx].
        policies: Policies of all modes.
        temperature: alpha > 0: how far apart the modes are pushed.
        data: What the modes share.
    """
    step, white = _direction(policies, temperature), np.zeros_like(policies.U)
    cap = COST_CAP * kernel.optimise(x0, policies.U, data, 0).costs.min()
    modes, starts = np.arange(len(policies.U)), policies.U.copy()
    waiting = np.ones(len(modes), dtype=bool)
    for _ in range(HALVINGS):
        # A sample without noise of the policy that is moved by the step, and has its gains.
        moved = replace(policies, U=policies.U + step, k=white)
        tried = kernel.sample(moved, modes, white, 0.0, 0.0, data)
        taken = waiting & (kernel.optimise(x0, tried, data, 0).costs <= cap)
        starts[taken] = tried[taken]
        waiting &= ~taken
        if not waiting.any():
            break
        step = 0.5 * step
    return starts


def _direction(policies: Policies, temperature: float) -> Array:
    """Return the direction [N, T, nu] of all modes, shortened where it stretches a stage much.

    The slope of the cost is taken as -Q_uu k, so that one mode alone takes its own step k, which
    keeps the limits.
    """
    slope = -np.einsum("ntij,ntj->nti", policies.Quu, policies.k)
    by_stage = (np.swapaxes(a, 0, 1) for a in (policies.U, slope, policies.Quu))
    direction, stretch = stein_direction(*by_stage, temperature)
    shorter = np.minimum(1.0, MOST_STRETCH / np.maximum(stretch, MOST_STRETCH))
    return np.swapaxes(shorter[:, None, None] * direction, 0, 1)
