"""Rollouts: the limits, the cost of a trajectory, and following a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        HELD,
        NU,
        NX,
        add_world_cost,
        fill,
        inline,
        local,
        log,
        stage_cost,
        step,
        terminal_cost,
        vmax,
        vmin,
    )

# ---- kernel ----


@inline
def bounds(i, x, limits, dt):
    """Return (lowest, highest) value of control i in state x: the box, and the rate limit.

    From outside the box, as after a lowered speed limit, the rate limit leads back into it.
    """
    lower, upper, rate = limits
    low, high = fill(x[0], lower[i]), fill(x[0], upper[i])
    if HELD[i] >= 0:
        least, most = x[HELD[i]] - rate[i] * dt[0], x[HELD[i]] + rate[i] * dt[0]
        low, high = vmin(vmax(low, least), most), vmax(vmin(high, most), least)
    return low, high


@inline
def rollout(X, U, k, K, share, feedback, X_new, U_new, task):
    """Roll out u = U + share k + K (x - X), clipped to the limits, from X_new[0]; return J.

    Without feedback u = U. X_new may be X and U_new may be U then.
    """
    p, dt, limits, tracks, world = task
    horizon = U.shape[0]
    x, after, u = local(X, 1, NX)[0], local(X, 1, NX)[0], local(X, 1, NU)[0]
    cost, sums, factors = local(X, 1, 1)[0], local(X, 1, 2)[0], 0
    sums[0], sums[1] = fill(share, 0.0), fill(share, 1.0)
    for j in range(NX):
        x[j] = X_new[0, j]
    for t in range(horizon):
        for i in range(NU):
            wanted = U[t, i]
            if feedback:
                wanted = wanted + share * k[t, i]
                for j in range(NX):
                    wanted = wanted + K[t, i, j] * (x[j] - X[t, j])
            low, high = bounds(i, x, limits, dt)
            u[i] = vmin(vmax(wanted, low), high)
            U_new[t, i] = u[i]
        stage_cost(x, u, p[t], cost)
        sums[0] = sums[0] + cost[0]
        factors = add_world_cost(x[0], x[1], tracks[t], world, 0, sums, factors)
        step(x, u, dt, after)
        for j in range(NX):
            x[j] = after[j]
            X_new[t + 1, j] = after[j]
    terminal_cost(x, p[horizon], cost)
    sums[0] = sums[0] + cost[0]
    add_world_cost(x[0], x[1], tracks[horizon], world, 1, sums, factors)
    return sums[0] - world[1][0] * log(sums[1])
