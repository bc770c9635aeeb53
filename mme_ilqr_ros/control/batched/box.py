"""Policies within the limits, for all lanes: k minimises its quadratic in a box.

Active-set Newton steps as in the kernel's text: a control that leaves the box is clamped at its
bound, one whose cost falls away from its bound is released.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mme_ilqr_ros.control.batched.task import Task


@dataclass(frozen=True)
class Box:
    """Bounds of k around a trajectory, and the policy [k, K] of a control that is on its bound.

    When the bound moves with the state (a rate limit), so does the control: its gain is 1 on the
    held state.

    Attributes:
        low: Smallest k [T, L, nu].
        high: Largest k [T, L, nu].
        on_low: Policy on the lower bound [T, L, nu, 1+nx].
        on_high: Policy on the upper bound [T, L, nu, 1+nx].
    """

    low: Tensor
    high: Tensor
    on_low: Tensor
    on_high: Tensor

    @classmethod
    def around(cls, task: Task, held: tuple[int, ...], X: Tensor, U: Tensor) -> Box:
        """Return the box around X [T+1, L, nx], U [T, L, nu]."""
        lower, upper, change = (a[:, 0] for a in (task.lower, task.upper, task.change))
        columns = torch.tensor([max(h, 0) for h in held], device=X.device)
        before = X[:-1].index_select(2, columns)
        slowest, fastest = before - change, before + change
        least = torch.minimum(torch.maximum(lower, slowest), fastest)
        most = torch.maximum(torch.minimum(upper, fastest), slowest)
        low, high = (least - U).clamp_max(0.0), (most - U).clamp_min(0.0)
        gain = torch.zeros(U.shape[2], X.shape[2]).to(X)
        for i, state in enumerate(held):
            gain[i, state] = float(state >= 0)
        return cls(
            low,
            high,
            torch.cat([low[..., None], gain * (least > lower)[..., None]], -1),
            torch.cat([high[..., None], gain * (most < upper)[..., None]], -1),
        )


def box_policy(Q: Tensor, reg: Tensor, box: Box, t: int) -> tuple[Tensor, Tensor]:
    """Return ([k, K] [L, nu, 1+nx], active [L, nu]) of stage t.

    Args:
        Q: The rows [Q_u, Q_ux, Q_uu] [L, nu, 1+nx+nu].
        reg: Added to Q_uu [L].
        box: Bounds.
        t: The stage.
    """
    nu, low, high = Q.shape[1], box.low[t], box.high[t]
    columns = Q.shape[2] - nu
    identity = torch.eye(nu).to(Q)
    right, M = -Q[..., :columns], Q[..., columns:] + reg[:, None, None] * identity
    policy = solve(M, right)
    active = torch.zeros_like(low)
    if not _beyond(policy[..., 0], low, high).any():
        return policy, active
    for _ in range(2 * nu + 1):
        before, k = active, policy[..., 0]
        slope = (M * k[:, None]).sum(-1) - right[..., 0]
        kept = torch.where(slope * active > 0.0, 0.0, active)
        active = torch.where(active != 0.0, kept, _beyond(k, low, high).to(active))
        if not (active != before).any():
            break
        clamped = (active != 0.0)[..., None]
        bound = torch.where(active[..., None] > 0.0, box.on_high[t], box.on_low[t])
        policy = solve(torch.where(clamped, identity, M), torch.where(clamped, bound, right))
    k = torch.minimum(torch.maximum(policy[..., :1], low[..., None]), high[..., None])
    return torch.cat([k, policy[..., 1:]], -1), active


def _beyond(k: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Return 1 above the box, -1 below it, else 0."""
    return (k > high).to(torch.int8) - (k < low).to(torch.int8)


def solve(M: Tensor, right: Tensor) -> Tensor:
    """Return Y of M Y = R, M [..., nu, nu] positive definite (no pivoting), R [..., nu, n].

    By elimination rather than through LAPACK: a few operations for all lanes, no call per lane.
    """
    n = right.shape[-1]
    rows = list(torch.cat([right, M], -1).unbind(-2))
    inverses = []
    for i in range(len(rows)):
        row = rows[i]
        inverses.append(1.0 / row[..., n + i, None])
        for j in range(i + 1, len(rows)):
            factor = rows[j][..., n + i, None] * inverses[i]
            rows[j] = torch.addcmul(rows[j], factor, row, value=-1.0)
    found: list[Tensor] = [row[..., :n] for row in rows]
    for i in range(len(rows) - 1, -1, -1):
        rest = found[i]
        for j in range(i + 1, len(rows)):
            rest = torch.addcmul(rest, rows[i][..., n + j, None], found[j], value=-1.0)
        found[i] = rest * inverses[i]
    return torch.stack(found, -2)


def log_det_free(Quu: Tensor, active: Tensor) -> Tensor:
    """Return log det of the free controls' block of Quu [..., nu, nu]."""
    free = active == 0.0
    block = torch.where(free[..., None] & free[..., None, :], Quu, torch.eye(Quu.shape[-1]).to(Quu))
    return 2.0 * torch.linalg.cholesky_ex(block)[0].diagonal(dim1=-2, dim2=-1).log().sum(-1)
