"""Rollouts: the limits, the cost of a trajectory, and following a policy."""

from .lane import fill, inline, local, log, vmax, vmin
from .obstacles import add_moving_cost, place, standing_cost
from .stage import HELD, NU, NX, stage_cost, step, terminal_cost


@inline
def bounds(i, x, task):
    """Return (lowest, highest) value of control i in state x: the box, and the rate limit.

    From outside the box, as after a lowered speed limit, the rate limit leads back into it.
    """
    lower, upper, rate = task.limits
    low, high = fill(x[0], lower[i]), fill(x[0], upper[i])
    if HELD[i] >= 0:
        least, most = x[HELD[i]] - rate[i] * task.dt, x[HELD[i]] + rate[i] * task.dt
        low, high = vmin(vmax(low, least), most), vmax(vmin(high, most), least)
    return low, high


@inline
def charged_share(u, task):
    """Return the share that is charged of the cost of what stands: the energy of a contact.

    Charged per second instead, a narrow place would cost more than the time lost in front of it,
    and every plan would wait outside. So a plan may stand anywhere, and is slow where it is narrow.
    """
    share = fill(u[0], task.barrier.standing)
    for i in range(NU):
        share = share + task.energy[i] * u[i] * u[i]
    return share


@inline
def rollout(X, U, k, K, step_size, X_new, U_new, task):
    """Roll out u = U + step_size k + K (x - X), clipped to the limits, from X_new[0]; return J.

    With k and K zero u = U, and X_new may be X and U_new may be U.
    """
    horizon = U.shape[0]
    x, after, u = local(X, 1, NX)[0], local(X, 1, NX)[0], local(X, 1, NU)[0]
    cost, sums, factors = local(X, 1, 1)[0], local(X, 1, 3)[0], 0 * horizon
    near = local(X, 1, 3)[0]
    sums[0], sums[1], sums[2] = fill(step_size, 0.0), fill(step_size, 1.0), fill(step_size, 0.0)
    for j in range(NX):
        x[j] = X_new[0, j]
    for t in range(horizon):
        for i in range(NU):
            wanted = U[t, i] + step_size * k[t, i]
            for j in range(NX):
                wanted = wanted + K[t, i, j] * (x[j] - X[t, j])
            low, high = bounds(i, x, task)
            u[i] = vmin(vmax(wanted, low), high)
            U_new[t, i] = u[i]
        stage_cost(x, u, task.p[t], cost)
        at, share = place(x, task), charged_share(u, task)
        sums[0] = sums[0] + cost[0] + share * standing_cost(at, t, task, near) + near[2]
        factors = add_moving_cost(at, t, task, sums, factors)
        step(x, u, task.dt, after)
        for j in range(NX):
            x[j] = after[j]
            X_new[t + 1, j] = after[j]
    terminal_cost(x, task.p[horizon], cost)
    at = place(x, task)
    at_rest = task.barrier.standing * standing_cost(at, horizon, task, near)
    sums[0] = sums[0] + cost[0] + at_rest + near[2]
    add_moving_cost(at, horizon, task, sums, factors)
    return sums[0] - task.barrier.weight * log(sums[1]) + sums[2]
