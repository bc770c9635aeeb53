"""The training loop: samples in, the model with the best validation score out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.training.task import Loss, TrainingError, TrainingTask, TrainSettings


def train(
    task: TrainingTask,
    settings: TrainSettings,
    *,
    device: str = "cpu",
    state: dict[str, Any] | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Train a task's model; the same arguments give the same weights.

    Args:
        task: What to learn.
        settings: How.
        device: Where: "cpu" or "cuda".
        state: `Progress.state` of an interrupted training to resume.
        on_step: Called after every step.

    Returns:
        The finished training; `best_model()` is its result.

    Raises:
        TrainingError: There are fewer samples than a batch holds, there is no such device, or the
            loss is no longer finite.
    """
    if task.n_samples < settings.batch:
        raise TrainingError(f"{task.n_samples} samples do not fill a batch of {settings.batch}")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise TrainingError("--device cuda: torch finds no GPU here; use --device cpu")
    torch.manual_seed(settings.seed)
    model = task.model(torch.Generator().manual_seed(settings.seed)).to(device)
    progress = Progress(model, settings, settings.epochs * (task.n_samples // settings.batch))
    if state is not None:
        progress.restore(state)
    else:
        progress.validate(task)
    while progress.step < progress.n_steps:
        progress.advance(task.loss(model, batch(task.n_samples, settings, progress.step)))
        if progress.is_due:
            progress.validate(task)
        on_step(progress)
    return progress


def batch(n_samples: int, settings: TrainSettings, step: int) -> Tensor:
    """Return the samples int64 [batch] of a step (from 0): each epoch has its own order.

    Samples that do not fill a last batch are left out of that epoch.
    """
    epoch, k = divmod(step, n_samples // settings.batch)
    order = _order(n_samples, settings.seed, epoch)
    return torch.from_numpy(order[k * settings.batch : (k + 1) * settings.batch])


@lru_cache(maxsize=1)
def _order(n_samples: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(n_samples)


class Progress:
    """Model, optimizer, schedule, best model so far and history of one training.

    All following steps depend on nothing but what `state` returns, so a training restored from it
    makes the same steps, bit by bit, as one that was never interrupted. The order of the data is
    not part of it: it follows from seed and step.

    Attributes:
        step: Steps made.
        n_steps: Steps of the whole training.
        model: With the present weights.
        score: Row of the last validation.
        best_score: Row of the best validation.
        best_step: Steps after which it was best.
        untrained: Row of the initial weights.
        history: A row of numbers by name for each step.
    """

    def __init__(self, model: nn.Module, settings: TrainSettings, n_steps: int) -> None:
        self.model = model
        self.step, self.n_steps = 0, n_steps
        self.history: list[dict[str, float]] = []
        self.score: dict[str, float] = {}
        self.best_score: dict[str, float] = {}
        self.untrained: dict[str, float] = {}
        self.best_step = 0
        self._best_rank: tuple[float, ...] = ()
        self._best_weights: dict[str, Tensor] = {}
        self._clip = settings.clip
        self._optimizer = settings.make_optimizer(model)
        self._schedule = settings.make_schedule(self._optimizer, n_steps)
        # The steps after which the model is validated.
        due = np.linspace(0, n_steps, settings.validations + 1).round().astype(int)
        self._due = set(due[1:].tolist())

    @property
    def is_due(self) -> bool:
        """Whether the model is to be validated now."""
        return self.step in self._due

    def advance(self, loss: Loss) -> None:
        """Make one step of gradient descent and record it in the history."""
        value = loss.value.item()
        if not np.isfinite(value):
            raise TrainingError(f"the loss became {value}; try a smaller --learning-rate")
        self._optimizer.zero_grad()
        loss.value.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self._clip)
        if not torch.isfinite(norm):
            raise TrainingError(f"the gradient became {norm}; try a smaller --learning-rate")
        self.step += 1
        row = {
            "step": self.step,
            "loss": value,
            "residual": loss.residual,
            "gradient norm": norm.item(),
            "learning rate": self._optimizer.param_groups[0]["lr"],
        }
        self.history.append(row | dict(loss.notes))
        self._optimizer.step()
        self._schedule.step()

    def validate(self, task: TrainingTask) -> None:
        """Score the present weights and keep them if they are the best so far."""
        self.model.eval()
        with torch.no_grad():
            score = task.validate(self.model)
        self.model.train()
        self.score = score.row()
        if self.history:
            self.history[-1] |= {f"validation {name}": x for name, x in self.score.items()}
        else:
            self.untrained = self.score
        # Of equally good ones the later: its costs have had longer to settle.
        if score.rank() >= self._best_rank:
            self._best_rank, self.best_score = score.rank(), self.score
            self.best_step = self.step
            self._best_weights = copy.deepcopy(self.model.state_dict())

    def best_model(self) -> nn.Module:
        """Return a copy of the model with the weights of the best validation."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self._best_weights)
        return model.eval()

    def state(self) -> dict[str, Any]:
        """Return tensors and plain values from which the training can be resumed."""
        return {
            **{name: part.state_dict() for name, part in self._parts().items()},
            "random": torch.get_rng_state(),
            "random cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            **{name: getattr(self, name) for name in _PLAIN},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        torch.set_rng_state(state["random"])
        if state["random cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["random cuda"])
        for name in _PLAIN:
            setattr(self, name, state[name])

    def _parts(self) -> dict[str, Any]:
        return {"model": self.model, "optimizer": self._optimizer, "schedule": self._schedule}


_RECORD = ("step", "history", "score", "best_score", "best_step", "untrained")
_PLAIN = (*_RECORD, "_best_rank", "_best_weights")
