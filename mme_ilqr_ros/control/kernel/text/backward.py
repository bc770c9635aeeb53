"""The backward pass: Gaussian policies within box and rate limits.

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022 (value and
policy); Tassa, Mansard, Todorov, Control-Limited DDP, ICRA 2014 (clamped controls).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        HELD,
        NU,
        NX,
        add_clearance,
        bounds,
        jit,
        stage_quadratic,
        step_jacobian,
        terminal_quadratic,
    )

# ---- kernel ----


@jit
def solve_in_place(M, R):
    """Solve M Y = R by elimination (no pivoting: M is positive definite); Y replaces R."""
    n, columns = M.shape[0], R.shape[1]
    for i in range(n):
        for j in range(i + 1, n):
            factor = M[j, i] / M[i, i]
            for c in range(i, n):
                M[j, c] -= factor * M[i, c]
            for c in range(columns):
                R[j, c] -= factor * R[i, c]
    for i in range(n - 1, -1, -1):
        for c in range(columns):
            for j in range(i + 1, n):
                R[i, c] -= M[i, j] * R[j, c]
            R[i, c] /= M[i, i]


@jit
def clamped_system(Q_u, Q_ux, H, low, high, on_rate, active, M, R):
    """Write M [k, K] = R: optimality for free controls, k_i = bound for clamped ones.

    When the bound moves with the state (a rate limit), so does the control: its gain is 1 on the
    held state, else 0.
    """
    for i in range(NU):
        clamped = active[i] != 0
        for j in range(NU):
            M[i, j] = (1.0 if i == j else 0.0) if clamped else H[i, j]
        for j in range(NX):
            R[i, j + 1] = 0.0 if clamped else -Q_ux[i, j]
        R[i, 0] = -Q_u[i]
        if clamped:
            R[i, 0] = low[i] if active[i] < 0 else high[i]
            if on_rate[i, 0 if active[i] < 0 else 1]:
                R[i, HELD[i] + 1] = 1.0


@jit
def update_active(Q_u, H, low, high, R, active):
    """Clamp controls that left the box, release those that want back; True if any changed."""
    changed = False
    for i in range(NU):
        gradient = Q_u[i]
        for j in range(NU):
            gradient += H[i, j] * R[j, 0]
        if active[i] == 0 and (R[i, 0] < low[i] or R[i, 0] > high[i]):
            active[i] = -1 if R[i, 0] < low[i] else 1
            changed = True
        elif active[i] != 0 and gradient * active[i] > 0.0:
            active[i] = 0
            changed = True
    return changed


@jit
def box_policy(Q_u, Q_ux, H, low, high, on_rate, k, K, active, M, R):
    """Minimise k'Q_u + k'H k / 2 with low <= k <= high; the gains K keep active bounds active.

    Active-set Newton steps: `active` [NU] is -1 at the lower bound, 1 at the upper, 0 if free.
    Returns log det of the free block of H.
    """
    for i in range(NU):
        active[i] = 0
    for _ in range(2 * NU + 2):
        clamped_system(Q_u, Q_ux, H, low, high, on_rate, active, M, R)
        solve_in_place(M, R)
        if not update_active(Q_u, H, low, high, R, active):
            break
    log_det = 0.0
    for i in range(NU):
        k[i] = min(max(R[i, 0], low[i]), high[i])
        for j in range(NX):
            K[i, j] = R[i, j + 1]
        if active[i] == 0:
            log_det += math.log(M[i, i])
    return log_det


@jit
def multiply(P, Q, product):
    """Product = P Q for small matrices; plain loops beat a BLAS call at this size."""
    for i in range(P.shape[0]):
        for j in range(Q.shape[1]):
            product[i, j] = 0.0
            for m in range(NX):
                product[i, j] += P[i, m] * Q[m, j]


@jit
def action_value(A, B, l_x, l_u, l_xx, l_ux, l_uu, V_x, V_xx, VA, VB, Q_x, Q_u, Q_xx, Q_ux, Q_uu):
    """Q = l + V(f): the quadratic of the action value, into the last five arguments."""
    for j in range(NX):
        Q_x[j] = l_x[j]
        for i in range(NX):
            Q_x[j] += A[i, j] * V_x[i]
    for j in range(NU):
        Q_u[j] = l_u[j]
        for i in range(NX):
            Q_u[j] += B[i, j] * V_x[i]
    multiply(V_xx, A, VA)
    multiply(V_xx, B, VB)
    for i in range(NX):
        for j in range(NX):
            Q_xx[i, j] = l_xx[i, j]
            for m in range(NX):
                Q_xx[i, j] += A[m, i] * VA[m, j]
    for i in range(NU):
        for j in range(NX):
            Q_ux[i, j] = l_ux[i, j]
            for m in range(NX):
                Q_ux[i, j] += B[m, i] * VA[m, j]
        for j in range(NU):
            Q_uu[i, j] = l_uu[i, j]
            for m in range(NX):
                Q_uu[i, j] += B[m, i] * VB[m, j]


@jit
def value_update(Q_x, Q_u, Q_xx, Q_ux, Q_uu, k, K, V_x, V_xx):
    """V_x = Q_x + K'Q_uu k + K'Q_u + Q_ux'k and V_xx likewise; valid for any k, K."""
    for i in range(NX):
        V_x[i] = Q_x[i]
        for a in range(NU):
            inner = Q_u[a]
            for b in range(NU):
                inner += Q_uu[a, b] * k[b]
            V_x[i] += K[a, i] * inner + Q_ux[a, i] * k[a]
        for j in range(NX):
            V_xx[i, j] = Q_xx[i, j]
            for a in range(NU):
                inner = Q_ux[a, j]
                for b in range(NU):
                    inner += Q_uu[a, b] * K[b, j]
                V_xx[i, j] += K[a, i] * inner + Q_ux[a, i] * K[a, j]
    for i in range(NX):
        for j in range(i):
            mean = 0.5 * (V_xx[i, j] + V_xx[j, i])
            V_xx[i, j], V_xx[j, i] = mean, mean


