"""The backward pass of all lanes: derivatives of all stages at once, then the recursion.

The recursion works on homogeneous coordinates z = (1, x, u), in which a value function is one
symmetric matrix: with F = d(1, x')/dz and L the stage's quadratic, Q = L + F'V F, and following
[k, K] V = G'Q G with G = d(1, x, u)/d(1, x).

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022 (value and
policy); Tassa, Mansard, Todorov, Control-Limited DDP, ICRA 2014 (clamped controls).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import torch
from torch import Tensor

from studies.batched.box import Box, box_policy, log_det_free
from studies.batched.clearance import charged_share, world_costs, world_quadratic
from studies.batched.task import Task

Entries = dict[int | tuple[int, int], Tensor | float]


@dataclass(frozen=True)
class Gains:
    """What a backward pass finds.

    Attributes:
        k: Feedforward [T, L, nu].
        K: Gains [T, L, nu, nx].
        Quu: Action-value Hessians [T, L, nu, nu].
        linear: Sum of Q_u'k [L].
        quadratic: Sum of k'Q_uu k / 2 [L].
        active: -1, 0 or 1 for controls at their lower bound, free, at their upper [T, L, nu].
    """

    k: Tensor
    K: Tensor
    Quu: Tensor
    linear: Tensor
    quadratic: Tensor
    active: Tensor

    def log_det(self) -> Tensor:
        """Return the sum of log det Q_uu over the free controls [L]."""
        return log_det_free(self.Quu, self.active).sum(0)


def backward(
    texts: SimpleNamespace,
    task: Task,
    held: tuple[int, ...],
    X: Tensor,
    U: Tensor,
    reg: Tensor,
) -> Gains:
    """Return the policies around X [T+1, L, nx], U [T, L, nu].

    `reg` [L] is added to Q_uu for k and K only; the value uses Q_uu itself.
    """
    nu, columns = U.shape[2], X.shape[2] + 1
    F, stage, V = quadratics(texts, task, X, U)
    box = Box.around(task, held, X, U)
    top = torch.eye(columns).to(V).expand(len(V), columns, columns)
    Qs, policies, actives = [], [], []
    for t in range(len(U) - 1, -1, -1):
        Q = torch.baddbmm(stage[t], F[t].transpose(1, 2), V @ F[t])
        rows = Q[:, -nu:].permute(1, 2, 0).contiguous()
        policy, active = box_policy(rows, reg, box, t)
        G = torch.cat([top, policy.permute(2, 0, 1)], 1)
        V = G.transpose(1, 2) @ (Q @ G)
        Qs.append(rows)
        policies.append(policy)
        actives.append(active)
    Q, policy, active = (torch.stack(list_[::-1]) for list_ in (Qs, policies, actives))
    k, Quu = policy[:, :, 0], Q[:, :, -nu:]
    linear = (Q[:, :, 0] * k).sum((0, 1))
    quadratic = 0.5 * ((Quu * k[:, None]).sum(2) * k).sum((0, 1))
    Quu = Quu.permute(0, 3, 1, 2)
    k, K, active = k.mT, policy[:, :, 1:].permute(0, 3, 1, 2), active.mT
    return Gains(k, K, Quu, linear, quadratic, active)


def quadratics(
    texts: SimpleNamespace, task: Task, X: Tensor, U: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return F [T, L, 1+nx, nz], the stages' quadratics L [T, L, nz, nz], V_T [L, 1+nx, 1+nx]."""
    (n_stages, n_lanes, nu), nx = U.shape, X.shape[2]
    x = X[:-1, ..., None].unbind(2)
    u = U[..., None].unbind(2)
    A, B, l_x, l_u, l_xx, l_ux, l_uu = outputs = tuple({} for _ in range(7))
    texts.step_jacobian(x, u, (task.dt,), A, B)
    texts.stage_quadratic(x, u, [p[:-1] for p in task.parameters], *outputs[2:])
    stages = slice(0, -1)
    b = world_quadratic(texts, task, x[0], x[1], charged_share(task, U[..., None]), stages)
    F = X.new_zeros(n_stages, n_lanes, 1 + nx, 1 + nx + nu)
    F[..., 0, 0] = 1.0
    _place(F, A, 1, 1)
    _place(F, B, 1, 1 + nx)
    stage = X.new_zeros(n_stages, n_lanes, 1 + nx + nu, 1 + nx + nu)
    for entries, row, column in ((l_x, 1, 0), (l_u, 1 + nx, 0), (l_ux, 1 + nx, 1)):
        _place(stage, entries, row, column)
        _place(stage, entries, row, column, mirrored=True)
    _place(stage, l_xx, 1, 1)
    _place(stage, l_uu, 1 + nx, 1 + nx)
    _add_world(stage, b)
    _slow_down(stage, task, U, world_costs(texts, task, x[0], x[1], stages)[0])
    return F, stage, _final_value(texts, task, X)


def _final_value(texts: SimpleNamespace, task: Task, X: Tensor) -> Tensor:
    end, nx = X[-1:, ..., None].unbind(2), X.shape[2]
    at_rest = task.barrier.standing
    b = world_quadratic(texts, task, end[0], end[1], at_rest, slice(-1, None))
    b = (*b, *([torch.zeros_like(b[0])] * 4))  # of the heading: here robots are round
    V_x, V_xx = {}, {}
    texts.terminal_quadratic(end, [p[-1:] for p in task.parameters], b, V_x, V_xx)
    upper = X.new_zeros(1, X.shape[1], 1 + nx, 1 + nx)
    _place(upper, V_x, 1, 0, mirrored=True)
    _place(upper, V_xx, 1, 1)
    return (upper + upper.triu(1).transpose(2, 3))[0]


def _place(into: Tensor, entries: Entries, row: int, column: int, mirrored: bool = False) -> None:
    """Write a printed matrix's entries [T, L, 1] into a block of `into` [T, L, ., .]."""
    for key, value in entries.items():
        i, j = key if isinstance(key, tuple) else (key, 0)
        if isinstance(value, Tensor):
            value = value[..., 0]
        elif value == 0.0:
            continue
        at = (column + j, row + i) if mirrored else (row + i, column + j)
        into[..., at[0], at[1]] = value


def _add_world(stage: Tensor, b: tuple[Tensor, ...]) -> None:
    """Add the obstacles' gradient and Hessian in x and y."""
    bx, by, bxx, bxy, byy = (part[..., 0] for part in b)
    for i, j, part in ((1, 0, bx), (2, 0, by), (1, 1, bxx), (2, 1, bxy), (2, 2, byy)):
        stage[..., i, j] += part
        if i != j:
            stage[..., j, i] += part


def _slow_down(stage: Tensor, task: Task, U: Tensor, standing: Tensor) -> None:
    """Add what speed costs beside what stands, see `kernel.program.backward.slow_down`."""
    first = stage.shape[-1] - U.shape[2]
    slope = 2.0 * task.energy[:, 0] * standing  # [T, L, nu]
    stage[..., first:, 0] += slope * U
    stage[..., 0, first:] += slope * U
    stage[..., first:, first:] += torch.diag_embed(slope)
