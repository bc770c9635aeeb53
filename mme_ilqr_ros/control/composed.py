"""Starts of a control cycle put together step by step, for what the compiled cycle does not know.

The compiled cycle (`kernel/text/cycle.py`) has the samplers that a robot drives with. Here the
kernel's parts are called one after the other, with the same results where both can do the same;
and modes can also start by a Stein variational step, and those that go the same way round be
merged or restarted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Kernel, Policies, StageData
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.modes import selection_costs
from mme_ilqr_ros.control.sampling import (
    cycle_noise,
    draw,
    in_blocks,
    shared_weights,
    shift_controls,
)
from mme_ilqr_ros.control.soft_value import mixture_weights, soft_value
from mme_ilqr_ros.control.stein_sampling import stein_starts

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def composed_starts(
    kernel: Kernel,
    x0: Array,
    U: Array,
    incumbent: int,
    elapsed: float,
    rng: Generator,
    settings: MmeSettings,
    required_gap: float,
    data: StageData,
    ways_of: Callable[[Array, Array], Labels],
) -> Array:
    """Return the controls [N, T, nu] from which a cycle optimises; the incumbent's are only moved.

    Args:
        kernel: Rolls out, takes policies.
        x0: Initial state [nx].
        U: Controls of the cycle before [N, T, nu].
        incumbent: The mode that drove.
        elapsed: Time since the cycle before [s].
        rng: Source of the noise.
        settings: Of the algorithm.
        required_gap: Distance of the robot's centre to obstacles that a mode must keep [m].
        data: What the modes share.
        ways_of: Says for states [N, T+1, nx] and costs [N] which modes are the same way round.
    """
    s, (n_modes, n_stages, _) = settings, U.shape
    white, uniform, blocks = cycle_noise(n_modes, n_stages, data.limits, rng)
    policies = kernel.policies(x0, shift_controls(U, elapsed / data.dt), data)
    modes = np.arange(n_modes)
    ways = modes
    if s.duplicates != "keep":
        compared = selection_costs(policies.cost, policies.gaps, required_gap)
        compared[incumbent] = -np.inf  # the others are duplicates of it, not it of them
        ways = ways_of(policies.X, compared)
    others = np.delete(modes, incumbent)
    restarted = np.isin(modes, others[: s.n_restarts])
    if s.sampler == "restart":
        restarted = modes != incumbent
    elif s.duplicates == "restart":
        restarted |= ways != modes
    if s.sampler == "stein":
        starts = stein_starts(kernel, x0, policies, s.temperature, data)
    else:
        sources = np.full(n_modes, incumbent)
        if s.sampler == "mixture":
            weights = weights_of(policies, required_gap, s)
            merged = shared_weights(weights, ways) if s.duplicates == "merge" else weights
            sources = draw(merged, uniform)
        noise = (sources, white, s.temperature, s.noise_correlation)
        starts = kernel.sample(policies, *noise, data)
    starts[restarted] = in_blocks(blocks[restarted], n_stages)
    starts[incumbent] = policies.U[incumbent]
    return starts


def weights_of(policies: Policies, required_gap: float, s: MmeSettings) -> Array:
    """Return the mixture weights [N] of policies."""
    _, n_stages, n_controls = policies.U.shape
    values = soft_value(policies.cost, policies.log_det, s.temperature, n_stages, n_controls)
    return mixture_weights(values, s.temperature, policies.gaps >= required_gap, s.weight_floor)
