"""Policies within the limits, for all lanes: k minimises its quadratic in a box.

A control is at its lower bound, free, or at its upper one. All 3^nu such sets are solved side by
side, and a lane takes the one that meets the conditions of optimality. The kernel's active-set
steps end there too, but their number differs from lane to lane, and to ask whether all are done
makes a GPU wait. Lanes come last here: every operation runs along them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from studies.batched.task import Task


@dataclass(frozen=True)
class Box:
    """Bounds of k around a trajectory, and the policy [k, K] of a control that is on its bound.

    When the bound moves with the state (a rate limit), so does the control: its gain is 1 on the
    held state.

    Attributes:
        low: Smallest k [T, nu, L].
        high: Largest k [T, nu, L].
        on_low: Policy on the lower bound [T, nu, 1+nx, L].
        on_high: Policy on the upper bound [T, nu, 1+nx, L].
        sets: -1, 0 or 1 for every control of every set [S, nu, 1].
        identity: [nu, nu, 1].
    """

    low: Tensor
    high: Tensor
    on_low: Tensor
    on_high: Tensor
    sets: Tensor
    identity: Tensor

    @classmethod
    def around(cls, task: Task, held: tuple[int, ...], X: Tensor, U: Tensor) -> Box:
        """Return the box around X [T+1, L, nx], U [T, L, nu]."""
        nu = len(held)
        before = X[:-1].index_select(2, task.held).transpose(1, 2)
        slowest, fastest = before - task.change, before + task.change
        least = torch.minimum(torch.maximum(task.lower, slowest), fastest)
        most = torch.maximum(torch.minimum(task.upper, fastest), slowest)
        low = (least - U.transpose(1, 2)).clamp_max(0.0)
        high = (most - U.transpose(1, 2)).clamp_min(0.0)
        gain = torch.zeros(nu, X.shape[2], 1).to(X)
        for i, state in enumerate(held):
            gain[i, state] = float(state >= 0)
        sets = torch.cartesian_prod(*[torch.arange(-1.0, 2.0)] * nu).reshape(-1, nu, 1)
        return cls(
            low,
            high,
            torch.cat([low[:, :, None], gain * (least > task.lower)[:, :, None]], 2),
            torch.cat([high[:, :, None], gain * (most < task.upper)[:, :, None]], 2),
            sets.to(X),
            torch.eye(nu).to(X)[..., None],
        )


def box_policy(Q: Tensor, reg: Tensor, box: Box, t: int) -> tuple[Tensor, Tensor]:
    """Return ([k, K] [nu, 1+nx, L], active [nu, L]) of stage t.

    Args:
        Q: The rows [Q_u, Q_ux, Q_uu] [nu, 1+nx+nu, L].
        reg: Added to Q_uu [L].
        box: Bounds.
        t: The stage.
    """
    nu = len(Q)
    right, M = -Q[:, :-nu], Q[:, -nu:] + reg * box.identity
    active = active_set(M, right[:, 0], box, t)
    at_bound = (active != 0.0)[:, None]
    bound = torch.where(active[:, None] > 0.0, box.on_high[t], box.on_low[t])
    policy = solve(torch.where(at_bound, box.identity, M), torch.where(at_bound, bound, right))
    k = torch.minimum(torch.maximum(policy[:, 0], box.low[t]), box.high[t])
    return torch.cat([k[:, None], policy[:, 1:]], 1), active


def active_set(M: Tensor, g: Tensor, box: Box, t: int) -> Tensor:
    """Return the set [nu, L] that is optimal for k'M k / 2 - g'k in the box of stage t.

    Its free controls are within their bounds, and the cost falls beyond the others'.
    """
    sets, low, high, at_bound = box.sets, box.low[t], box.high[t], box.sets != 0.0
    bound = torch.where(at_bound, torch.where(sets > 0.0, high, low), g)
    k = solve(torch.where(at_bound[:, :, None], box.identity, M), bound[:, :, None])[:, :, 0]
    slope = (M * k[:, None]).sum(2) - g
    wrong = torch.where(at_bound, slope * sets, torch.maximum(k - high, low - k))
    return sets[..., 0][wrong.amax(1).argmin(0)].T


def solve(M: Tensor, right: Tensor) -> Tensor:
    """Return Y of M Y = R, M [..., nu, nu, L] positive definite (no pivoting), R [..., nu, n, L].

    By elimination rather than through LAPACK: a few operations for all lanes, no call per lane.
    """
    n = right.shape[-2]
    rows, inverses = list(torch.cat([right, M], -2).unbind(-3)), []
    for i in range(len(rows)):
        row = rows[i]
        inverses.append(row[..., n + i, None, :].reciprocal())
        for j in range(i + 1, len(rows)):
            factor = rows[j][..., n + i, None, :] * inverses[i]
            rows[j] = torch.addcmul(rows[j], factor, row, value=-1.0)
    found = [row[..., :n, :] for row in rows]
    for i in range(len(rows) - 1, -1, -1):
        rest = found[i]
        for j in range(i + 1, len(rows)):
            rest = torch.addcmul(rest, rows[i][..., n + j, None, :], found[j], value=-1.0)
        found[i] = rest * inverses[i]
    return torch.stack(found, -3)


def log_det_free(Quu: Tensor, active: Tensor) -> Tensor:
    """Return log det of the free controls' block of Quu [..., nu, nu]."""
    free = active == 0.0
    block = torch.where(free[..., None] & free[..., None, :], Quu, torch.eye(Quu.shape[-1]).to(Quu))
    return 2.0 * torch.linalg.cholesky_ex(block)[0].diagonal(dim1=-2, dim2=-1).log().sum(-1)
