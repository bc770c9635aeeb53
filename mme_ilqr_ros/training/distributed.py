"""Several processes as one: each takes its part of every batch, and gradients are averaged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from mme_ilqr_ros.training.task import TrainingError


@dataclass(frozen=True)
class World:
    """The processes that train together; one process alone by default.

    Attributes:
        rank: Number of this process; 0 validates, writes and speaks.
        size: How many there are.
        device: Where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Whether this process validates, writes and speaks."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return the model to call in training, whose gradients are the mean of all processes."""
        if self.size == 1:
            return model
        ids = None if self.device.type == "cpu" else [self.device.index]
        return DistributedDataParallel(model, device_ids=ids)

    def part(self, batch: Tensor) -> Tensor:
        """Return this process's part of a batch [B]: always the same, all of one size."""
        if len(batch) % self.size:
            raise TrainingError(
                f"--batch {len(batch)}: must be a multiple of the {self.size} processes that"
                " share it"
            )
        return batch.chunk(self.size)[self.rank]

    def mean_and_largest(self, mean: float, largest: float) -> tuple[float, float]:
        """Return the mean of one number and the largest of another over all processes."""
        if self.size == 1:
            return mean, largest
        mine = torch.tensor([mean, largest], dtype=torch.float64, device=self.device)
        everyone = [torch.empty_like(mine) for _ in range(self.size)]
        distributed.all_gather(everyone, mine)
        table = torch.stack(everyone)
        return table[:, 0].mean().item(), table[:, 1].max().item()

    def from_leader(self, thing: Any) -> Any:
        """Return what the leading process passed in."""
        if self.size == 1:
            return thing
        box = [thing]
        distributed.broadcast_object_list(box, src=0, device=self.device)
        return box[0]


@contextmanager
def join(device: str) -> Iterator[World]:
    """Join the processes that `torchrun` has started, if it has; leave them at the end.

    Args:
        device: "cpu" or "cuda"; of several GPUs a process takes the one of its local rank.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--device cuda: torch finds no GPU here; use --device cpu")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    place = torch.device(device, local) if device == "cuda" else torch.device(device)
    if "WORLD_SIZE" not in os.environ:
        yield World(device=place)
        return
    if device == "cuda":
        torch.cuda.set_device(place)
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield World(distributed.get_rank(), distributed.get_world_size(), place)
    finally:
        distributed.destroy_process_group()
