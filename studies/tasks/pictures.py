"""Picture mazes: the map is a noisy photograph, and what is a wall is learned through the planner.

Every cell is 6 x 6 pixels of black and white stripes one pixel wide, across in a wall and upright
on the floor, with an unknown phase and brightness, under noise of half the contrast. Wall and floor
are equally bright on average, so no pixel and no sum of pixels tells them apart. Nobody says which
cells are walls: the only teacher is the shortest moves, and the gradient comes through the planner.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mme_ilqr_ros.learning.structured import StructuredIDVIN, StructuredPlan
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.task import Command, Loss, TrainSettings, device_of
from mme_ilqr_ros.training.tasks.mazes import (
    TEST_SEED,
    MazeSet,
    RolloutScore,
    evaluate,
    held_out_scores,
)
from mme_ilqr_ros.training.tasks.navigation import (
    add_maze_options,
    imitation_loss,
    maze_data,
    power_policy,
    push_loss,
)

PIXELS = 6
"""Along a side of a cell."""

_PUSH = 0.1
_NEVER = 10.0
_BRIGHTNESS = 0.1  # largest change of a cell's brightness


@dataclass(frozen=True)
class Camera:
    """How a map becomes a picture.

    Attributes:
        noise: Standard deviation of a pixel; black is 0, white is 1 at full contrast.
        contrast: White minus black.
    """

    noise: float = 0.5
    contrast: float = 1.0

    def pictures(self, occupied: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return float32 [N, 6 H, 6 W] of maps bool [N, H, W]."""
        upright = np.broadcast_to(np.arange(PIXELS) % 2 - 0.5, (PIXELS, PIXELS)) * self.contrast
        texture = np.where(occupied[..., None, None], upright.T, upright)
        sign = rng.choice((-1.0, 1.0), occupied.shape)[..., None, None]
        brightness = rng.uniform(-_BRIGHTNESS, _BRIGHTNESS, occupied.shape)[..., None, None]
        cells = (0.5 + sign * texture + brightness).astype(np.float32)  # [N, H, W, 6, 6]
        cells += self.noise * rng.standard_normal(cells.shape, dtype=np.float32)
        n, height, width = occupied.shape
        return cells.swapaxes(2, 3).reshape(n, PIXELS * height, PIXELS * width)


class PictureEncoder(nn.Module):
    """From a picture to the log cost of each cell: a small network on the pixels of the cell."""

    def __init__(
        self, generator: torch.Generator, n_channels: int = 32, c_max: float = 1e5
    ) -> None:
        super().__init__()

        def weights(n_out: int, n_in: int) -> nn.Parameter:
            scale = math.sqrt(2.0 / n_in)
            return nn.Parameter(torch.randn(n_out, n_in, generator=generator) * scale)

        self.first, self.second = weights(n_channels, PIXELS**2), weights(n_channels, n_channels)
        self.first_bias = nn.Parameter(torch.zeros(n_channels))
        self.second_bias = nn.Parameter(torch.zeros(n_channels))
        head = torch.randn(n_channels, generator=generator)
        self.head = nn.Parameter(0.1 * head / math.sqrt(n_channels))  # all cells near one cost
        self.head_bias = nn.Parameter(torch.tensor(-2.0))
        self.register_buffer("c_max", torch.tensor(float(c_max)))

    def forward(self, pictures: Tensor, layers: None = None) -> Tensor:
        """Return log cost [B, H, W] in [0, log c_max] for pictures [B, 6 H, 6 W] and no layers."""
        kernel = self.first.view(-1, 1, PIXELS, PIXELS)
        x = functional.conv2d(pictures[:, None] - 0.5, kernel, self.first_bias, stride=PIXELS)
        x = functional.conv2d(x.relu(), self.second[:, :, None, None], self.second_bias).relu()
        z = torch.einsum("bchw,c->bhw", x, self.head) + self.head_bias
        return torch.log(self.c_max) * torch.sigmoid(z)


@dataclass(frozen=True, eq=False)
class PicturesTask:
    """Imitate all shortest moves in mazes that are seen as pictures only.

    Attributes:
        data: Mazes to learn from.
        validation: Mazes to choose the best model by.
        source: Where they come from, for the card.
        camera: How they look.
        seed: Of the pictures.
    """

    data: MazeSet
    validation: MazeSet
    source: str
    camera: Camera
    seed: int

    @property
    def n_samples(self) -> int:
        """Mazes to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return StructuredIDVIN(PictureEncoder(generator))

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return the loss on some mazes; each has one picture, always the same."""
        mazes = self.data.take(indices.numpy())
        pictures = [
            self.camera.pictures(mazes.occupied[k : k + 1], np.random.default_rng([self.seed, i]))
            for k, i in enumerate(indices.tolist())
        ]
        labels = torch.from_numpy(mazes.labels()).to(device_of(model))
        plan = _plan(model, np.concatenate(pictures), mazes)
        return Loss(picture_loss(plan, labels), plan.residual)

    def validate(self, model: nn.Module) -> RolloutScore:
        """Return the score on the validation mazes."""
        return evaluate(self._follow(model, [self.seed, self.n_samples]), self.validation)

    def test(self, model: nn.Module) -> dict[str, RolloutScore]:
        """Return scores on new mazes of many sizes."""
        return held_out_scores(self._follow(model, [TEST_SEED, self.seed]))

    def _follow(self, model: nn.Module, seed: list[int]) -> Callable[[MazeSet], StructuredPlan]:
        """Return the model as `evaluate` wants it, with a camera whose noise has that seed."""
        rng = np.random.default_rng(seed)
        return lambda mazes: _plan(model, self.camera.pictures(mazes.occupied, rng), mazes)

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return what the weight file holds."""
        return {k: v.cpu().numpy() for k, v in model.state_dict().items()}

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        return {
            "model": "structured, on pictures",
            "data": self.source,
            "seen by": f"{self.camera}",
        }


def picture_loss(plan: StructuredPlan, labels: Tensor) -> Tensor:
    """Return the loss of a plan for pictures, where a few cells will always be misread.

    The push leans towards walls: floor taken for a wall costs a detour, a wall taken for floor
    leads every path near it astray.

    Args:
        plan: The model's answer for B mazes.
        labels: [B, 4, H, W] of `MazeSet.labels`.
    """
    push = push_loss(plan.log_cost, labels, _NEVER)
    return imitation_loss(power_policy(plan.regrets), labels) + _PUSH * push


def _plan(model: nn.Module, pictures: np.ndarray, mazes: MazeSet) -> StructuredPlan:
    device = device_of(model)
    inputs = (torch.from_numpy(x).to(device) for x in (pictures, mazes.goals))
    return model(*inputs, n_moves=N_STRAIGHT)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_maze_options(parser)
    camera = Camera()
    parser.add_argument(
        "--noise", type=float, default=camera.noise, help="of a pixel, default %(default)s"
    )
    parser.add_argument(
        "--contrast", type=float, default=camera.contrast, help="white - black, default %(default)s"
    )


def _task(options: argparse.Namespace, settings: TrainSettings) -> PicturesTask:
    data = maze_data(options, settings.seed)
    return PicturesTask(*data, Camera(options.noise, options.contrast), settings.seed)


COMMAND = Command(
    "learn what walls look like from shortest paths in pictures of mazes",
    _add_options,
    lambda options: TrainSettings(),
    _task,
)