@jit
def backward(X, U, p, dt, limits, world, reg, k, K, Quu):
    """One backward pass; fills k [T, NU], K [T, NU, NX], Quu [T, NU, NU].

    Returns (sum Q_u'k, sum k'Q_uu k / 2, sum log det Q_uu over the free controls).
    `reg` is added to Q_uu for k and K only; the value update uses Q_uu itself.
    """
    horizon = U.shape[0]
    A, B = np.empty((NX, NX)), np.empty((NX, NU))
    l_x, l_u, l_xx = np.empty(NX), np.empty(NU), np.empty((NX, NX))
    l_ux, l_uu = np.empty((NU, NX)), np.empty((NU, NU))
    Q_x, Q_u, Q_xx = np.empty(NX), np.empty(NU), np.empty((NX, NX))
    Q_ux, Q_uu, H = np.empty((NU, NX)), np.empty((NU, NU)), np.empty((NU, NU))
    low, high, on_rate = np.empty(NU), np.empty(NU), np.empty((NU, 2), np.bool_)
    active, M, R = np.empty(NU, np.int64), np.empty((NU, NU)), np.empty((NU, NX + 1))
    V_x, V_xx, VA, VB = np.empty(NX), np.empty((NX, NX)), np.empty((NX, NX)), np.empty((NX, NU))
    terminal_quadratic(X[horizon], p[horizon], V_x, V_xx)
    add_clearance(X[horizon, 0], X[horizon, 1], horizon * dt[0], world, V_x, V_xx)
    linear, quadratic, log_det = 0.0, 0.0, 0.0
    for t in range(horizon - 1, -1, -1):
        step_jacobian(X[t], U[t], dt, A, B)
        stage_quadratic(X[t], U[t], p[t], l_x, l_u, l_xx, l_ux, l_uu)
        add_clearance(X[t, 0], X[t, 1], t * dt[0], world, l_x, l_xx)
        action_value(
            A, B, l_x, l_u, l_xx, l_ux, l_uu, V_x, V_xx, VA, VB, Q_x, Q_u, Q_xx, Q_ux, Q_uu
        )
        for i in range(NU):
            least, most = bounds(i, X[t], limits, dt)
            low[i], high[i] = min(least - U[t, i], 0.0), max(most - U[t, i], 0.0)
            on_rate[i, 0], on_rate[i, 1] = least > limits[0][i], most < limits[1][i]
            for j in range(NU):
                H[i, j] = Q_uu[i, j] + (reg if i == j else 0.0)
                Quu[t, i, j] = Q_uu[i, j]
        log_det += box_policy(Q_u, Q_ux, H, low, high, on_rate, k[t], K[t], active, M, R)
        for i in range(NU):
            linear += Q_u[i] * k[t, i]
            for j in range(NU):
                quadratic += 0.5 * k[t, i] * Q_uu[i, j] * k[t, j]
        value_update(Q_x, Q_u, Q_xx, Q_ux, Q_uu, k[t], K[t], V_x, V_xx)
    return linear, quadratic, log_det
