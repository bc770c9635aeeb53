"""Structured ID-VIN: a learned cost of cells or edges, known moves, the exact Bellman fixed point.

    map --encoder--> cost of cells -> edges --fixed point--> V --> Q --> policy -(Q - min Q)

    Q(p, a) = V(q) + E(p, a)        for the legal move a from p to q
    f(V)(p) = min_a Q(p, a),    f(V)(goal) = 0

E is the cost of an edge. Where cells have a cost, E(p, a) = length_a (cost(p) + cost(q)) / 2. With
positive costs f has one fixed point, which exact search finds at any map size, unlike that of a
free 3x3 kernel. Only the encoder is learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from mme_ilqr_ros.planning.field import solve_edges
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS, check_n_moves

UNREACHED = 1e30
"""Value of a cell without a way to the goal, and cost of a move that is not legal. Finite, so that
differences stay numbers; so large that adding an edge cost does not change it."""


def edge_costs(cost: Tensor, blocked: Tensor | None = None, n_moves: int = 8) -> Tensor:
    """Return the cost E [B, A, H, W] of every move from every cell; UNREACHED where not legal.

    Args:
        cost: [B, H, W] costs of the cells, > 0.
        blocked: bool [B, H, W] cells that no move may touch; None for none.
        n_moves: A, 8 or 4.
    """
    check_n_moves(n_moves)
    padded = functional.pad(cost, (1,) * 4, value=1.0)
    moves = [
        LENGTHS[a] * (0.5 * (cost + _at(padded, d_row, d_column)))
        for a, (d_row, d_column) in enumerate(STEPS[:n_moves].tolist())
    ]
    return legal_only(torch.stack(moves, dim=1), blocked)


def legal_only(edges: Tensor, blocked: Tensor | None = None) -> Tensor:
    """Return edge costs [B, A, H, W] with UNREACHED where the move is not legal.

    Args:
        edges: [B, A, H, W], A = 8 or 4.
        blocked: bool [B, H, W] cells that no move may touch; None for none.
    """
    if blocked is None:
        blocked = torch.zeros_like(edges[:, 0], dtype=torch.bool)
    closed = functional.pad(blocked, (1,) * 4, value=True)
    illegal = []
    for a, (d_row, d_column) in enumerate(STEPS[: edges.shape[1]].tolist()):
        stopped = blocked | _at(closed, d_row, d_column)
        if a >= N_STRAIGHT:
            stopped = stopped | _at(closed, d_row, 0) | _at(closed, 0, d_column)
        illegal.append(stopped)
    return edges.masked_fill(torch.stack(illegal, dim=1), UNREACHED)


def edge_action_values(values: Tensor, edges: Tensor) -> Tensor:
    """Return Q [B, A, H, W] of every move from every cell, UNREACHED where it leads nowhere.

    Args:
        values: [B, H, W] values of the cells.
        edges: [B, A, H, W] cost of the moves, UNREACHED where not legal.
    """
    padded = functional.pad(values, (1,) * 4, value=UNREACHED)
    after = [_at(padded, *step) for step in STEPS[: edges.shape[1]].tolist()]
    q = torch.stack(after, dim=1) + edges
    return q.masked_fill(q >= UNREACHED, UNREACHED)


def _at(padded: Tensor, d_row: int, d_column: int) -> Tensor:
    """Return the neighbour of each cell at an offset, of a grid padded by one cell."""
    height, width = padded.shape[-2] - 2, padded.shape[-1] - 2
    row, column = 1 + d_row, 1 + d_column
    return padded[..., row : row + height, column : column + width]


_LARGEST_REGRET = 1e5

FixedPointOf = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From edge costs [B, A, H, W] and goals int64 [B, 2] to the values [B, H, W], with a gradient with
respect to the costs, and the largest residual."""


