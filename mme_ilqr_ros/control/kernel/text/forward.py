"""Rollouts: the limits, the cost of a trajectory, and following a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        HELD,
        NU,
        NX,
        fill,
        inline,
        local,
        stage_cost,
        step,
        terminal_cost,
        vmax,
        vmin,
        world_cost,
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
    cost = local(X, 1, 1)[0]
    J = fill(share, 0.0)
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
        J = J + cost[0] + world_cost(x[0], x[1], tracks[t], world, 0)
        step(x, u, dt, after)
        for j in range(NX):
            x[j] = after[j]
            X_new[t + 1, j] = after[j]
    terminal_cost(X_new[horizon], p[horizon], cost)
    end = world_cost(X_new[horizon, 0], X_new[horizon, 1], tracks[horizon], world, 1)
    return J + cost[0] + end
