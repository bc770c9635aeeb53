"""Structured ID-VIN: a learned cost per cell, known moves, the exact Bellman fixed point.

    blocked cells --encoder--> cost in [1, c_max] --fixed point--> V --> Q --> policy -beta Q

Only the encoder is learned. The kernel of the value iteration is the known move set, which makes
the fixed point unique and exact at any map size, unlike a free 3x3 kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from mme_ilqr_ros.planning.bellman import UNREACHED, action_values, bellman, unreached_like
from mme_ilqr_ros.planning.field import solve_field
from mme_ilqr_ros.planning.fixed_point import FixedPoint, Stopping, solve

ADJOINTS = ("exact", "implicit", "unrolled")

# Which of its three weights (centre, side, corner) a 3x3 kernel has where.
RINGS = ((2, 1, 2), (1, 0, 1), (2, 1, 2))


class RingConvolution(nn.Module):
    """3x3 convolution without padding whose kernels look the same from all four sides.

    A kernel has one weight for the centre, one for the four sides and one for the four corners, so
    turning or mirroring the map turns or mirrors the result, exactly and before any training.
    """

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        rings = torch.randn(n_out, n_in, 3, generator=generator)
        self.rings = nn.Parameter(rings * math.sqrt(2.0 / (9 * n_in)))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, n_out, H - 2, W - 2] for x [B, n_in, H, W]."""
        return functional.conv2d(x, self.rings[:, :, torch.tensor(RINGS)], self.bias)


class CostEncoder(nn.Module):
    """From blocked cells to the cost of each cell, between 1 and c_max.

    Two ring convolutions and one linear layer per cell, then log cost = log(c_max) sigmoid(z): the
    price of a wall goes on growing through training, that of floor settles at 1.
    """

    def __init__(
        self, generator: torch.Generator, n_channels: int = 16, c_max: float = 1e5
    ) -> None:
        super().__init__()
        self.first = RingConvolution(1, n_channels, generator)
        self.second = RingConvolution(n_channels, n_channels, generator)
        # Small, so that all cells start near one price; from chance prices of 1 to c_max, one
        # training in six never recovered.
        head = torch.randn(n_channels, generator=generator)
        self.head = nn.Parameter(0.1 * head / math.sqrt(n_channels))
        self.head_bias = nn.Parameter(torch.tensor(-2.0))
        self.register_buffer("c_max", torch.tensor(float(c_max)))

    def forward(self, blocked: Tensor) -> Tensor:
        """Return log cost [B, H, W] for blocked [B, H, W] in {0, 1}; beyond the map is blocked."""
        x = functional.pad(blocked[:, None], (2, 2, 2, 2), value=1.0)
        x = functional.relu(self.second(functional.relu(self.first(x))))
        z = torch.einsum("bchw,c->bhw", x, self.head) + self.head_bias
        return torch.log(self.c_max) * torch.sigmoid(z)


@dataclass(frozen=True, eq=False)
class Plan:
    """What the model returns for a batch.

    Attributes:
        log_cost: [B, H, W].
        values: [B, H, W] cost-to-go, UNREACHED where there is none.
        logits: [B, A, H, W] of the moves.
        residual: Largest residual over the batch.
        iterations: Forward iterations; 0 for the exact solver, which makes none.
    """

    log_cost: Tensor
    values: Tensor
    logits: Tensor
    residual: float
    iterations: int


class StructuredIDVIN(nn.Module):
    """The planner of this package as a differentiable model."""

    def __init__(self, encoder: CostEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.log_beta = nn.Parameter(torch.zeros(()))

    def forward(
        self,
        occupied: Tensor,
        goals: Tensor,
        *,
        n_moves: int,
        adjoint: str = "exact",
        stopping: Stopping | None = None,
        on_adjoint: Callable[[FixedPoint], None] | None = None,
    ) -> Plan:
        """Plan on a batch of maps without masking any cell: walls must be learned.

        Args:
            occupied: [B, H, W] in {0, 1}.
            goals: int64 [B, 2] goal cells (row, column).
            n_moves: 4 or 8.
            adjoint: "exact" (compiled solver, one reverse pass), "implicit" or "unrolled" (sweeps).
            stopping: For sweeps; None solves to residual 0, at most one sweep for each cell.
            on_adjoint: See `fixed_point.solve`.

        Raises:
            ValueError: `adjoint` is not one of the three.
        """
        if adjoint not in ADJOINTS:
            raise ValueError(f"adjoint = '{adjoint}': must be one of {', '.join(ADJOINTS)}")
        log_cost = self.encoder(occupied)
        cost = torch.exp(log_cost)
        if adjoint == "exact":
            values, residual = _Exact.apply(cost, goals, n_moves)
            iterations = 0
        else:
            stopping = stopping or Stopping(0.0, cost[0].numel() + 1)
            result = _swept(cost, goals, n_moves, adjoint, stopping, on_adjoint)
            values, residual, iterations = result.value, result.residual.max(), result.iterations
        q = action_values(values, cost, None, n_moves)
        difference = q - q.min(dim=1, keepdim=True).values
        logits = -torch.exp(self.log_beta) * difference.clamp(max=float(self.encoder.c_max))
        return Plan(log_cost, values, logits, residual.item(), iterations)


def _swept(
    cost: Tensor,
    goals: Tensor,
    n_moves: int,
    adjoint: str,
    stopping: Stopping,
    on_adjoint: Callable[[FixedPoint], None] | None,
) -> FixedPoint:
    """Solve the fixed point by Bellman sweeps."""
    goal = goal_mask(goals, cost.shape)
    return solve(
        lambda v, c: bellman(v, c, goal, None, n_moves),
        unreached_like(cost),
        (cost,),
        stopping,
        adjoint=adjoint,
        on_adjoint=on_adjoint,
    )


def goal_mask(goals: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return bool [B, H, W], True at the goal cells [B, 2]."""
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[torch.arange(len(goals)), goals[:, 0], goals[:, 1]] = True
    return mask


class _Exact(torch.autograd.Function):
    """The fixed point by the compiled solver; the gradient in reverse settling order."""

    @staticmethod
    def forward(ctx, cost, goals, n_moves):
        ctx.fields = [
            solve_field(c, tuple(g), n_moves)
            for c, g in zip(cost.detach().numpy(), goals.tolist(), strict=True)
        ]
        values = np.stack([field.values for field in ctx.fields])
        values[np.isinf(values)] = UNREACHED
        residual = torch.tensor(max(field.residual for field in ctx.fields))
        ctx.mark_non_differentiable(residual)
        return torch.from_numpy(values).to(cost.dtype), residual

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, _):
        pairs = zip(ctx.fields, gradient.double().numpy(), strict=True)
        cost_gradient = np.stack([field.adjoint(g) for field, g in pairs])
        return torch.from_numpy(cost_gradient).to(gradient.dtype), None, None
