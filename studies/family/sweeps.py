"""The structured planner's fixed point by Bellman sweeps, in place of the exact search.

Sweeping f from V = UNREACHED reaches its fixed point exactly, after as many sweeps as the longest
best path has moves; every sweep after that changes nothing. The gradient of the exact search is
the same; sweeps are there to compare with it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mme_ilqr_ros.learning.structured import UNREACHED, FixedPointOf, edge_action_values
from studies.fixed_point import FixedPoint, Stopping, solve
from studies.torus import action_values


def edge_bellman(values: Tensor, edges: Tensor, goal: Tensor, *, wrap: bool = False) -> Tensor:
    """Apply the operator f of `learning.structured` once.

    Args:
        values: [B, H, W].
        edges: [B, A, H, W], > 0, UNREACHED where not legal.
        goal: bool [B, H, W], True at the goal cells.
        wrap: Whether the map continues at its opposite side.

    Returns:
        [B, H, W]. Of equal moves one is taken (not their average), so that the best moves form a
        tree and the adjoint of the fixed point ends after finitely many steps.
    """
    best = (action_values if wrap else edge_action_values)(values, edges).min(dim=1).values
    # A constant where nothing is reached: there the best moves may run in circles.
    best = best.masked_fill(best >= UNREACHED, UNREACHED)
    return best.masked_fill(goal, 0.0)


def unreached_like(cost: Tensor) -> Tensor:
    """Return the values to start iterating from: UNREACHED everywhere."""
    return torch.full_like(cost, UNREACHED, requires_grad=False)


def goal_mask(goals: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return bool [B, H, W], True at the goal cells [B, 2]."""
    mask = torch.zeros(shape, dtype=torch.bool, device=goals.device)
    mask[torch.arange(len(goals)), goals[:, 0], goals[:, 1]] = True
    return mask


def sweeps(
    adjoint: str,
    stopping: Stopping | None = None,
    on_adjoint: Callable[[FixedPoint], None] | None = None,
    *,
    wrap: bool = False,
) -> FixedPointOf:
    """Return what solves the fixed point of `StructuredIDVIN` by sweeps.

    Args:
        adjoint: "implicit" or "unrolled".
        stopping: None solves to residual 0, at most one sweep for each cell.
        on_adjoint: See `fixed_point.solve`.
        wrap: Whether the map continues at its opposite side.
    """

    def values_of(edges: Tensor, goals: Tensor) -> tuple[Tensor, Tensor]:
        start = unreached_like(edges[:, 0])
        goal = goal_mask(goals, start.shape)
        result = solve(
            lambda v, e: edge_bellman(v, e, goal, wrap=wrap),
            start,
            (edges,),
            stopping or Stopping(0.0, start[0].numel() + 1),
            adjoint=adjoint,
            on_adjoint=on_adjoint,
        )
        return result.value, result.residual.max()

    return values_of
