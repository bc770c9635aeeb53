"""What the planners with a free kernel share: map in, fixed point, policy out.

    x = (free, goal) --inputs--> what f depends on --solve v = f(v)--> v* --logits--> moves

The map goes in as 1 where a cell is free, as in the papers' data. Every convolution pads with
zeros, so what lies beyond the map then reads as wall. With walls as 1 it would read as floor.

A member of the family says only what its inputs, its f and its logits are. Whether it is explicit
(VIN) or implicit (ID-VIN) is the adjoint, one of its settings.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mme_ilqr_ros.planning.moves import check_n_moves
from studies.fixed_point import (
    SOLVERS,
    FixedPoint,
    SolveStatus,
    Stopping,
    solve,
    squared_jacobian_norm,
)

FREE_IS_ONE = "free_is_one"
"""Name of the tensor that says so of weights."""
_LAYERS = Stopping(0.0, 30)
_ADJOINT = Stopping(1e-4, 400, relative=True)


@dataclass(frozen=True)
class FreeKernelSettings:
    """Of a planner with a free kernel.

    Attributes:
        n_hidden: Channels of the first convolution, l_h in the papers.
        n_q: Channels of Q, l_q in the papers (GPPN: of its state; SymVIN: fields of 8 channels).
        kernel: Cells along a side of the kernels of the iteration, F in the papers; odd.
        wrap: Whether the map goes on at its opposite side, like two joint angles, or ends there.
        adjoint: "unrolled" or "implicit".
        stopping: Of the forward solve. An unrolled planner of K layers has tolerance 0 and cap K.
        solver: Of the implicit forward solve, one of `SOLVERS`.
        adjoint_stopping: Of the implicit adjoint's solve.
        adjoint_solver: One of `SOLVERS`.
        jacobian_weight: Of the penalty on ||df/dv||_F^2 / n in training.
        discount: Below 1. VIN and SymVIN become Markov decision processes with this discount, see
            `decision.py`; the kernels of GPPN are bounded by it, see `gppn.py`. Either is a
            contraction. None leaves the kernels free, as the papers do.
    """

    n_hidden: int = 150
    n_q: int = 40
    kernel: int = 3
    wrap: bool = False
    adjoint: str = "unrolled"
    stopping: Stopping = _LAYERS
    solver: str = "forward"
    adjoint_stopping: Stopping = _ADJOINT
    adjoint_solver: str = "anderson"
    jacobian_weight: float = 0.0
    discount: float | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """What a planner with a free kernel returns for a batch.

    Attributes:
        values: [B, C, H, W] the fixed point, or the last of the layers.
        logits: [B, A, H, W] of the moves.
        residual: Largest residual over the batch.
        residuals: [B].
        iterations: Forward iterations of the slowest sample.
        status: How the forward solve ended.
        converged: bool [B], the samples whose forward solve converged.
        bound: L with |f(v) - f(v')| <= L |v - v'| in the largest norm; infinite if none is known.
        penalty: Scalar to add to a loss; 0 unless the settings ask for one.
    """

    values: Tensor
    logits: Tensor
    residual: float
    residuals: Tensor
    iterations: int
    status: SolveStatus
    converged: Tensor
    bound: float
    penalty: Tensor


class FreeKernelPlanner(nn.Module, ABC):
    """A planner whose iteration is learned."""

    def __init__(self, settings: FreeKernelSettings) -> None:
        super().__init__()
        self.settings = settings
        # Seeds the signs of the Jacobian's estimate; saved with the weights, so that a resumed
        # training draws the ones it would have drawn.
        self.register_buffer("n_estimates", torch.zeros((), dtype=torch.int64))
        # Marks weights of this format: those before it took 1 for a wall and mean nothing here.
        self.register_buffer(FREE_IS_ONE, torch.ones(()))

    @abstractmethod
    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return what f depends on, everything with a gradient included.

        Args:
            x: [B, 2, H, W] (free, goal), see `free_and_goal`.
        """

    @abstractmethod
    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v0 [B, C, H, W]."""

    @abstractmethod
    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return f(v) [B, C, H, W]."""

    @abstractmethod
    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return logits [B, 8, H, W] of the moves in the order of `moves.STEPS`."""

    def bound(self, *inputs: Tensor) -> float:
        """Return the Lipschitz bound of f in the largest norm."""
        return math.inf

    def forward(
        self,
        occupied: Tensor,
        goals: Tensor,
        *,
        n_moves: int,
        stopping: Stopping | None = None,
        on_adjoint: Callable[[FixedPoint], None] | None = None,
    ) -> Plan:
        """Plan on a batch of maps without masking any cell.

        Args:
            occupied: [B, H, W] in {0, 1}.
            goals: int64 [B, 2] goal cells (row, column).
            n_moves: 4 or 8.
            stopping: In place of the settings', e.g. to iterate longer than in training.
            on_adjoint: See `fixed_point.solve`.
        """
        check_n_moves(n_moves)
        s = self.settings
        inputs = self.inputs(free_and_goal(occupied, goals))
        result = solve(
            self.step,
            self.start(inputs),
            inputs,
            stopping or s.stopping,
            adjoint=s.adjoint,
            solver=SOLVERS[s.solver],
            adjoint_solver=SOLVERS[s.adjoint_solver],
            adjoint_stopping=s.adjoint_stopping,
            on_adjoint=on_adjoint,
        )
        return Plan(
            values=result.value,
            logits=self.logits(result.value, *inputs)[:, :n_moves],
            residual=result.residual.max().item(),
            residuals=result.residual,
            iterations=result.iterations,
            status=result.status,
            converged=result.converged,
            bound=self.bound(*inputs),
            penalty=self._penalty(result.value, inputs),
        )

    def _penalty(self, value: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        if not self.training or self.settings.jacobian_weight == 0.0:
            return value.new_zeros(())
        generator = torch.Generator().manual_seed(int(self.n_estimates))
        self.n_estimates += 1
        norm = squared_jacobian_norm(self.step, value, inputs, generator)
        return self.settings.jacobian_weight * norm


def free_and_goal(occupied: Tensor, goals: Tensor) -> Tensor:
    """Return the two channels [B, 2, H, W] that a planner reads: 1 where free, 1 at the goal.

    A wall is 0, and by the padding of every convolution so is what lies beyond the map.

    Args:
        occupied: [B, H, W] in [0, 1].
        goals: int64 [B, 2] goal cells (row, column).
    """
    goal = torch.zeros_like(occupied)
    goal[torch.arange(len(goals), device=goals.device), goals[:, 0], goals[:, 1]] = 1.0
    return torch.stack([1.0 - occupied, goal], dim=1)
