"""The Bellman fixed point on maps whose opposite sides meet, like two joint angles, exactly.

    V(goal) = 0,    V(p) = min over allowed moves a: p -> q of  V(q) + E[a, p]

Such maps are small (a cell per few degrees), so here Dijkstra of scipy does what the field of a
floor needs a solver of its own for: one call for a whole batch, each map a part of the graph that
no edge leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from torch import Tensor
from torch.nn import functional

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.learning.structured import (
    FixedPointOf,
    StructuredIDVIN,
    StructuredPlan,
    edge_action_values,
    edges_of,
    exact_by,
    plan_by,
)
from mme_ilqr_ros.planning.field.costs import FieldError
from mme_ilqr_ros.planning.moves import STEPS, check_n_moves

_NOWHERE = -9999  # what scipy calls the predecessor of a cell that has none
SMALLEST = 3  # cells along a side; on less a move and its opposite lead to the same cell


@dataclass(frozen=True, eq=False)
class TorusFields:
    """Solved fields of a batch.

    Attributes:
        values: [B, H, W] cost-to-go, inf where there is no way.
        arrows: int8 [B, H, W] best move, -1 at the goals and where there is no way.
        residual: Largest Bellman residual.
        n_moves: A.
        following: int [B H W] the cell, of all, that each one's arrow leads to; itself if none.
    """

    values: np.ndarray
    arrows: np.ndarray
    residual: float
    n_moves: int
    following: np.ndarray

    def edge_adjoint(self, gradient: np.ndarray) -> np.ndarray:
        """Return dL/dE [B, A, H, W] for dL/dV [B, H, W]; only edges of best moves have any."""
        reached = np.flatnonzero(np.isfinite(self.values))
        # Descending: costs are positive, so each cell comes before the one its arrow leads to.
        order = reached[np.argsort(-self.values.reshape(-1)[reached], kind="stable")]
        weights = np.array(gradient, dtype=np.float64).reshape(-1)
        _hand_on(order, self.following, weights)
        weights = weights.reshape(self.values.shape)
        return np.stack([weights * (self.arrows == a) for a in range(self.n_moves)], axis=1)


def solve_torus(edge_cost: np.ndarray, goals: np.ndarray) -> TorusFields:
    """Solve the Bellman equation of a batch of maps that go on at their opposite sides.

    Args:
        edge_cost: [B, A, H, W] cost > 0 of leaving cell (i, j) by move a of `moves.STEPS`, A = 4 or
            8; inf = not allowed.
        goals: int [B, 2] goal cells (row, column).

    Raises:
        FieldError: A side is shorter than three cells, a goal lies outside, or a cost is not > 0.
    """
    edge_cost, goals = np.asarray(edge_cost, dtype=np.float64), np.asarray(goals)
    batch, n_moves, height, width = edge_cost.shape
    check_n_moves(n_moves)
    if min(height, width) < SMALLEST:
        raise FieldError(f"a torus of {height} x {width} cells: needs {SMALLEST} along each side")
    if (goals < 0).any() or (goals >= (height, width)).any():
        raise FieldError(f"a goal lies outside the torus of {height} x {width} cells")
    if not (edge_cost > 0.0).all():
        raise FieldError("every edge cost must be > 0 (inf = not allowed)")
    cells = np.arange(batch * height * width).reshape(batch, height, width)
    after = np.stack([np.roll(cells, tuple(-step), axis=(1, 2)) for step in STEPS[:n_moves]], 1)
    allowed = np.isfinite(edge_cost)
    here = np.broadcast_to(cells[:, None], after.shape)
    # Turned round, since scipy searches from the goals on.
    graph = csr_matrix((edge_cost[allowed], (after[allowed], here[allowed])), (cells.size,) * 2)
    sources = cells[np.arange(batch), goals[:, 0], goals[:, 1]]
    values, following, _ = dijkstra(graph, indices=sources, return_predecessors=True, min_only=True)
    following = np.where(following == _NOWHERE, cells.reshape(-1), following)
    values = values.reshape(cells.shape)
    q = values.reshape(-1)[after] + edge_cost
    is_best = (after == following.reshape(cells.shape)[:, None]) & allowed
    arrows = np.where(is_best.any(axis=1), is_best.argmax(axis=1), -1).astype(np.int8)
    best = q.min(axis=1)
    best.reshape(-1)[sources] = 0.0
    finite = np.isfinite(values) | np.isfinite(best)
    residual = float(np.abs(best[finite] - values[finite]).max(initial=0.0))
    return TorusFields(values, arrows, residual, n_moves, following)


@compiled
def _hand_on(order, following, weights):
    """Add to each cell's weight [n] those of all cells whose arrows lead through it."""
    for cell in order:
        other = following[cell]
        if other != cell:
            weights[other] += weights[cell]


def exact_on_torus(edges: Tensor, goals: Tensor) -> tuple[Tensor, Tensor]:
    """Return what `learning.structured.exact` does, for maps that wrap round."""
    return exact_by(solve_torus, edges, goals)


def action_values(values: Tensor, edges: Tensor) -> Tensor:
    """Return what `learning.structured.edge_action_values` does, for maps that wrap round."""
    return inner(edge_action_values(around(values), around(edges)))


def around(x: Tensor, width: int = 1) -> Tensor:
    """Return x [B, ..., H, W] with a border `width` cells wide of its opposite sides."""
    flat = functional.pad(x.reshape(len(x), -1, *x.shape[-2:]), (width,) * 4, mode="circular")
    return flat.reshape(*x.shape[:-2], *flat.shape[-2:])


def inner(x: Tensor, width: int = 1) -> Tensor:
    """Return x [..., H, W] without its border."""
    return x[..., width:-width, width:-width]


class TorusIDVIN(StructuredIDVIN):
    """The planner of the package on maps that wrap round, for encoders that see two cells far."""

    def forward(
        self,
        occupied: Tensor,
        goals: Tensor,
        *,
        layers: Tensor | None = None,
        mask: bool = False,
        n_moves: int,
        solve: FixedPointOf = exact_on_torus,
    ) -> StructuredPlan:
        """Plan on a batch of maps; see `StructuredIDVIN.forward`."""
        log_cost = inner(self.encoder(around(occupied, 3), layers), 2)
        edges = inner(edges_of(log_cost, around(occupied > 0.5) if mask else None, n_moves))
        values, residual = solve(edges, goals)
        return plan_by(inner(log_cost), action_values(values, edges), values, residual)