class Fields(Protocol):
    """Solved fields of a batch: values [B, H, W], inf where there is no path, and residual."""

    values: np.ndarray
    residual: float

    def edge_adjoint(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dE [B, A, H, W] for dL/dV [B, H, W]."""


@dataclass(frozen=True, eq=False)
class StructuredPlan:
    """What the model returns for a batch.

    Attributes:
        log_cost: [B, H, W] of the cells, or [B, A, H, W] of the edges per unit of length.
        values: [B, H, W] cost-to-go, UNREACHED where there is none.
        logits: [B, A, H, W] of the moves: minus their regret.
        residual: Largest residual over the batch.
        regrets: [B, A, H, W] Q - min Q, what a move costs more than the best one.
    """

    log_cost: Tensor
    values: Tensor
    logits: Tensor
    residual: float
    regrets: Tensor


def exact(edges: Tensor, goals: Tensor) -> tuple[Tensor, Tensor]:
    """Return the fixed point by exact search; the gradient is one pass in reverse settling order.

    Args:
        edges: [B, A, H, W] edge costs.
        goals: int64 [B, 2].
    """
    return exact_by(_MapFields, edges, goals)


def exact_by(
    search: Callable[[np.ndarray, np.ndarray], Fields], edges: Tensor, goals: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the fixed point by a search from edge costs [B, A, H, W], inf where not legal."""
    return _Exact.apply(edges, goals, search)


class StructuredIDVIN(nn.Module):
    """The planner of this package as a differentiable model."""

    def __init__(self, encoder: nn.Module) -> None:
        """Make a planner; its encoder, called with (occupied, layers), returns the log cost."""
        super().__init__()
        self.encoder = encoder

    def forward(
        self,
        occupied: Tensor,
        goals: Tensor,
        *,
        layers: Tensor | None = None,
        mask: bool = False,
        n_moves: int,
        solve: FixedPointOf = exact,
    ) -> StructuredPlan:
        """Plan on a batch of maps.

        Args:
            occupied: [B, H, W] in {0, 1}.
            goals: int64 [B, 2] goal cells (row, column).
            layers: [B, C, H, W] extra layers of the map, for encoders that take them.
            mask: Whether occupied cells are closed; if not, walls must be learned.
            n_moves: 4 or 8.
            solve: Finds the fixed point.
        """
        log_cost = self.encoder(occupied, layers)
        edges = edges_of(log_cost, occupied > 0.5 if mask else None, n_moves)
        values, residual = solve(edges, goals)
        return plan_by(log_cost, edge_action_values(values, edges), values, residual)


def plan_by(log_cost: Tensor, q: Tensor, values: Tensor, residual: Tensor) -> StructuredPlan:
    """Return the plan for action values q [B, A, H, W]; see `StructuredPlan`."""
    regrets = (q - q.min(dim=1, keepdim=True).values).clamp(max=_LARGEST_REGRET)
    return StructuredPlan(log_cost, values, -regrets, residual.item(), regrets)


def edges_of(log_cost: Tensor, blocked: Tensor | None, n_moves: int) -> Tensor:
    """Return edge costs [B, A, H, W] of a log cost of cells [B, H, W] or edges [B, 8, H, W]."""
    if log_cost.dim() == 3:
        return edge_costs(torch.exp(log_cost), blocked, n_moves)
    length = torch.as_tensor(LENGTHS[:n_moves], dtype=log_cost.dtype, device=log_cost.device)
    return legal_only(torch.exp(log_cost[:, :n_moves]) * length.view(-1, 1, 1), blocked)


class _MapFields:
    """The fields of a batch of maps, one by one."""

    def __init__(self, edge_cost: np.ndarray, goals: np.ndarray) -> None:
        pairs = zip(edge_cost, goals.tolist(), strict=True)
        self._fields = [solve_edges(cost, tuple(goal)) for cost, goal in pairs]
        self.values = np.stack([field.values for field in self._fields])
        self.residual = max(field.residual for field in self._fields)

    def edge_adjoint(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dE [B, A, H, W] for dL/dV [B, H, W]."""
        pairs = zip(self._fields, gradient, strict=True)
        return np.stack([field.edge_adjoint(g) for field, g in pairs])


class _Exact(torch.autograd.Function):
    """The fixed point by the compiled solver; the gradient in reverse settling order."""

    @staticmethod
    def forward(ctx: Any, edges: Tensor, goals: Tensor, search: Any) -> tuple[Tensor, Tensor]:
        cost = edges.detach().cpu().numpy()
        cost = np.where(cost < UNREACHED, cost, np.inf)
        ctx.fields = search(cost, goals.cpu().numpy())
        values = np.where(np.isfinite(ctx.fields.values), ctx.fields.values, UNREACHED)
        residual = torch.tensor(ctx.fields.residual)
        ctx.mark_non_differentiable(residual)
        return torch.from_numpy(values).to(edges), residual

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor, None, None]:
        edge_gradient = ctx.fields.edge_adjoint(gradient.double().cpu().numpy())
        return torch.from_numpy(edge_gradient).to(gradient), None, None
