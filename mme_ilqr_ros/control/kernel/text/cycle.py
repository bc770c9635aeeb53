"""A whole control cycle: shift, policies, weights, sampling, optimisation and choice in one call.

It joins the parts; each is a function with tests of its own. Those of weights and choice come from
`soft_value.py`, `sampling.py` and `modes.py`, unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        LANES,
        NEAR,
        NU,
        copy_mode,
        draw,
        gaps_of,
        may_stay,
        mixture_weights,
        optimise,
        plain,
        policies,
        restart,
        sample,
        select_mode,
        selection_costs,
        shift,
        soft_value,
    )

# ---- kernel ----


@plain
def weights_of(outcome, n_modes, n_stages, options, required_gap):
    """Return the mixture weights [N] of modes with outcome (cost, log det, gaps), each [G, L]."""
    cost = outcome[0].reshape(-1)[:n_modes].astype(np.float64)
    log_det = outcome[1].reshape(-1)[:n_modes].astype(np.float64)
    feasible = outcome[2].reshape(-1)[:n_modes] >= required_gap
    values = soft_value(cost, log_det, options.temperature, n_stages, NU)
    return mixture_weights(values, options.temperature, feasible, options.weight_floor)


@plain
def resample(X_, U_, incumbent, noise, weights, policy, scratch, X_new_, U_new_, options, task):
    """Start every mode but the incumbent anew: some from random controls, the rest from a policy.

    noise = (white [G, T, NU, L], uniform [N], blocks [N, B, NU]).
    """
    white_, uniform, blocks = noise
    sources = np.full(len(uniform), incumbent)
    if options.multimodal:
        sources = draw(weights, uniform)
    spread = np.sqrt(options.temperature)
    rho = options.noise_correlation
    sample(X_, U_, policy, sources, white_, spread, rho, scratch, X_new_, U_new_, task)
    restarts = options.n_restarts
    for mode in range(len(uniform)):
        if mode != incumbent and restarts > 0:
            restart(U_, mode, blocks[mode])
            restarts = restarts - 1
        elif mode != incumbent:
            copy_mode(U_new_, mode, U_)


@plain
def near_gap(X_, mode, task):
    """Return the smallest gap of a mode within the next `NEAR` seconds [m]."""
    group, stages = mode // LANES, min(int(np.ceil(NEAR / task[1][0])), X_.shape[1] - 1)
    gaps = np.empty((1, LANES), X_.dtype)
    gaps_of(np.ascontiguousarray(X_[group : group + 1, : stages + 1]), gaps, task)
    return gaps[0, mode % LANES]


@plain
def choose(X_, outcome, n_modes, incumbent, dwells, required_gap, options, task):
    """Return the mode that drives; outcome = (J, log det, gaps), each [G, L]."""
    cost = outcome[0].reshape(-1)[:n_modes].astype(np.float64)
    gaps = outcome[2].reshape(-1)[:n_modes].astype(np.float64)
    compared = selection_costs(cost, gaps, required_gap)
    stays = may_stay(gaps[incumbent], near_gap(X_, incumbent, task), required_gap)
    stays = stays and np.isfinite(cost[incumbent])
    if stays:
        compared[incumbent] = cost[incumbent]
    margin, least = options.mode_switch_margin, options.mode_switch_cost
    return select_mode(compared, incumbent, margin, least, stays and dwells)


@plain
def cycle(
    X_,
    U_,
    incumbent,
    stages,
    noise,
    warm,
    dwells,
    required_gap,
    deadline,
    work,
    outcome,
    options,
    task,
):
    """Run a control cycle on the modes of the last one, in place.

    Args:
        X_: Initial state in [:, 0]; becomes the modes' states [G, T+1, NX, L].
        U_: Controls of the cycle before; become the modes' controls [G, T, NU, L].
        incumbent: The mode that drove.
        stages: Stages, also parts of one, since the cycle before.
        noise: See `resample`.
        warm: Whether to sample from these controls; first guesses are taken as they are.
        dwells: Whether the incumbent drives for less than the dwell time.
        required_gap: Gap that a mode must keep [m].
        deadline: Clock reading after which no iteration starts [s].
        work: Memory: policies of all modes, scratch and states of one group, controls of all.
        outcome: Becomes (J, log det, gaps), each [G, L].
        options: CycleOptions.
        task: See above.

    Returns:
        (weights [N], the mode that drives, iterations of the first group).
    """
    policy, scratch, X_new_, U_new_, count = work
    n_modes, n_stages = len(noise[1]), U_.shape[1]
    shift(U_, stages)
    policies(X_, U_, policy, outcome, task)
    if warm and options.temperature > 0.0:
        weights = weights_of(outcome, n_modes, n_stages, options, required_gap)
        resample(X_, U_, incumbent, noise, weights, policy, scratch, X_new_, U_new_, options, task)
    optimise(X_, U_, outcome, count, scratch, options.n_iterations, deadline, task)
    weights = weights_of(outcome, n_modes, n_stages, options, required_gap)
    chosen = choose(X_, outcome, n_modes, incumbent, dwells, required_gap, options, task)
    return weights, chosen, count[0]
