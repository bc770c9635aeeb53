"""Structured ID-VIN: a learned cost of cells or edges, known moves, the exact Bellman fixed point.

    map --encoder--> cost of cells -> edges --fixed point--> V --> Q --> policy -(Q - min Q)

Only the encoder is learned. The kernel of the value iteration is the known move set, which makes
the fixed point unique and exact at any map size, unlike a free 3x3 kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mme_ilqr_ros.learning.bellman import (
    UNREACHED,
    edge_action_values,
    edge_bellman,
    edge_costs,
    legal_only,
    unreached_like,
)
from mme_ilqr_ros.learning.encoders import CostEncoder
from mme_ilqr_ros.learning.fixed_point import FixedPoint, Stopping, solve
from mme_ilqr_ros.planning.field import solve_edges
from mme_ilqr_ros.planning.field.torus import solve_torus
from mme_ilqr_ros.planning.moves import LENGTHS

__all__ = ["ADJOINTS", "CostEncoder", "Plan", "StructuredIDVIN", "goal_mask"]

ADJOINTS = ("exact", "implicit", "unrolled")
_LARGEST_REGRET = 1e5


@dataclass(frozen=True, eq=False)
class Plan:
    """What the model returns for a batch.

    Attributes:
        log_cost: [B, H, W] of the cells, or [B, A, H, W] of the edges per unit of length.
        values: [B, H, W] cost-to-go, UNREACHED where there is none.
        logits: [B, A, H, W] of the moves.
        residual: Largest residual over the batch.
        iterations: Forward iterations; 0 for the exact solver, which makes none.
        regrets: [B, A, H, W] Q - min Q, what a move costs more than the best one; None for models
            that have no costs.
    """

    log_cost: Tensor
    values: Tensor
    logits: Tensor
    residual: float
    iterations: int
    regrets: Tensor | None = None


class StructuredIDVIN(nn.Module):
    """The planner of this package as a differentiable model."""

    def __init__(self, encoder: nn.Module, *, wrap: bool = False) -> None:
        """Make a planner.

        Args:
            encoder: Called with (occupied, layers) it returns the log cost.
            wrap: Whether maps go on at their opposite sides; the encoder has to do so too.
        """
        super().__init__()
        self.encoder = encoder
        self.wrap = wrap

    def forward(
        self,
        occupied: Tensor,
        goals: Tensor,
        *,
        layers: Tensor | None = None,
        mask: bool = False,
        surcharge: Tensor | None = None,
        n_moves: int,
        adjoint: str = "exact",
        stopping: Stopping | None = None,
        on_adjoint: Callable[[FixedPoint], None] | None = None,
    ) -> Plan:
        """Plan on a batch of maps.

        Args:
            occupied: [B, H, W] in {0, 1}.
            goals: int64 [B, 2] goal cells (row, column).
            layers: [B, C, H, W] whatever else is seen of the map, for encoders that take it.
            mask: Whether occupied cells are closed; if not, walls must be learned.
            surcharge: [B, A, H, W] share by which moves are priced above what was learned: training
                with a margin; None for none.
            n_moves: 4 or 8.
            adjoint: "exact" (compiled solver, one reverse pass), "implicit" or "unrolled" (sweeps).
            stopping: For sweeps; None solves to residual 0, at most one sweep for each cell.
            on_adjoint: See `fixed_point.solve`.

        Raises:
            ValueError: `adjoint` is not one of the three.
        """
        if adjoint not in ADJOINTS:
            raise ValueError(f"adjoint = '{adjoint}': must be one of {', '.join(ADJOINTS)}")
        log_cost = self.encoder(occupied, layers)
        edges = edges_of(log_cost, occupied > 0.5 if mask else None, n_moves, wrap=self.wrap)
        if surcharge is not None:
            edges = torch.where(edges < UNREACHED, edges * (1.0 + surcharge), edges)
        if adjoint == "exact":
            values, residual = _Exact.apply(edges, goals, self.wrap)
            iterations = 0
        else:
            stopping = stopping or Stopping(0.0, values_like(edges)[0].numel() + 1)
            result = _swept(edges, goals, adjoint, stopping, on_adjoint, wrap=self.wrap)
            values, residual, iterations = result.value, result.residual.max(), result.iterations
        q = edge_action_values(values, edges, wrap=self.wrap)
        regrets = (q - q.min(dim=1, keepdim=True).values).clamp(max=_LARGEST_REGRET)
        return Plan(log_cost, values, -regrets, residual.item(), iterations, regrets)


def edges_of(
    log_cost: Tensor, blocked: Tensor | None, n_moves: int, *, wrap: bool = False
) -> Tensor:
    """Return edge costs [B, A, H, W] of a log cost of cells [B, H, W] or edges [B, 8, H, W]."""
    if log_cost.dim() == 3:
        return edge_costs(torch.exp(log_cost), blocked, n_moves, wrap=wrap)
    length = torch.as_tensor(LENGTHS[:n_moves], dtype=log_cost.dtype, device=log_cost.device)
    return legal_only(torch.exp(log_cost[:, :n_moves]) * length.view(-1, 1, 1), blocked, wrap=wrap)


def values_like(edges: Tensor) -> Tensor:
    """Return the values [B, H, W] to start iterating from, for edges [B, A, H, W]."""
    return unreached_like(edges[:, 0])


def _swept(
    edges: Tensor,
    goals: Tensor,
    adjoint: str,
    stopping: Stopping,
    on_adjoint: Callable[[FixedPoint], None] | None,
    *,
    wrap: bool,
) -> FixedPoint:
    """Solve the fixed point by Bellman sweeps."""
    start = values_like(edges)
    goal = goal_mask(goals, start.shape)
    return solve(
        lambda v, e: edge_bellman(v, e, goal, wrap=wrap),
        start,
        (edges,),
        stopping,
        adjoint=adjoint,
        on_adjoint=on_adjoint,
    )


def goal_mask(goals: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return bool [B, H, W], True at the goal cells [B, 2]."""
    mask = torch.zeros(shape, dtype=torch.bool, device=goals.device)
    mask[torch.arange(len(goals)), goals[:, 0], goals[:, 1]] = True
    return mask


class _Fields:
    """The fields of a batch, one by one, with what `solve_torus` returns for tori."""

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
    def forward(ctx, edges, goals, wrap):
        cost = edges.detach().cpu().numpy()
        cost = np.where(cost < UNREACHED, cost, np.inf)
        ctx.fields = (solve_torus if wrap else _Fields)(cost, goals.cpu().numpy())
        values = np.where(np.isfinite(ctx.fields.values), ctx.fields.values, UNREACHED)
        residual = torch.tensor(ctx.fields.residual)
        ctx.mark_non_differentiable(residual)
        return torch.from_numpy(values).to(edges), residual

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, _):
        edge_gradient = ctx.fields.edge_adjoint(gradient.double().cpu().numpy())
        return torch.from_numpy(edge_gradient).to(gradient), None, None
