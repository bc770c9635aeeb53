"""Samples of the modes' policies, and distances along given trajectories."""

import numpy as np

from .lane import LANES, fill, inline, jit, lanes, local, plain, sqrt
from .memory import load, modes_of, store
from .obstacles import least_distance
from .rollout import rollout
from .stage import NU, NX


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
def sample(policies, sources, white_given, spread, rho, U_out, memory, task):
    """Roll out policies with noise: that of mode sources[s] for the s-th sample.

    Args:
        policies: (X, U, k, K, Quu), every mode in one row [N, F].
        sources: Mode that each sample follows [S].
        white_given: Independent unit normal numbers [S, T NU].
        spread: Square root of the temperature.
        rho: Correlation of the noise between neighbouring stages, in [0, 1).
        U_out: Becomes the samples' controls [S, T NU].
        memory: Of one group.
        task: See `kernel/task.py`.
    """
    X_all, U_all, k_all, K_all, Quu_all = policies
    X, U = lanes(memory.X, LANES), lanes(memory.U, LANES)
    X_new, U_new = lanes(memory.X_new, LANES), lanes(memory.U_new, LANES)
    k, K, Quu = lanes(memory.k, LANES), lanes(memory.K, LANES), lanes(memory.Quu, LANES)
    n_samples = sources.size
    for first in range(0, n_samples, LANES):
        modes_of(first, n_samples, memory.modes)
        load(white_given, memory.modes, memory.U_new.reshape(-1))
        for lane in range(LANES):
            memory.modes[lane] = sources[memory.modes[lane]]
        load(X_all, memory.modes, memory.X.reshape(-1))
        load(U_all, memory.modes, memory.U.reshape(-1))
        load(k_all, memory.modes, memory.k.reshape(-1))
        load(K_all, memory.modes, memory.K.reshape(-1))
        load(Quu_all, memory.modes, memory.Quu.reshape(-1))
        add_noise(Quu, U_new, spread, rho, U)
        for j in range(NX):
            X_new[0, j] = X[0, j]
        rollout(X, U, k, K, fill(X[0, 0], 1.0), X_new, U_new, task)
        store(memory.U_new.reshape(-1), first, U_out)


@jit
def distances(X_given, outcome, X_, least_, modes, task):
    """Measure the least distance [N] to an obstacle along trajectories [N, (T+1) NX].

    X_ [T+1, NX, LANES], least_ [1, LANES] and modes [LANES] are memory.
    """
    X, least, n_modes = lanes(X_, LANES), lanes(least_, LANES), X_given.shape[0]
    for first in range(0, n_modes, LANES):
        modes_of(first, n_modes, modes)
        load(X_given, modes, X_.reshape(-1))
        least[0] = least_distance(X, task)
        for mode in range(first, min(first + LANES, n_modes)):
            outcome[mode] = least_[0, mode - first]


@plain
def track(circles, dt, barrier, tracks):
    """Fill the tracks [T+1, M, 4] of circles [M, 5]; see `Task.tracks`.

    A circle may turn. Had it turned `surprise_time` ago, it would be within the disc round where it
    was then, of what it drove since. The disc touches where the circle is if it went straight on,
    and reaches beside and behind. The cost is that of the disc; distances are to the circle itself.
    """
    for m in range(circles.shape[0]):
        vx, vy, ago = circles[m, 3], circles[m, 4], barrier.surprise_time
        x, y = circles[m, 0] - ago * vx, circles[m, 1] - ago * vy
        contact = circles[m, 2] + ago * np.hypot(vx, vy) + barrier.radius
        reach = contact + barrier.cutoff
        for t in range(tracks.shape[0]):
            tracks[t, m, 0], tracks[t, m, 1] = x + dt * t * vx, y + dt * t * vy
            tracks[t, m, 2], tracks[t, m, 3] = reach * reach, contact
