"""Box-constrained iLQR for many modes: rollout, backward pass, line search. Scalars and loops.

This text is compiled by numba together with the printed stage functions of a problem
(`build.py` puts both into one module), or run as it stands by plain Python, which is the reference
that tests compare with. Everything below the marker line goes into that module.

Notation: N modes, T stages; x [NX], u [NU]; X [T+1, NX], U [T, NU]; k, K feedforward and gains;
V_x, V_xx value derivatives; Q_.. action-value derivatives; p [T+1, NP] stage parameters;
world = (circles [M, 5], field [H, W], frame [6], barrier [4]); limits = (lower, upper, rate) [NU].

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022 (backward
pass); Tassa, Mansard, Todorov, Control-Limited DDP, ICRA 2014 (box limits).
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
        jit,
        stage_cost,
        stage_quadratic,
        step,
        step_jacobian,
        terminal_cost,
        terminal_quadratic,
    )

# ---- kernel ----

ARMIJO = 1e-4  # share of the promised decrease that a step must deliver
LINE_SEARCH_STEPS = 8
CONVERGED = 1e-5  # promised decrease, relative to max(1, |J|), below which a mode is done
REG_MIN, REG_MAX = 1e-6, 1e4


@jit
def barrier(gap, shape):
    """Return (psi, psi', psi'') of the cut-off relaxed log barrier of a gap to an obstacle.

    shape = (weight, stiff_gap, cutoff_gap, radius). Exactly zero beyond cutoff_gap, so distant
    obstacles cost nothing; quadratic below stiff_gap, so a gap below zero is still finite.
    """
    weight, stiff, cutoff = shape[0], shape[1], shape[2]
    if gap >= cutoff:
        return 0.0, 0.0, 0.0
    h = max(gap, stiff)
    value = weight * (h / cutoff - 1.0 - math.log(h / cutoff))
    slope = weight * (1.0 / cutoff - 1.0 / h)
    curvature = weight / (h * h)
    e = gap - h
    return value + slope * e + 0.5 * curvature * e * e, slope + curvature * e, curvature


@jit
def field_gap(px, py, field, frame):
    """Return (distance, its slope in x, in y) from the distance field, bilinear.

    frame = (origin x, origin y, cos yaw, sin yaw, resolution, max_distance).
    """
    dx, dy = px - frame[0], py - frame[1]
    gx = (frame[2] * dx + frame[3] * dy) / frame[4] - 0.5
    gy = (frame[2] * dy - frame[3] * dx) / frame[4] - 0.5
    rows, columns = field.shape
    if gx < -0.5 or gy < -0.5 or gx > columns - 0.5 or gy > rows - 0.5:
        return frame[5], 0.0, 0.0
    free_x, free_y = 0.0 <= gx <= columns - 1.0, 0.0 <= gy <= rows - 1.0
    gx, gy = min(max(gx, 0.0), columns - 1.0), min(max(gy, 0.0), rows - 1.0)
    j, i = min(int(gx), max(columns - 2, 0)), min(int(gy), max(rows - 2, 0))
    j1, i1 = min(j + 1, columns - 1), min(i + 1, rows - 1)
    a, b = gx - j, gy - i
    low = field[i, j] + a * (field[i, j1] - field[i, j])
    high = field[i1, j] + a * (field[i1, j1] - field[i1, j])
    sx = (1.0 - b) * (field[i, j1] - field[i, j]) + b * (field[i1, j1] - field[i1, j])
    sx, sy = sx * free_x / frame[4], (high - low) * free_y / frame[4]
    return low + b * (high - low), frame[2] * sx - frame[3] * sy, frame[3] * sx + frame[2] * sy


@jit
def circle_gap(px, py, time, circle):
    """Return (gap, its slope in x, in y) to the edge of a circle that moves at its velocity."""
    dx, dy = px - circle[0] - time * circle[3], py - circle[1] - time * circle[4]
    distance = math.sqrt(dx * dx + dy * dy + 1e-12)
    return distance - circle[2], dx / distance, dy / distance


@jit
def clearance_cost(px, py, time, world):
    """Return the summed barrier of all obstacles at a position and time."""
    circles, field, frame, shape = world
    total = barrier(field_gap(px, py, field, frame)[0] - shape[3], shape)[0]
    for m in range(circles.shape[0]):
        total += barrier(circle_gap(px, py, time, circles[m])[0] - shape[3], shape)[0]
    return total


@jit
def add_barrier(gap, nx, ny, shape, l_x, l_xx):
    """Add the Gauss-Newton quadratic of one obstacle; (nx, ny) is the slope of its gap."""
    _, slope, curvature = barrier(gap - shape[3], shape)
    l_x[0] += slope * nx
    l_x[1] += slope * ny
    l_xx[0, 0] += curvature * nx * nx
    l_xx[0, 1] += curvature * nx * ny
    l_xx[1, 0] += curvature * nx * ny
    l_xx[1, 1] += curvature * ny * ny


@jit
def add_clearance(px, py, time, world, l_x, l_xx):
    """Add the Gauss-Newton quadratic of all obstacles to l_x [NX], l_xx [NX, NX]."""
    circles, field, frame, shape = world
    gap, nx, ny = field_gap(px, py, field, frame)
    add_barrier(gap, nx, ny, shape, l_x, l_xx)
    for m in range(circles.shape[0]):
        gap, nx, ny = circle_gap(px, py, time, circles[m])
        add_barrier(gap, nx, ny, shape, l_x, l_xx)


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
def box_policy(Q_u, Q_ux, H, low, high, on_rate, k, K, active, M, R):
    """Minimise k'Q_u + k'H k / 2 with low <= k <= high; the gains K keep active bounds active.

    Clamped controls become equations k_i = bound. When the bound moves with the state (a rate
    limit), so does the control: its gain is 1 on the held state, else 0. Returns log det of the
    free block of H.
    """
    for i in range(NU):
        active[i] = 0
    for _ in range(2 * NU + 2):
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
        solve_in_place(M, R)
        changed = False
        for i in range(NU):
            if active[i] == 0:
                if R[i, 0] < low[i] or R[i, 0] > high[i]:
                    active[i] = -1 if R[i, 0] < low[i] else 1
                    changed = True
            else:
                gradient = Q_u[i]
                for j in range(NU):
                    gradient += H[i, j] * R[j, 0]
                if gradient * active[i] > 0.0:  # the cost would fall away from this bound
                    active[i] = 0
                    changed = True
        if not changed:
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


@jit
def smallest_gap(X, dt, world):
    """Return the smallest gap between the robot's centre and any obstacle along X [T+1, NX].

    Half-way points are checked too: at 1 m/s and 0.2 s the stages are 0.2 m apart.
    """
    circles, field, frame, _ = world
    least = frame[5]
    for half in range(2 * X.shape[0] - 1):
        t, odd = half // 2, half % 2
        px = 0.5 * (X[t, 0] + X[t + odd, 0])
        py = 0.5 * (X[t, 1] + X[t + odd, 1])
        least = min(least, field_gap(px, py, field, frame)[0])
        for m in range(circles.shape[0]):
            least = min(least, circle_gap(px, py, 0.5 * half * dt[0], circles[m])[0])
    return least
