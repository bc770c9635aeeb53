"""Rollouts of all lanes with all step lengths: only the robot's step goes stage by stage."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor

from studies.batched.clearance import charged_share, world_costs
from studies.batched.task import Task


def rollout(
    texts: SimpleNamespace,
    task: Task,
    x0: Tensor,
    wanted: Tensor,
    policy: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Roll out u = wanted + K (x - X), clipped to the limits.

    Args:
        texts: The problem's functions.
        task: Limits, costs, obstacles.
        x0: Initial states [L, nx].
        wanted: Controls [T, L, nu, S] for S step lengths.
        policy: (X [T+1, L, nx], K [T, L, nu, nx]); None rolls out `wanted` alone.

    Returns:
        X [T+1, L, nx, S], U [T, L, nu, S] and J [L, S].
    """
    x = x0[..., None].expand(*x0.shape, wanted.shape[-1])
    states, controls = [x], []
    for t, u in enumerate(wanted.unbind()):
        if policy is not None:
            u = torch.baddbmm(u, policy[1][t], x - policy[0][t, :, :, None])
        u = torch.fmin(torch.fmax(u, task.lower), task.upper)  # a control that is NaN: a bound
        before = x.index_select(1, task.held)
        u = torch.fmin(torch.fmax(u, before - task.change), before + task.change)
        after: dict[int, Tensor | float] = {}
        texts.step(x.unbind(1), u.unbind(1), (task.dt,), after)
        x = torch.stack([_wide(after[j], x) for j in range(x.shape[1])], 1)
        states.append(x)
        controls.append(u)
    X, U = torch.stack(states), torch.stack(controls)
    return X, U, trajectory_cost(texts, task, X, U)


def _wide(value: Tensor | float, x: Tensor) -> Tensor:
    return value if isinstance(value, Tensor) else torch.full_like(x[:, 0], value)


def trajectory_cost(texts: SimpleNamespace, task: Task, X: Tensor, U: Tensor) -> Tensor:
    """Return J [L, S] of trajectories X [T+1, L, nx, S] and U [T, L, nu, S]."""
    x, end = X[:-1].unbind(2), X[-1:].unbind(2)
    stage: dict[int, Tensor] = {}
    final: dict[int, Tensor] = {}
    texts.stage_cost(x, U.unbind(2), [p[:-1] for p in task.parameters], stage)
    texts.terminal_cost(end, [p[-1:] for p in task.parameters], final)
    standing, others = world_costs(texts, task, x[0], x[1], slice(0, -1))
    along = stage[0] + charged_share(task, U) * standing + others
    standing, others = world_costs(texts, task, end[0], end[1], slice(-1, None))
    last = final[0] + task.barrier.standing * standing + others
    return along.sum(0) + last[0]
