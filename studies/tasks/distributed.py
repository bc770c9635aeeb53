"""Several processes train as one, under `torchrun`: parts of a batch, averaged gradients."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn

from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import Loss, Score, TrainingError, TrainingTask
from mme_ilqr_ros.training.verb import Training, publish, recorder_of, settings_of


@dataclass(frozen=True)
class Processes:
    """The processes that train together.

    Attributes:
        rank: Number of this process; process 0 validates, writes and prints.
        size: How many there are.
        device: Where this one computes.
    """

    rank: int
    size: int
    device: str = "cpu"

    def part(self, batch: Tensor) -> Tensor:
        """Return this process's part of a batch [B]; all parts have one size."""
        if len(batch) % self.size:
            raise TrainingError(
                f"--batch {len(batch)}: must be a multiple of the {self.size} processes"
            )
        return batch.chunk(self.size)[self.rank]

    def mean(self, x: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        total = x.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total / self.size

    def from_leader(self, thing: Any) -> Any:
        """Return what process 0 passed in."""
        box = [thing]
        distributed.broadcast_object_list(box, src=0, device=torch.device(self.device))
        return box[0]


class _NoScore:
    """Of the processes that do not validate."""

    def rank(self) -> tuple[float, ...]:
        return ()

    def row(self) -> dict[str, float]:
        return {}


class SharedTask:
    """A task of which each process takes its part of every batch."""

    def __init__(self, task: TrainingTask, processes: Processes) -> None:
        self._task, self._processes = task, processes
        self.n_samples = task.n_samples

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a model whose gradients are the means over all processes."""
        model = self._task.model(generator)
        for parameter in model.parameters():
            parameter.register_hook(self._processes.mean)
        return model

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the loss on this process's samples; the history gets the mean of all."""
        loss = self._task.loss(model, self._processes.part(indices))
        numbers = torch.tensor([loss.value.item(), loss.residual], dtype=torch.float64)
        mean = self._processes.mean(numbers.to(self._processes.device)).tolist()
        notes = loss.notes if isinstance(loss.notes, dict) else dict(loss.notes)
        notes["loss"] = mean[0]
        return Loss(loss.value, mean[1], notes)

    def validate(self, model: nn.Module) -> Score:
        """Return the task's score in process 0."""
        return self._task.validate(model) if self._processes.rank == 0 else _NoScore()

    def test(self, model: nn.Module) -> Mapping[str, Score]:
        """Return the task's scores."""
        return self._task.test(model)

    def tensors(self, model: nn.Module) -> Mapping[str, np.ndarray]:
        """Return the task's tensors."""
        return self._task.tensors(model)

    def facts(self) -> Mapping[str, str]:
        """Return the task's facts."""
        return self._task.facts()


@contextmanager
def join(device: str) -> Iterator[Processes]:
    """Join the processes that `torchrun` has started; leave them at the end.

    Args:
        device: "cpu" or "cuda"; of several GPUs a process takes the one of its local rank.
    """
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("gloo" if device == "cpu" else "nccl")
    try:
        yield Processes(distributed.get_rank(), distributed.get_world_size(), device)
    finally:
        distributed.destroy_process_group()


def run_together(options: argparse.Namespace, command: str) -> str | int:
    """Train as the options say, in all processes; return the report of process 0, 0 in others."""
    settings = settings_of(options)
    with join(options.device) as processes:
        task = SharedTask(options.command.task(options, settings), processes)
        if processes.rank > 0:
            state = processes.from_leader(None)
            train(task, settings, device=processes.device, state=state)
            return 0
        recorder = recorder_of(options, task, settings)
        state = processes.from_leader(recorder.restore(options.resume))
        progress = train(task, settings, device=processes.device, state=state, on_step=recorder)
        recorder.finish(progress)
        return publish(Training(task, settings, progress, recorder), command)
