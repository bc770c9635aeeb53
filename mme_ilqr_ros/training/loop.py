"""The training loop: samples in, the model that did best on validation out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mme_ilqr_ros.training.distributed import World
from mme_ilqr_ros.training.progress import Progress
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import Loss, Task, TrainingError

ALONE = World()


def train(
    task: Task,
    settings: TrainSettings,
    *,
    world: World = ALONE,
    state: dict[str, Any] | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Train a task's model; the same arguments give the same weights.

    Args:
        task: What to learn.
        settings: How.
        world: The processes that train together. Each calls this function alike.
        state: `Progress.state` of an interrupted training to go on with; the leader's counts.
        on_step: Called after every step.

    Returns:
        The finished training; `best_model()` is its result. Only the leader's has one.

    Raises:
        TrainingError: There are fewer samples than a batch holds, the processes cannot share a
            batch, or the loss is no longer finite.
    """
    if task.n_samples < settings.batch:
        raise TrainingError(f"{task.n_samples} samples do not fill a batch of {settings.batch}")
    torch.manual_seed(settings.seed)
    model = task.model(torch.Generator().manual_seed(settings.seed)).to(world.device)
    progress = Progress(model, settings, settings.epochs * (task.n_samples // settings.batch))
    state = world.from_leader(state)
    if state is not None:
        progress.restore(state)
    elif world.leads:
        progress.validate(task)
    together = world.wrap(model)
    while progress.step < progress.n_steps:
        indices = world.part(batch(task.n_samples, settings, progress.step))
        progress.advance(Loss(*task.loss(together, indices)), world)
        if progress.is_due and world.leads:
            progress.validate(task)
        on_step(progress)
    return progress


def batch(n_samples: int, settings: TrainSettings, step: int) -> Tensor:
    """Return the samples int64 [batch] of a step (from 0): each epoch has an order of its own.

    Samples that do not fill a last batch are left out of that epoch.
    """
    epoch, k = divmod(step, n_samples // settings.batch)
    order = _order(n_samples, settings.seed, epoch)
    return torch.from_numpy(order[k * settings.batch : (k + 1) * settings.batch])


@lru_cache(maxsize=1)
def _order(n_samples: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(n_samples)
