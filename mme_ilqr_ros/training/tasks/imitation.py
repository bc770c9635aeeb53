"""What every task of imitation in mazes shares: mazes in, the loss of a policy out."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mme_ilqr_ros.training.tasks.mazes import MazeSet


def maze_inputs(mazes: MazeSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return occupied [B, H, W], in torch's default precision, and goals int64 [B, 2]."""
    occupied = torch.from_numpy(mazes.occupied).to(device, torch.get_default_dtype())
    return occupied, torch.from_numpy(mazes.goals).to(device)


def imitation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy of the policy against the expert's moves.

    Args:
        logits: [B, 4, H, W] of the model's moves.
        labels: [B, 4, H, W] share of each move among the shortest; all zero at cells without one
            (walls, unreachable cells, the goal), which do not count.

    Returns:
        The mean over the maps of each map's mean over its cells that count.
    """
    entropy = -(labels * functional.log_softmax(logits, dim=1)).sum(dim=(1, 2, 3))
    return (entropy / labels.sum(dim=(1, 2, 3)).clamp(min=1.0)).mean()
