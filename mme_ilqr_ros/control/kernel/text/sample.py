"""Where the modes begin: the last plans moved in time, samples of policies, starts of chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        LANES,
        NU,
        NX,
        fill,
        inline,
        jit,
        lanes,
        local,
        rollout,
        sqrt,
        three,
    )

# ---- kernel ----


@inline
def copy_lane(array, source, into, lane):
    """Copy mode `source` of an array [G, ..., L] into a lane of an array [..., L]."""
    flat, out = array[source // LANES].reshape(-1), into.reshape(-1)
    for n in range(0, out.size, LANES):
        out[n + lane] = flat[n + source % LANES]


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
def sample(X_, U_, policy, sources, white_, spread, rho, scratch, X_new_, U_new_, task):
    """Roll out policies with noise: mode sources[s] for the s-th sample, into U_new_ [G, T, NU, L].

    Spare lanes follow the first source. scratch = ((k, K, Quu), X, U) and X_new_ are of one group.
    """
    (ks_, Ks_, Qs_), Xs_, Us_ = scratch
    k, K, Quu = three(scratch[0])
    X, U, X_new = lanes(Xs_, LANES), lanes(Us_, LANES), lanes(X_new_, LANES)
    white, U_new = lanes(white_, LANES), lanes(U_new_, LANES)
    for g in range(U_new.shape[0]):
        for lane in range(LANES):
            s = g * LANES + lane
            source = sources[s if s < sources.shape[0] else 0]
            copy_lane(X_, source, Xs_, lane)
            copy_lane(U_, source, Us_, lane)
            copy_lane(policy[0], source, ks_, lane)
            copy_lane(policy[1], source, Ks_, lane)
            copy_lane(policy[2], source, Qs_, lane)
        add_noise(Quu, white[g], spread, rho, U)
        for j in range(NX):
            X_new[0, j] = X[0, j]
        rollout(X, U, k, K, fill(X[0, 0], 1.0), True, X_new, U_new[g], task)


@jit
def restart(U_, mode, blocks):
    """Give a mode controls that are constant on each of its blocks [B, NU]."""
    n_stages, n_blocks = U_.shape[1], blocks.shape[0]
    for t in range(n_stages):
        for i in range(NU):
            U_[mode // LANES, t, i, mode % LANES] = blocks[t * n_blocks // n_stages, i]


@jit
def copy_mode(U_new_, mode, U_):
    """Copy the controls of one mode, both [G, T, NU, L]."""
    copy_lane(U_new_, mode, U_[mode // LANES], mode % LANES)


@jit
def shift(U_, stages):
    """Move all controls a number of stages, >= 0, into the future, in place.

    U[t] is reached at the end of stage t, linearly, so the profile is interpolated at the new stage
    ends; its last value goes on beyond the horizon.
    """
    U = lanes(U_, LANES)
    last = U.shape[1] - 1
    for g in range(U.shape[0]):
        for t in range(last + 1):
            position = min(t + stages, float(last))
            left = int(position)
            share, right = position - left, min(left + 1, last)
            for i in range(NU):
                U[g, t, i] = (1.0 - share) * U[g, left, i] + share * U[g, right, i]
