"""The iterations: line search, regularisation, policies and gaps of all groups of modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        rollout,
        select,
        smallest_gap,
        time_is_up,
        vmax,
        vmin,
    )

# ---- kernel ----

ARMIJO = 1e-4  # share of the promised decrease that a step must deliver
LINE_SEARCH_STEPS, SHORTER, LONGER = 3, 0.3, 3.0  # after three trials rather regularise
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
def improve(X, U, J, reg, first, task, k, K, Quu, X_new, U_new):
    """One iLQR iteration on all modes of a group, in place.

    Every mode searches along its step from its own `first` share of it on. All wait for the one
    that searches longest, so a mode begins near the share that it took in the iteration before.
    Returns (J, reg, first for the next iteration, modes not done).
    """
    linear, quadratic, _ = backward(X, U, task, reg, k, K, Quu, False)
    done = CONVERGED * vmax(absolute(J), 1.0) > -(linear + quadratic)
    done = done | (reg > REG_MAX)
    if not any_lane(~done):
        return J, reg, first, ~done
    searching, share, last = ~done, first, first
    for _ in range(LINE_SEARCH_STEPS):
        J_new = rollout(X, U, k, K, share, True, X_new, U_new, task)
        taken = (J_new < J + ARMIJO * share * linear) & searching
        if any_lane(taken):
            take_where(taken, X_new, U_new, X, U)
            J, last = select(taken, J_new, J), select(taken, share, last)
            searching = searching & ~taken
        if not any_lane(searching):
            break
        share = SHORTER * share
    raised = vmax(reg, REG_FIRST) * 8.0
    lowered = vmax(reg * 0.25, REG_MIN)
    reg = select(done, reg, select(searching, raised, lowered))
    first = select(searching, fill(J, SHORTER), vmin(LONGER * last, 1.0))
    return J, reg, first, ~done


@inline
def three(arrays):
    """Three arrays from outside as arrays of lanes."""
    return lanes(arrays[0], LANES), lanes(arrays[1], LANES), lanes(arrays[2], LANES)


@jit
def optimise(X_, U_, outcome, count, scratch, iterations, deadline, task):
    """Roll out and iterate every group; outcome becomes (J, log det, gaps), each [G, L].

    X_[:, 0] is given; scratch = ((k, K, Quu), X, U) of one group. Groups come in order, so the
    first group's modes are served first when time is short; count [G] becomes each one's
    iterations.
    """
    X_all, U_all = lanes(X_, LANES), lanes(U_, LANES)
    J_all, log_det, gaps = three(outcome)
    k, K, Quu = three(scratch[0])
    X_new, U_new = lanes(scratch[1], LANES), lanes(scratch[2], LANES)
    for g in range(U_all.shape[0]):
        X, U = X_all[g], U_all[g]
        for j in range(NX):
            X_new[0, j] = X[0, j]
        J = rollout(X, U, k, K, fill(X[0, 0], 1.0), False, X, U, task)
        reg, first, searching = fill(J, 0.0), fill(J, 1.0), True
        count[g] = 0
        while searching and count[g] < iterations and not time_is_up(deadline):
            J, reg, first, active = improve(X, U, J, reg, first, task, k, K, Quu, X_new, U_new)
            searching = any_lane(active)
            count[g] = count[g] + 1
        _, _, log_det[g] = backward(X, U, task, fill(J, 0.0), k, K, Quu, True)
        J_all[g], gaps[g] = J, smallest_gap(X, task)


@jit
def policies(X_, U_, policy, outcome, task):
    """Roll every mode out from X_[:, 0] and take its policy (k, K, Quu).

    outcome becomes (J + sum(Q_u'k + k'Q_uu k / 2), log det, gaps): the first is the quadratic
    model's best cost.
    """
    X_all, U_all = lanes(X_, LANES), lanes(U_, LANES)
    k, K, Quu = three(policy)
    cost, log_det, gaps = three(outcome)
    for g in range(U_all.shape[0]):
        X, U = X_all[g], U_all[g]
        J = rollout(X, U, k[g], K[g], fill(X[0, 0], 1.0), False, X, U, task)
        free = fill(J, 0.0)
        linear, quadratic, log_det[g] = backward(X, U, task, free, k[g], K[g], Quu[g], True)
        cost[g] = J + linear + quadratic
        gaps[g] = smallest_gap(X, task)


@jit
def gaps_of(X_, gap_, task):
    """Measure the smallest gap along every trajectory X_ [G, T+1, NX, L]."""
    X, gaps = lanes(X_, LANES), lanes(gap_, LANES)
    for g in range(X.shape[0]):
        gaps[g] = smallest_gap(X[g], task)
