"""An example robot: a point mass in the plane, x = (px, py, vx, vy), u = (ax, ay).

cost = w (px - gx)^2 + w (py - gy)^2 + |u|^2 / 2 at every stage and 10 w times the distance squared
at the end, with p = (gx, gy, w). Arrays are [..., LANES]; matrices hold their upper triangle, as
the printed functions that take this file's place.
"""

import numpy as np

NX, NU = 4, 2
HELD = (-1, -1)  # for every control the state that holds its last value, or -1
FINAL = 10.0


def _matrices(dt):
    """Return A [NX, NX] and B [NX, NU] of the exact step."""
    A = np.eye(NX) + dt * np.eye(NX, k=2)
    return A, np.vstack([0.5 * dt * dt * np.eye(2), dt * np.eye(2)])


def _symmetric(M):
    upper = np.triu(np.moveaxis(M, -1, 0))
    return np.moveaxis(upper + np.triu(upper, 1).swapaxes(1, 2), 0, -1)


def step(x, u, dt, after):
    """After = A x + B u."""
    A, B = _matrices(dt)
    after[:] = np.tensordot(A, x, 1) + np.tensordot(B, u, 1)


def stage_cost(x, u, p, cost):
    """cost[0] = l(x, u)."""
    cost[0] = p[2] * ((x[0] - p[0]) ** 2 + (x[1] - p[1]) ** 2) + 0.5 * (u[0] ** 2 + u[1] ** 2)


def terminal_cost(x, p, cost):
    """cost[0] = phi(x)."""
    cost[0] = FINAL * p[2] * ((x[0] - p[0]) ** 2 + (x[1] - p[1]) ** 2)


def _position_quadratic(x, p, weight, b, V_x, V_xx):
    V_x[:], V_xx[:] = 0.0, 0.0
    for i in range(2):
        V_x[i] = 2.0 * weight * (x[i] - p[i]) + b[i]
    V_xx[0, 0], V_xx[1, 1], V_xx[0, 1] = 2.0 * weight + b[2], 2.0 * weight + b[4], b[3]


def terminal_quadratic(x, p, b, V_x, V_xx):
    """V_x, V_xx of phi; b [9] = the obstacles' cost's derivatives: x, y, xx, xy, yy, ..."""
    _position_quadratic(x, p, FINAL * p[2], b, V_x, V_xx)


def action_value(x, u, p, dt, b, V_x, V_xx, Q_x, Q_u, Q_xx, Q_ux, Q_uu):
    """Q = l + V(A x + B u), its derivatives."""
    (A, B), V = _matrices(dt), _symmetric(V_xx)
    _position_quadratic(x, p, p[2], b, Q_x, Q_xx)
    Q_x[:] = Q_x + np.tensordot(A.T, V_x, 1)
    Q_u[:] = u + np.tensordot(B.T, V_x, 1)
    Q_xx[:] = Q_xx + np.einsum("ji,jkl,km->iml", A, V, A)
    Q_ux[:] = np.einsum("ji,jkl,km->iml", B, V, A)
    Q_uu[:] = np.eye(NU)[..., None] + np.einsum("ji,jkl,km->iml", B, V, B)
