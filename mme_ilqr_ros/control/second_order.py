"""The curvature of the dynamics in the action value: differential dynamic programming.

iLQR leaves V_x f_zz out of the second derivatives of Q (z = x, u); with it the backward pass is a
Newton step, which converges quadratically near an optimum. Away from one, V_x f_zz can be
indefinite, and the policy needs a positive definite Q_uu. So only as much of it is taken as leaves
half of the curvature that Q_uu has without it.

Source: Jacobson and Mayne, Differential Dynamic Programming, 1970.
"""

from __future__ import annotations

import casadi as ca

KEPT = 0.5  # share of Q_uu's least curvature that V_x f_uu may not take away
EFFORT_SHARE = 0.5  # of the least curvature of the control effort, below which Q_uu never falls
TINY = 1e-9


def with_curved_step(
    Q: tuple[ca.SX, ca.SX, ca.SX], f: ca.SX, x: ca.SX, u: ca.SX, V_x: ca.SX, l_uu: ca.SX
) -> tuple[ca.SX, ca.SX, ca.SX]:
    """Return (Q_xx, Q_ux, Q_uu) with the curvature of the step x' = f(x, u).

    Args:
        Q: Q_xx, Q_ux, Q_uu of the Gauss-Newton model.
        f: The step.
        x: State.
        u: Controls.
        V_x: Slope of the value after the step.
        l_uu: Curvature of the control effort, positive definite.
    """
    Q_xx, Q_ux, Q_uu = Q
    nx = x.numel()
    f_zz, _ = ca.hessian(ca.dot(V_x, f), ca.vertcat(x, u))
    room = KEPT * ca.fmax(least_eigenvalue(Q_uu), 0.0)
    need = ca.fmax(-least_eigenvalue(f_zz[nx:, nx:]), TINY)
    f_zz = ca.fmin(1.0, room / need) * f_zz
    floor = EFFORT_SHARE * least_eigenvalue(l_uu) + TINY
    return Q_xx + f_zz[:nx, :nx], Q_ux + f_zz[nx:, :nx], lifted(Q_uu + f_zz[nx:, nx:], floor)


def least_eigenvalue(M: ca.SX) -> ca.SX:
    """Return the least eigenvalue of a symmetric M; from three rows on, a bound below it.

    The bound is Gershgorin's: the least diagonal entry after the sizes of the others in its row
    are taken off.
    """
    if M.shape[0] == 2:
        return (M[0, 0] + M[1, 1]) / 2 - ca.sqrt(((M[0, 0] - M[1, 1]) / 2) ** 2 + M[0, 1] ** 2)
    least = M[0, 0] + ca.fabs(M[0, 0]) - ca.sum2(ca.fabs(M[0, :]))
    for i in range(1, M.shape[0]):
        least = ca.fmin(least, M[i, i] + ca.fabs(M[i, i]) - ca.sum2(ca.fabs(M[i, :])))
    return least


def lifted(M: ca.SX, floor: ca.SX) -> ca.SX:
    """Return M with as much added to its diagonal as brings its least eigenvalue to `floor`."""
    return M + ca.fmax(floor - least_eigenvalue(M), 0.0) * ca.SX.eye(M.shape[0])
