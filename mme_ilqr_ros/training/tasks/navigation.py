"""The navigation task: learn what a wall costs from shortest paths in mazes."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from mme_ilqr_ros.planning.structured import Plan


def imitation_loss(plan: Plan, labels: Tensor) -> Tensor:
    """Return the cross entropy of the policy against the expert's moves, over the cells shown.

    Args:
        plan: The model's answer for B maps.
        labels: [B, 4, H, W] share of each move among the shortest; all zero at cells without one
            (walls, unreachable cells, the goal), which do not count.
    """
    entropy = -(labels * functional.log_softmax(plan.logits, dim=1)).sum(dim=1)
    return entropy.sum() / labels.sum()


def push_loss(plan: Plan, labels: Tensor) -> Tensor:
    """Return the mean log cost of the cells shown minus that of the cells never shown.

    The cross entropy loses interest in a wall once it costs more than the longest detour in the
    data; this does not, so the price holds on larger maps. It is bounded because the log cost is.
    """
    shown = labels.sum(dim=1) > 0.0
    return plan.log_cost[shown].mean() - plan.log_cost[~shown].mean()
