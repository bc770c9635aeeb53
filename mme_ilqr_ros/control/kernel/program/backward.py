"""The backward pass: Gaussian policies within box and rate limits.

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022 (value and
policy); Tassa, Mansard, Todorov, Control-Limited DDP, ICRA 2014 (clamped controls).
"""

from .lane import absolute, any_lane, fill, inline, local, log, select, vmax, vmin
from .obstacles import TINY, place, standing_cost, world_quadratic
from .rollout import bounds, charged_share
from .stage import HELD, NU, NX, action_value, terminal_quadratic

ACTIVE_SET_STEPS = 2 * NU + 1
COLUMNS = NX + 1  # of [k, K]


@inline
def factorise(M):
    """M = L U in place, without pivoting: L below the diagonal, U above, 1 / its diagonal on it."""
    for i in range(NU):
        M[i, i] = 1.0 / M[i, i]
        for j in range(i + 1, NU):
            M[j, i] = M[j, i] * M[i, i]
            for c in range(i + 1, NU):
                M[j, c] = M[j, c] - M[j, i] * M[i, c]


@inline
def substitute(M, R, column):
    """Solve L U y = R[:, column]; y replaces it."""
    for i in range(NU):
        for j in range(i):
            R[i, column] = R[i, column] - M[i, j] * R[j, column]
    for i in range(NU - 1, -1, -1):
        for j in range(i + 1, NU):
            R[i, column] = R[i, column] - M[i, j] * R[j, column]
        R[i, column] = R[i, column] * M[i, i]


@inline
def newton_step(Q_u, Q_uu, reg, low, high, active, M, R):
    """R[:, 0] = k with clamped controls (active = -1 or 1) on their bounds; M = factors.

    M is Q_uu + reg I, with the rows of clamped controls those of I.
    """
    for i in range(NU):
        clamped = active[i] * active[i]
        for j in range(NU):
            M[i, j] = (1.0 - clamped) * Q_uu[min(i, j), max(i, j)]
        M[i, i] = M[i, i] + (1.0 - clamped) * reg + clamped
        R[i, 0] = select(active[i] > 0.0, high[i], select(active[i] < 0.0, low[i], -Q_u[i]))
    factorise(M)
    substitute(M, R, 0)


@inline
def gains(Q_ux, on_rate, active, M, R):
    """R[:, 1:] = K, from the factors of the last Newton step.

    When the bound of a clamped control moves with the state (a rate limit), so does the control:
    its gain is 1 on the held state, else 0.
    """
    for i in range(NU):
        clamped = active[i] * active[i]
        for j in range(NX):
            R[i, j + 1] = (clamped - 1.0) * Q_ux[i, j]
        if HELD[i] >= 0:
            moves = select(active[i] > 0.0, on_rate[1, i], on_rate[0, i])
            R[i, HELD[i] + 1] = R[i, HELD[i] + 1] + clamped * moves
    for j in range(NX):
        substitute(M, R, j + 1)


@inline
def update_active(Q_u, Q_uu, reg, low, high, active, R):
    """Clamp controls that left the box, release those that want back; True if any changed."""
    zero, one = fill(reg, 0.0), fill(reg, 1.0)
    changed = zero > one
    for i in range(NU):
        gradient = Q_u[i] + reg * R[i, 0]
        for j in range(NU):
            gradient = gradient + Q_uu[min(i, j), max(i, j)] * R[j, 0]
        beyond = select(R[i, 0] > high[i], one, select(R[i, 0] < low[i], -one, zero))
        kept = select(gradient * active[i] > 0.0, zero, active[i])
        after = select(active[i] * active[i] > 0.0, kept, beyond)
        changed = changed | (absolute(after - active[i]) > 0.0)
        active[i] = after
    return any_lane(changed)


@inline
def box_policy(Q_u, Q_ux, Q_uu, reg, low, high, on_rate, active, M, R):
    """R = [k, K]: minimise k'Q_u + k'(Q_uu + reg) k / 2 with low <= k <= high.

    Active-set Newton steps: a control that leaves the box is clamped at its bound (`active` [NU]
    becomes -1 or 1), one whose cost falls away from its bound is released (0). Controls that are on
    a bound already and are pushed against it begin clamped.
    """
    zero, one = fill(reg, 0.0), fill(reg, 1.0)
    for i in range(NU):
        at_top, at_bottom = (high[i] <= 0.0) & (Q_u[i] < 0.0), (low[i] > -TINY) & (Q_u[i] > 0.0)
        active[i] = select(at_top, one, select(at_bottom, -one, zero))
    newton_step(Q_u, Q_uu, reg, low, high, active, M, R)
    for _ in range(ACTIVE_SET_STEPS):
        if not update_active(Q_u, Q_uu, reg, low, high, active, R):
            break
        newton_step(Q_u, Q_uu, reg, low, high, active, M, R)
    gains(Q_ux, on_rate, active, M, R)
    for i in range(NU):
        R[i, 0] = vmin(vmax(R[i, 0], low[i]), high[i])


