"""The iterations: line search, regularisation, and the doors to the outside.

Arrays from outside are [G, ..., L]: G groups of L modes, the modes of a group side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        LANES,
        NU,
        NX,
        absolute,
        any_lane,
        backward,
        fill,
        inline,
        jit,
        lanes,
        local,
        rollout,
        select,
        smallest_gap,
        sqrt,
        time_is_up,
        vmax,
    )

# ---- kernel ----

ARMIJO = 1e-4  # share of the promised decrease that a step must deliver
LINE_SEARCH_STEPS, SHORTER = 4, 0.35  # 1, 0.35, 0.12, 0.04: then rather regularise
CONVERGED = 1e-5  # promised decrease, relative to max(1, |J|), below which a mode is done
REG_MIN, REG_MAX, REG_FIRST = 1e-6, 1e4, 1e-2


@inline
def take_where(mask, X_new, U_new, X, U):
    """Copy the trajectories of some modes."""
    for t in range(U.shape[0]):
        for i in range(NU):
            U[t, i] = select(mask, U_new[t, i], U[t, i])
        for j in range(NX):
            X[t + 1, j] = select(mask, X_new[t + 1, j], X[t + 1, j])


@inline
def improve(X, U, J, reg, p, dt, limits, world, k, K, Quu, X_new, U_new):
    """One iLQR iteration on all modes of a group, in place. Returns (J, reg, modes not done)."""
    linear, quadratic, _ = backward(X, U, p, dt, limits, world, reg, k, K, Quu, False)
    done = CONVERGED * vmax(absolute(J), 1.0) > -(linear + quadratic)
    done = done | (reg > REG_MAX)
    if not any_lane(~done):
        return J, reg, ~done
    searching, share = ~done, fill(J, 1.0)
    for _ in range(LINE_SEARCH_STEPS):
        J_new = rollout(X, U, k, K, share, True, X_new, U_new, p, dt, limits, world)
        taken = (J_new < J + ARMIJO * share * linear) & searching
        if any_lane(taken):
            take_where(taken, X_new, U_new, X, U)
            J, searching = select(taken, J_new, J), searching & ~taken
        if not any_lane(searching):
            break
        share = SHORTER * share
    raised = vmax(reg, REG_FIRST) * 8.0
    lowered = vmax(reg * 0.25, REG_MIN)
    return J, select(done, reg, select(searching, raised, lowered)), ~done


@jit
def optimise(
    X_,
    U_,
    J_,
    log_det_,
    gap_,
    count,
    k_,
    K_,
    Q_,
    Xn_,
    Un_,
    iterations,
    deadline,
    p,
    dt,
    limits,
    world,
):
    """Roll out and iterate every group, then take its log det and gaps; X_[:, 0] is given.

    Groups come in order, so the first group's modes are served first when time is short.
    """
    X_all, U_all, J_all = lanes(X_, LANES), lanes(U_, LANES), lanes(J_, LANES)
    log_det, gaps = lanes(log_det_, LANES), lanes(gap_, LANES)
    k, K, Quu = lanes(k_, LANES), lanes(K_, LANES), lanes(Q_, LANES)
    X_new, U_new = lanes(Xn_, LANES), lanes(Un_, LANES)
    for g in range(U_all.shape[0]):
        X, U = X_all[g], U_all[g]
        for j in range(NX):
            X_new[0, j] = X[0, j]
        share = fill(X[0, 0], 1.0)
        J = rollout(X, U, k, K, share, False, X, U, p, dt, limits, world)
        reg, searching = fill(J, 0.0), True
        for n in range(iterations):
            if not searching or time_is_up(deadline):
                break
            J, reg, active = improve(X, U, J, reg, p, dt, limits, world, k, K, Quu, X_new, U_new)
            searching = any_lane(active)
            count[0] = max(count[0], n + 1)
        free = fill(J, 0.0)
        _, _, log_det[g] = backward(X, U, p, dt, limits, world, free, k, K, Quu, True)
        J_all[g], gaps[g] = J, smallest_gap(X, dt, world)


@jit
def policies(X_, U_, k_, K_, Q_, cost_, log_det_, gap_, p, dt, limits, world):
    """Roll every mode out from X_[:, 0] and take its policy.

    cost becomes J + sum(Q_u'k + k'Q_uu k / 2), the quadratic model's best cost.
    """
    X_all, U_all, k, K, Quu = (
        lanes(X_, LANES),
        lanes(U_, LANES),
        lanes(k_, LANES),
        lanes(K_, LANES),
        lanes(Q_, LANES),
    )
    cost, log_det, gaps = lanes(cost_, LANES), lanes(log_det_, LANES), lanes(gap_, LANES)
    for g in range(U_all.shape[0]):
        X, U = X_all[g], U_all[g]
        share = fill(X[0, 0], 1.0)
        J = rollout(X, U, k[g], K[g], share, False, X, U, p, dt, limits, world)
        reg = fill(J, 0.0)
        linear, quadratic, log_det[g] = backward(
            X, U, p, dt, limits, world, reg, k[g], K[g], Quu[g], True
        )
        cost[g] = J + linear + quadratic
        gaps[g] = smallest_gap(X, dt, world)


@inline
def copy_lane(array, source, out, lane):
    """Copy one mode of array [G, ...], L into a lane of out [...]."""
    flat, into = array[source // LANES].reshape(-1), out.reshape(-1)
    for n in range(0, into.size, LANES):
        into[n + lane] = flat[n + source % LANES]


@jit
def sample(
    X_,
    U_,
    k_,
    K_,
    Q_,
    sources,
    white_,
    spread,
    rho,
    Xs_,
    Us_,
    ks_,
    Ks_,
    Qs_,
    Xn_,
    Un_,
    p,
    dt,
    limits,
    world,
):
    """Roll out policies with noise: mode sources[s] for the s-th sample, into Un_ [G, T, NU, L].

    Spare lanes follow the first source. Xs_ to Xn_ are scratch for one group.
    """
    X, U, k, K = lanes(Xs_, LANES), lanes(Us_, LANES), lanes(ks_, LANES), lanes(Ks_, LANES)
    Quu, white = lanes(Qs_, LANES), lanes(white_, LANES)
    X_new, U_new = lanes(Xn_, LANES), lanes(Un_, LANES)
    for g in range(U_new.shape[0]):
        for lane in range(LANES):
            s = g * LANES + lane
            source = sources[s if s < sources.shape[0] else 0]
            copy_lane(X_, source, Xs_, lane)
            copy_lane(U_, source, Us_, lane)
            copy_lane(k_, source, ks_, lane)
            copy_lane(K_, source, Ks_, lane)
            copy_lane(Q_, source, Qs_, lane)
        add_noise(Quu, white[g], spread, rho, U)
        for j in range(NX):
            X_new[0, j] = X[0, j]
        share = fill(X[0, 0], 1.0)
        rollout(X, U, k, K, share, True, X_new, U_new[g], p, dt, limits, world)


@inline
def add_noise(Quu, white, spread, rho, U):
    """Add noise of covariance spread^2 Q_uu^-1 to the controls U [T, NU], at every stage.

    xi_t = rho xi_{t-1} + sqrt(1 - rho^2) white_t is correlated along the horizon: independent
    draws would average out and hardly leave the basin of their mode. With Q_uu = L L' the noise is
    spread L'^-1 xi.
    """
    fresh = np.sqrt(1.0 - rho * rho)
    L, xi, noise = local(U, NU, NU), local(U, 1, NU)[0], local(U, 1, NU)[0]
    for t in range(U.shape[0]):
        for i in range(NU):
            xi[i] = white[t, i] if t == 0 else rho * xi[i] + fresh * white[t, i]
            for j in range(i + 1):
                rest = Quu[t, i, j]
                for m in range(j):
                    rest = rest - L[i, m] * L[j, m]
                L[i, j] = sqrt(rest) if i == j else rest / L[j, j]
        for i in range(NU - 1, -1, -1):
            rest = xi[i]
            for j in range(i + 1, NU):
                rest = rest - L[j, i] * noise[j]
            noise[i] = rest / L[i, i]
            U[t, i] = U[t, i] + spread * noise[i]


@jit
def gaps_of(X_, gap_, dt, world):
    """Measure the smallest gap along every trajectory X_ [G, T+1, NX, L]."""
    X, gaps = lanes(X_, LANES), lanes(gap_, LANES)
    for g in range(X.shape[0]):
        gaps[g] = smallest_gap(X[g], dt, world)
