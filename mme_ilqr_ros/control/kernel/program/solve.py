"""The iterations of iLQR on all modes of a group, and the policies they end with."""

from .backward import backward
from .lane import (
    LANES,
    absolute,
    any_lane,
    fill,
    inline,
    jit,
    lanes,
    select,
    time_is_up,
    vmax,
    vmin,
)
from .memory import load, modes_of, store
from .obstacles import least_distance
from .rollout import rollout
from .stage import NU, NX

ARMIJO = 1e-4  # fraction of the expected decrease that a step must deliver
LINE_SEARCH_STEPS, SHORTER, LONGER = 3, 0.3, 3.0  # after three trials rather regularise
CONVERGED = 1e-5  # expected decrease, relative to max(1, |J|), below which a mode is done
SETTLED = 3e-4  # expected decrease, likewise, below which a mode is no longer waited for
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
def clear(k, K):
    """Make the policies those that follow U whatever the state."""
    for t in range(k.shape[0]):
        for i in range(NU):
            k[t, i] = fill(k[t, i], 0.0)
            for j in range(NX):
                K[t, i, j] = k[t, i]


@inline
def contending_cost(costs, task):
    """Return the cost below which a mode of the group [LANES] is waited for."""
    best = costs[0]
    for lane in range(1, LANES):
        best = min(best, costs[lane])
    return best + (task.contending - 1.0) * max(abs(best), 1.0)


@inline
def improve(J, linear, searching, reg, first, group, task):
    """Search along the policies' steps; return (J, reg, first step size of the next iteration).

    The line search runs in lockstep over the lanes, so every mode starts near its last accepted
    step size, `first`.
    """
    X, U, X_new, U_new, k, K = group
    done = ~searching
    step_size, last = first, first
    for _ in range(LINE_SEARCH_STEPS):
        J_new = rollout(X, U, k, K, step_size, X_new, U_new, task)
        taken = (J_new < J + ARMIJO * step_size * linear) & searching
        if any_lane(taken):
            take_where(taken, X_new, U_new, X, U)
            J, last = select(taken, J_new, J), select(taken, step_size, last)
            searching = searching & ~taken
        if not any_lane(searching):
            break
        step_size = SHORTER * step_size
    raised = vmax(reg, REG_FIRST) * 8.0
    lowered = vmax(reg * 0.25, REG_MIN)
    reg = select(done, reg, select(searching, raised, lowered))
    return J, reg, select(searching, fill(J, SHORTER), vmin(LONGER * last, 1.0))


@jit
def solve(x0, U_given, iterations, deadline, outcome, count, memory, task):
    """Roll all modes out from x0, iterate them, and take their policies.

    A group is iterated until every mode that contends for the best cost has settled: a random
    restart far above it would take many more iterations, and is sampled again in the next cycle.
    Where obstacles move all modes contend, as the best may become infeasible in the next cycle.
    Groups come in order, so the first group's modes are served first when time is short.

    Args:
        x0: Initial state [NX].
        U_given: Controls to start from [N, T NU].
        iterations: Most iterations of a mode; 0 takes the policies of U_given.
        deadline: Clock reading after which no iteration starts [s].
        outcome: Becomes (X, U, k, K, Quu, facts), every mode in one row [N, F], F = 0 where it is
            not asked for; facts are J, the expected change of J, log det Q_uu and the least
            distance to an obstacle [m].
        count: Becomes the iterations of every group [G].
        memory: Of one group.
        task: See `kernel/task.py`.
    """
    X_out, U_out, k_out, K_out, Quu_out, facts_out = outcome
    X, U = lanes(memory.X, LANES), lanes(memory.U, LANES)
    X_new, U_new = lanes(memory.X_new, LANES), lanes(memory.U_new, LANES)
    k, K, Quu = lanes(memory.k, LANES), lanes(memory.K, LANES), lanes(memory.Quu, LANES)
    facts = lanes(memory.facts, LANES)
    for g in range(count.size):
        modes_of(g * LANES, U_given.shape[0], memory.modes)
        load(U_given, memory.modes, memory.U.reshape(-1))
        for j in range(NX):
            X[0, j] = fill(X[0, j], x0[j])
            X_new[0, j] = X[0, j]
        zero, group = fill(X[0, 0], 0.0), (X, U, X_new, U_new, k, K)
        clear(k, K)
        J = rollout(X, U, k, K, zero, X, U, task)
        reg, first, unfinished, count[g] = zero, fill(zero, 1.0), True, 0
        while True:
            final = not unfinished or count[g] >= iterations or time_is_up(deadline)
            damping = zero if final else reg
            linear, quadratic, log_det = backward(X, U, damping, final, k, K, Quu, task)
            if final:
                break
            scale, expected = vmax(absolute(J), 1.0), -(linear + quadratic)
            searching = ~((CONVERGED * scale > expected) | (reg > REG_MAX))
            facts[0], count[g] = J, count[g] + 1
            contending = contending_cost(memory.facts[0], task)
            waited_for = (contending > J) & (expected > SETTLED * scale)
            unfinished = any_lane(searching & waited_for)
            if unfinished:
                J, reg, first = improve(J, linear, searching, reg, first, group, task)
        facts[0], facts[1], facts[2] = J, linear + quadratic, log_det
        facts[3] = least_distance(X, task)
        store(memory.X.reshape(-1), g * LANES, X_out)
        store(memory.U.reshape(-1), g * LANES, U_out)
        store(memory.k.reshape(-1), g * LANES, k_out)
        store(memory.K.reshape(-1), g * LANES, K_out)
        store(memory.Quu.reshape(-1), g * LANES, Quu_out)
        store(memory.facts.reshape(-1), g * LANES, facts_out)
