"""Rollouts: the limits, the cost of a trajectory, and following a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        HELD,
        NU,
        NX,
        clearance_cost,
        jit,
        stage_cost,
        step,
        terminal_cost,
    )

# ---- kernel ----


@jit
def bounds(i, x, limits, dt):
    """Return (lowest, highest) value of control i in state x: the box, and the rate limit."""
    lower, upper, rate = limits
    low, high = lower[i], upper[i]
    held = HELD[i]
    if held >= 0:  # clipped to the box: from outside it, brake as hard as the rate allows
        reach_low, reach_high = x[held] - rate[i] * dt[0], x[held] + rate[i] * dt[0]
        return min(max(low, reach_low), reach_high), max(min(high, reach_high), reach_low)
    return low, high


@jit
def advance(X, U, t, control, limits, dt):
    """Clip control [NU] to its bounds, store it as U[t] and step X[t] to X[t+1]."""
    for i in range(NU):
        low, high = bounds(i, X[t], limits, dt)
        U[t, i] = min(max(control[i], low), high)
    step(X[t], U[t], dt, X[t + 1])


@jit
def trajectory_cost(X, U, p, dt, world):
    """Return J of a trajectory."""
    horizon = U.shape[0]
    cost = np.empty(1)
    terminal_cost(X[horizon], p[horizon], cost)
    total = cost[0] + clearance_cost(X[horizon, 0], X[horizon, 1], horizon * dt[0], world)
    for t in range(horizon):
        stage_cost(X[t], U[t], p[t], cost)
        total += cost[0] + clearance_cost(X[t, 0], X[t, 1], t * dt[0], world)
    return total


@jit
def rollout(X, U, p, dt, limits, world):
    """Roll out the controls U from X[0], clipped to the limits, in place; return J."""
    for t in range(U.shape[0]):
        advance(X, U, t, U[t].copy(), limits, dt)
    return trajectory_cost(X, U, p, dt, world)


@jit
def rollout_policy(X, U, k, K, share, noise, X_new, U_new, p, dt, limits, world):
    """Roll out u = U + share k + K (x - X) + noise from X_new[0] = X[0]; return J."""
    control = np.empty(NU)
    for j in range(NX):
        X_new[0, j] = X[0, j]
    for t in range(U.shape[0]):
        for i in range(NU):
            control[i] = U[t, i] + share * k[t, i] + noise[t, i]
            for j in range(NX):
                control[i] += K[t, i, j] * (X_new[t, j] - X[t, j])
        advance(X_new, U_new, t, control, limits, dt)
    return trajectory_cost(X_new, U_new, p, dt, world)