@inline
def value_update(Q_x, Q_u, Q_xx, Q_ux, Q_uu, k, K, V_x, V_xx, change, pull, W):
    """V_x, V_xx of following u = k + K dx; valid for any k and K, clamped ones too.

    V_x = Q_x + K'(Q_uu k + Q_u) + Q_ux'k,  V_xx = Q_xx + K'(Q_uu K + Q_ux) + Q_ux'K, of symmetric
    matrices the upper triangle; change is the same with k. pull [NU] and W [NU, NX] are memory.
    """
    linear, quadratic = Q_u[0] * k[0], 0.0 * k[0]
    for i in range(1, NU):
        linear = linear + Q_u[i] * k[i]
    for i in range(NU):
        curved = Q_uu[min(i, 0), max(i, 0)] * k[0]
        for m in range(1, NU):
            curved = curved + Q_uu[min(i, m), max(i, m)] * k[m]
        quadratic, pull[i] = quadratic + k[i] * curved, curved + Q_u[i]
        for j in range(NX):
            W[i, j] = Q_ux[i, j]
            for m in range(NU):
                W[i, j] = W[i, j] + Q_uu[min(i, m), max(i, m)] * K[m, j]
    for j in range(NX):
        V_x[j] = Q_x[j]
        for i in range(NU):
            V_x[j] = V_x[j] + K[i, j] * pull[i] + Q_ux[i, j] * k[i]
        for m in range(j, NX):
            V_xx[j, m] = Q_xx[j, m]
            for i in range(NU):
                V_xx[j, m] = V_xx[j, m] + K[i, j] * W[i, m] + Q_ux[i, j] * K[i, m]
    change[0], change[1] = linear, 0.5 * quadratic


@inline
def slow_down(u, standing, task, Q_u, Q_uu):
    """Add what speed costs beside what stands: the derivatives of `charged_share` in u.

    The mixed derivatives in u and x are left out: without them Q stays convex.
    """
    for i in range(NU):
        slope = 2.0 * task.energy[i] * standing
        Q_u[i] = Q_u[i] + slope * u[i]
        Q_uu[i, i] = Q_uu[i, i] + slope


@inline
def backward(X, U, reg, final, k, K, Quu, task):
    """One backward pass; fills k [T, NU], K [T, NU, NX] and, if `final`, Quu [T, NU, NU].

    `reg` is added to Q_uu for k and K only; the value update uses Q_uu itself.

    Returns:
        Sum of Q_u'k, sum of k'Q_uu k / 2, and, if `final`, sum of log det Q_uu over the controls
        that are not at a bound.
    """
    horizon = U.shape[0]
    zero, one = fill(reg, 0.0), fill(reg, 1.0)
    V_x, V_xx, b = local(X, 1, NX)[0], local(X, NX, NX), local(X, 1, 9)[0]
    Q_x, Q_u, Q_xx = local(X, 1, NX)[0], local(X, 1, NU)[0], local(X, NX, NX)
    Q_ux, Q_uu, change = local(X, NU, NX), local(X, NU, NU), local(X, 1, 2)[0]
    low, high, on_rate = local(X, 1, NU)[0], local(X, 1, NU)[0], local(X, 2, NU)
    pull, W = local(X, 1, NU)[0], local(X, NU, NX)
    active, M, R = local(X, 1, NU)[0], local(X, NU, NU), local(X, NU, COLUMNS)
    share, near = fill(reg, task.barrier.standing), local(X, 1, 3)[0]
    world_quadratic(place(X[horizon], task), horizon, task, share, b)
    terminal_quadratic(X[horizon], task.p[horizon], b, V_x, V_xx)
    linear, quadratic, log_det = zero, zero, zero
    for t in range(horizon - 1, -1, -1):
        at = place(X[t], task)
        world_quadratic(at, t, task, charged_share(U[t], task), b)
        action_value(X[t], U[t], task.p[t], task.dt, b, V_x, V_xx, Q_x, Q_u, Q_xx, Q_ux, Q_uu)
        slow_down(U[t], standing_cost(at, t, task, near), task, Q_u, Q_uu)
        for i in range(NU):
            least, most = bounds(i, X[t], task)
            low[i], high[i] = vmin(least - U[t, i], 0.0), vmax(most - U[t, i], 0.0)
            on_rate[0, i] = select(least > task.limits.lower[i], one, zero)
            on_rate[1, i] = select(most < task.limits.upper[i], one, zero)
        box_policy(Q_u, Q_ux, Q_uu, reg, low, high, on_rate, active, M, R)
        for i in range(NU):
            k[t, i] = R[i, 0]
            for j in range(NX):
                K[t, i, j] = R[i, j + 1]
            if final:
                for j in range(NU):
                    Quu[t, i, j] = Q_uu[min(i, j), max(i, j)]
                log_det = log_det - log(M[i, i])  # 1 for a control at a bound
        value_update(Q_x, Q_u, Q_xx, Q_ux, Q_uu, k[t], K[t], V_x, V_xx, change, pull, W)
        linear, quadratic = linear + change[0], quadratic + change[1]
    return linear, quadratic, log_det
