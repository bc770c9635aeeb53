"""A training in progress: everything that changes from step to step, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import nn

from mme_ilqr_ros.training.distributed import World
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import Loss, Task, TrainingError


class Progress:
    """Model, optimizer, schedule, best model so far and history of one training.

    What `state` returns is all that the following steps depend on, so a training restored from it
    makes the same steps, bit by bit, as one that was never interrupted. The order of the data is
    not part of it: it follows from seed and step.

    Attributes:
        step: Steps made.
        n_steps: Steps of the whole training.
        model: With the present weights.
        score: Row of the last validation; empty where none was made (in processes that follow).
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
        self._best_weights: dict[str, torch.Tensor] = {}
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

    def advance(self, loss: Loss, world: World) -> None:
        """Make one step of gradient descent and note it in the history."""
        value, residual = world.mean_and_largest(loss.value.item(), loss.residual)
        if not np.isfinite(value):
            raise TrainingError(f"the loss became {value}; try a smaller --learning-rate")
        self._optimizer.zero_grad()
        loss.value.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self._clip)
        if not torch.isfinite(norm):
            raise TrainingError(f"the gradient became {norm}; try a smaller --learning-rate")
        self.step += 1
        row = {"step": self.step, "loss": value, "residual": residual, "gradient norm": norm.item()}
        row["learning rate"] = self._optimizer.param_groups[0]["lr"]
        if loss.adjoint is not None and loss.adjoint.iterations is not None:
            row["adjoint iterations"] = loss.adjoint.iterations
            row["adjoint residual"] = loss.adjoint.residual
        self.history.append(row | dict(loss.notes))
        self._optimizer.step()
        self._schedule.step()

    def validate(self, task: Task) -> None:
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
        # Of equally good ones the later: its prices have had longer to settle.
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
        """Return tensors and plain values from which the training can go on."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "random": torch.get_rng_state(),
            "random cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "best weights": self._best_weights,
            "best rank": self._best_rank,
            **{name: getattr(self, name) for name in _PLAIN},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        if state["random cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["random cuda"])
        self._best_weights = state["best weights"]
        self._best_rank = tuple(state["best rank"])
        for name in _PLAIN:
            setattr(self, name, state[name])


_PLAIN = ("step", "history", "score", "best_score", "best_step", "untrained")
