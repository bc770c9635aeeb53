"""The iterations: line search, regularisation, and all modes one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        NU,
        NX,
        backward,
        jit,
        rollout,
        rollout_policy,
    )

# ---- kernel ----

ARMIJO = 1e-4  # share of the promised decrease that a step must deliver
LINE_SEARCH_STEPS = 8
CONVERGED = 1e-5  # promised decrease, relative to max(1, |J|), below which a mode is done
REG_MIN, REG_MAX = 1e-6, 1e4


@jit
def improve(X, U, cost, reg, p, dt, limits, world, k, K, Quu, noise, X_new, U_new):
    """One iLQR iteration on one mode, in place. Returns (cost, reg, converged)."""
    linear, quadratic, _ = backward(X, U, p, dt, limits, world, reg, k, K, Quu)
    if -(linear + quadratic) < CONVERGED * max(1.0, abs(cost)):
        return cost, reg, True
    share = 1.0
    for _ in range(LINE_SEARCH_STEPS):
        candidate = rollout_policy(X, U, k, K, share, noise, X_new, U_new, p, dt, limits, world)
        if cost - candidate >= -ARMIJO * share * linear:
            X[:] = X_new
            U[:] = U_new
            return candidate, max(reg / 4.0, REG_MIN), False
        share *= 0.5
    return cost, min(max(reg, 1e-2) * 8.0, REG_MAX), reg >= REG_MAX


@jit
def optimise(X, U, cost, reg, done, iterations, p, dt, limits, world):
    """Up to `iterations` iLQR iterations on every mode: X [N, T+1, NX], U [N, T, NU] in place.

    cost, reg, done [N] carry each mode's state from call to call, so that a caller with a time
    budget can ask for a few iterations at a time.
    """
    horizon = U.shape[1]
    k, K, Quu = np.empty((horizon, NU)), np.empty((horizon, NU, NX)), np.empty((horizon, NU, NU))
    noise = np.zeros((horizon, NU))
    X_new, U_new = np.empty((horizon + 1, NX)), np.empty((horizon, NU))
    for n in range(U.shape[0]):
        for _ in range(iterations):
            if done[n]:
                break
            cost[n], reg[n], done[n] = improve(
                X[n], U[n], cost[n], reg[n], p, dt, limits, world, k, K, Quu, noise, X_new, U_new
            )


@jit
def policies(X, U, p, dt, limits, world, k, K, Quu, change, log_det):
    """Roll every mode out from X[n, 0] and take its policy; fills k, K, Quu, returns nothing.

    change [N] becomes J + sum(Q_u'k + k'Q_uu k / 2), the quadratic model's best cost.
    """
    for n in range(U.shape[0]):
        cost = rollout(X[n], U[n], p, dt, limits, world)
        linear, quadratic, log_det[n] = backward(
            X[n], U[n], p, dt, limits, world, 0.0, k[n], K[n], Quu[n]
        )
        change[n] = cost + linear + quadratic
