"""A planner that is not given its map: a mapper in front of it, trained end to end through it.

    what is seen --mapper--> P(occupied) of each cell --planner--> plan

The planner takes the probabilities as they are, so that its gradient reaches the mapper. A loss of
the map itself, where the true one is known, can be added or left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from mme_ilqr_ros.learning.structured import StructuredIDVIN, StructuredPlan
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.task import Loss, device_of
from mme_ilqr_ros.training.tasks.mazes import MazeSet, RolloutScore, evaluate
from mme_ilqr_ros.training.tasks.navigation import (
    NavigationTask,
    imitation_loss,
    maze_inputs,
    power_policy,
    push_loss,
)
from studies.family.free_kernel import Plan as FreeKernelPlan
from studies.fixed_point import AdjointLog, FixedPoint, Stopping


@dataclass(frozen=True, eq=False)
class MappedPlan:
    """What a mapper and a planner return for a batch.

    Attributes:
        map_logits: [B, H, W] log odds of a cell to be occupied.
        plan: On that map.
    """

    map_logits: Tensor
    plan: StructuredPlan | FreeKernelPlan

    @property
    def logits(self) -> Tensor:
        """[B, A, H, W] of the moves."""
        return self.plan.logits

    @property
    def residual(self) -> float:
        """Of the planner, the largest over the batch."""
        return self.plan.residual


class MappedPlanner(nn.Module):
    """A mapper and a planner of the family as one model."""

    def __init__(self, mapper: nn.Module, planner: nn.Module) -> None:
        super().__init__()
        self.mapper, self.planner = mapper, planner

    def forward(
        self,
        seen: Tensor,
        goals: Tensor,
        *,
        n_moves: int,
        stopping: Stopping | None = None,
        on_adjoint: Callable[[FixedPoint], None] | None = None,
    ) -> MappedPlan:
        """Map what is seen [B, ...] and plan to goals int64 [B, 2] on the map."""
        map_logits = self.mapper(seen)
        iterated = not isinstance(self.planner, StructuredIDVIN)
        solve = {"stopping": stopping, "on_adjoint": on_adjoint} if iterated else {}
        plan = self.planner(torch.sigmoid(map_logits), goals, n_moves=n_moves, **solve)
        return MappedPlan(map_logits, plan)


def planning_loss(plan: StructuredPlan | FreeKernelPlan, labels: Tensor) -> Tensor:
    """Return the loss of a plan as the navigation task has it for either kind of planner."""
    if isinstance(plan, StructuredPlan):
        push = NavigationTask.push * push_loss(plan.log_cost, labels)
        return imitation_loss(power_policy(plan.regrets), labels) + push
    return imitation_loss(plan.logits, labels) + plan.penalty


def mapped_loss(model: nn.Module, seen: Tensor, mazes: MazeSet, map_weight: float) -> Loss:
    """Return the loss of a mapper and its planner that see [B, ...] of mazes; see `joint_loss`."""
    log = AdjointLog()
    occupied, goals = maze_inputs(mazes, device_of(model))
    answer = model(seen, goals, n_moves=N_STRAIGHT, on_adjoint=log)
    labels = torch.from_numpy(mazes.labels()).to(occupied)
    loss, of_map = joint_loss(answer, labels, occupied, map_weight)
    log["map loss"] = of_map.item()
    return Loss(loss, answer.residual, log)


def evaluate_mapped(model: nn.Module, seen: Tensor, mazes: MazeSet) -> MappedScore:
    """Roll a mapper and its planner that see [B, ...] of mazes out from all cells with a way.

    The rollouts end in the walls of the true maps, whatever the mapper says.
    """
    occupied, goals = maze_inputs(mazes, device_of(model))
    answer: MappedPlan = model(seen, goals, n_moves=N_STRAIGHT)
    score = evaluate(lambda mazes: answer, mazes)
    return MappedScore(score, occupied.numel(), n_right(answer.map_logits, occupied))


def joint_loss(
    answer: MappedPlan, labels: Tensor, occupied: Tensor, map_weight: float
) -> tuple[Tensor, Tensor]:
    """Return the loss of plan and map together, and that of the map by itself.

    Where the map is taught too, the plan counts as far as the map can be read: not at all as long
    as it is a guess. A planner that learns on a grey map learns that no cell costs more than
    another, and one whose costs saturate there does not recover.

    Args:
        answer: For a batch.
        labels: [B, 4, H, W] of the moves; see `imitation_loss`.
        occupied: [B, H, W] the true maps.
        map_weight: Of the map's loss; 0 leaves all teaching to the plan.
    """
    of_map = map_loss(answer.map_logits, occupied)
    of_plan = planning_loss(answer.plan, labels)
    if map_weight > 0.0:
        of_plan = of_plan * (1.0 - of_map.detach() / math.log(2.0)).clamp(min=0.0)
    return of_plan + map_weight * of_map, of_map


def map_loss(map_logits: Tensor, occupied: Tensor) -> Tensor:
    """Return the mean cross entropy of log odds [B, H, W] against maps [B, H, W] in {0, 1}."""
    return functional.binary_cross_entropy_with_logits(map_logits, occupied)


def n_right(map_logits: Tensor, occupied: Tensor) -> int:
    """Return of how many cells the likelier state is the true one."""
    return int(((map_logits > 0.0) == (occupied > 0.5)).sum())


@dataclass(frozen=True)
class MappedScore:
    """Rollouts, and how much of the maps is right.

    Attributes:
        score: Of the rollouts, judged on the true maps.
        n_cells: Cells of all maps.
        n_right: How many of them the mapper says rightly to be occupied or free.
    """

    score: RolloutScore = field(default_factory=RolloutScore)
    n_cells: int = 0
    n_right: int = 0

    def __add__(self, other: MappedScore) -> MappedScore:
        """Return the score over the maps of both."""
        return MappedScore(
            self.score + other.score, self.n_cells + other.n_cells, self.n_right + other.n_right
        )

    def rank(self) -> tuple[float, ...]:
        """Return what models are compared by: arriving comes first."""
        return (*self.score.rank(), self.n_right / self.n_cells)

    def row(self) -> dict[str, float]:
        """Return the numbers shown."""
        return {**self.score.row(), "map %": 100.0 * self.n_right / self.n_cells}
