"""Picture mazes in any style: learn from gratings at 15 x 15, read what was never seen at any size.

    python -m studies picture_mazes

The task of `pictures.py` with a style drawn anew for each map, so that no look is a wall by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.learning.structured import StructuredIDVIN, StructuredPlan
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.task import Loss, device_of, tensors_of
from mme_ilqr_ros.training.tasks.mazes import MazeSet, RolloutScore, evaluate
from mme_ilqr_ros.training.tasks.navigation import imitation_loss, power_policy, push_loss
from studies.tasks.pictures import PictureEncoder
from studies.tasks.reader import StyleReader
from studies.tasks.styles import UNSEEN, Style, gratings, picture

_PUSH = 0.1
READERS = {"in its own style": StyleReader, "by a fixed look": PictureEncoder}
"""Encoders by how they read a picture; the second is the ablation."""


@dataclass(frozen=True, eq=False)
class StyledTask:
    """Imitate all shortest moves in mazes that are seen as pictures of any style.

    Attributes:
        reader: One of `READERS`.
        data: Mazes to learn from.
        validation: Mazes to choose the best model by.
        seed: Of the pictures.
        noise: Standard deviation of a pixel in training.
    """

    reader: str
    data: MazeSet
    validation: MazeSet
    seed: int = 0
    noise: float = 0.5

    @property
    def n_samples(self) -> int:
        """Mazes to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return StructuredIDVIN(READERS[self.reader](generator))

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the loss on some mazes, each seen in a style of its own."""
        mazes = self.data.take(indices.numpy())
        rng = np.random.default_rng([self.seed, *indices.tolist()])
        plan = plan_on(model, mazes, gratings, self.noise, rng)
        labels = torch.from_numpy(mazes.labels()).to(device_of(model))
        push = _PUSH * push_loss(plan.log_cost, labels)
        return Loss(imitation_loss(power_policy(plan.regrets), labels) + push, plan.residual)

    def validate(self, model: nn.Module) -> RolloutScore:
        """Return the score on the validation mazes, in gratings too."""
        return self._score(model, gratings)

    def test(self, model: nn.Module) -> dict[str, RolloutScore]:
        """Return scores on the validation mazes in styles that were never seen."""
        return {name: self._score(model, style) for name, style in UNSEEN.items()}

    def _score(self, model: nn.Module, style: Style) -> RolloutScore:
        rng = np.random.default_rng([self.seed, self.n_samples])
        return evaluate(lambda m: plan_on(model, m, style, self.noise, rng), self.validation)

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what a weight file holds."""
        return tensors_of(model)

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {"model": f"structured, pictures read {self.reader}", "noise": f"{self.noise}"}


def plan_on(
    model: nn.Module, mazes: MazeSet, style: Style, noise: float, rng: np.random.Generator
) -> StructuredPlan:
    """Return a model's plan on pictures of mazes; it is told where the goal is, nothing else."""
    pictures = np.stack([picture(style, occupied, noise, rng) for occupied in mazes.occupied])
    goals = torch.from_numpy(mazes.goals).to(device_of(model))
    seen = torch.from_numpy(pictures).to(goals.device)
    return model(seen, goals, layers=goal_map(mazes).to(seen), n_moves=N_STRAIGHT)


def goal_map(mazes: MazeSet) -> Tensor:
    """Return [B, H, W], 1 at the goals."""
    marks = torch.zeros(mazes.occupied.shape)
    marks[torch.arange(len(mazes)), mazes.goals[:, 0], mazes.goals[:, 1]] = 1.0
    return marks
