"""Picture mazes of 801 x 801 cells from training at 15 x 15, in styles and by generators not seen.

A reader and the exact planner learn from shortest moves in small mazes drawn as gratings. They are
then given large perfect mazes in other styles; the paths are judged on the true map, from every
cell. A large map has cells enough to refine what was read by its own two looks. Beside them stand
those without a part: two looks with nothing learned before, a reader that learns how a wall looks,
and a network that predicts moves from the true map without planning.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.learning.structured import edge_action_values, edges_of
from mme_ilqr_ros.planning.field import solve_field
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.reporting.rows import table, write_rows
from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import TrainSettings
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes, rollout, with_expert
from mme_ilqr_ros.training.tasks.navigation import imitation_loss
from studies.compare.cloning import CloningNetwork
from studies.tasks.styled import READERS, StyledTask, goal_map
from studies.tasks.styles import PIXELS, UNSEEN, Style, gratings, picture
from studies.tasks.two_looks import two_looks

ABOUT = __doc__ or ""
EXAMPLES = """\
examples:
  python -m studies picture_mazes
  python -m studies picture_mazes --cells 51 --steps 300

With the package maze-dataset installed (pip install maze-dataset 'muutils<0.9') the mazes are its
own, by Kruskal's algorithm, depth first and by recursive division; without it, our own.
"""
FOREIGN = ("gen_kruskal", "gen_dfs", "gen_recursive_division")
OWN = "depth first, own"
OURS = next(iter(READERS))
REFINED = f"{OURS}, then by two looks"
ALONE = "by two looks, nothing learned"
CLONED = "no planner, true map given"
_WALL = 1e5  # what a cell costs that is read as one
_ROWS = 26  # at either end of a map, to learn its two looks from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--cells", type=positive_int, default=801, help="along a side, odd; default %(default)s")
    add("--noise", type=float, default=0.15, help="of a pixel in the tests, default %(default)s")
    add("--steps", type=positive_int, default=1000, help="of training, default %(default)s")
    add("--seed", type=int, default=0, help="of training and pictures, default %(default)s")
    add("--out", type=Path, metavar="DIR", default=Path("out/picture_mazes"))


def run(options: argparse.Namespace, command: str) -> str:
    """Train the readers and the clone, test them; return the table.

    Raises:
        InputError: The number of cells is even.
    """
    if options.cells % 2 == 0 or options.cells < 5:
        raise InputError(f"--cells {options.cells}: must be odd and at least 5")
    torch.set_num_threads(1)
    rows = []
    mazes = test_mazes(options.cells, options.seed)
    models: dict[str, tuple[nn.Module | None, float]] = {
        name: trained_reader(name, options.steps, options.seed) for name in READERS
    }
    models |= {REFINED: models[OURS], ALONE: (None, 0.0)}
    for name, (model, seconds) in models.items():
        # What is not the reader proper is seen through on the first maze.
        given = mazes if name in (OURS, REFINED) else dict(list(mazes.items())[:1])
        for style_name, style in {"gratings (seen)": gratings, **UNSEEN}.items():
            for maker, maze in given.items():
                view = View.of(maze, style, options.noise, options.seed)
                seen = Seen.by(model, maze, view, name in (REFINED, ALONE))
                row = {"read": name, "style": style_name, "mazes": maker, **seen.row(maze)}
                rows.append({**row, "training CPU s": seconds})
    begun = time.process_time()
    data = generate_mazes(options.steps * 4, 15, np.random.default_rng(options.seed))
    clone = trained_clone(data, options.steps, options.seed)
    seconds = round(time.process_time() - begun, 1)
    for maker, maze in mazes.items():
        row = {"read": CLONED, "style": "–", "mazes": maker, **cloned(clone, maze)}
        rows.append({**row, "training CPU s": seconds})
    write_rows(rows, command, options.out)
    return table(rows)


def test_mazes(cells: int, seed: int) -> dict[str, MazeSet]:
    """Return a perfect maze by the name of who drew it; goals are drawn among the free cells."""
    rng = np.random.default_rng([seed, cells])
    try:
        from maze_dataset.generation import LatticeMazeGenerators
    except ImportError:
        return {OWN: generate_mazes(1, cells, rng, openness=0.0)}
    mazes = {}
    for name in FOREIGN:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002  the library draws from the global generators
        lattice = getattr(LatticeMazeGenerators, name)(((cells - 1) // 2,) * 2)
        pixels = lattice.as_pixels(show_endpoints=False, show_solution=False)
        occupied = (pixels == 0).all(axis=-1)
        free = np.argwhere(~occupied)
        goals = free[rng.integers(len(free))][None]
        mazes[name.removeprefix("gen_")] = with_expert(occupied[None], goals)
    return mazes


def trained_reader(name: str, steps: int, seed: int) -> tuple[nn.Module, float]:
    """Return a reader trained at 15 x 15, and its CPU time [s]."""
    begun = time.process_time()
    rng, batch = np.random.default_rng(seed), 16
    data, validation = generate_mazes(steps * batch // 4, 15, rng), generate_mazes(40, 15, rng)
    settings = TrainSettings(
        epochs=4, batch=batch, learning_rate=1e-2, validations=1, seed=seed
    )  # each maze in four styles
    progress = train(StyledTask(name, data, validation, seed), settings)
    return progress.model.eval(), round(time.process_time() - begun, 1)


def trained_clone(data: MazeSet, steps: int, seed: int) -> CloningNetwork:
    """Return a network that learned to predict the labelled moves from true maps."""
    rng = np.random.default_rng(seed)
    network = CloningNetwork(0, torch.Generator().manual_seed(seed))
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for _ in range(steps):
        mazes = data.take(rng.choice(len(data), min(16, len(data)), replace=False))
        loss = imitation_loss(cloned_logits(network, mazes), torch.from_numpy(mazes.labels()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def cloned_logits(network: CloningNetwork, mazes: MazeSet) -> torch.Tensor:
    """Return the network's logits [B, 4, H, W] of the moves on true maps."""
    occupied = torch.from_numpy(mazes.occupied.astype(np.float32))
    none = occupied.new_zeros((len(mazes), 0, *occupied.shape[1:]))
    return network(occupied, none, torch.from_numpy(mazes.goals))[:, :N_STRAIGHT]


@torch.no_grad()
def cloned(network: CloningNetwork, maze: MazeSet) -> dict[str, float | None]:
    """Return the scores of a network without a planner on a maze."""
    begun = time.process_time()
    arrows = cloned_logits(network, maze).argmax(dim=1).numpy()
    seconds = time.process_time() - begun
    return {"cells misread": None, **scores(arrows, maze), "CPU s a map": round(seconds, 3)}


@dataclass(frozen=True, eq=False)
class View:
    """The picture of a maze and its goal.

    Attributes:
        pixels: float32 [6 H, 6 W].
        goal: [1, H, W], 1 at the goal.
    """

    pixels: NDArray[np.float32]
    goal: torch.Tensor

    @classmethod
    def of(cls, maze: MazeSet, style: Style, noise: float, seed: int) -> View:
        """Draw a maze in a style."""
        rng = np.random.default_rng([seed, *maze.occupied.shape])
        return cls(picture(style, maze.occupied[0], noise, rng), goal_map(maze))

    @property
    def cells(self) -> NDArray[np.float32]:
        """[H W, 36] pixels of each cell."""
        _, height, width = self.goal.shape
        parts = self.pixels.reshape(height, PIXELS, width, PIXELS).swapaxes(1, 2)
        return parts.reshape(height * width, PIXELS**2)

    def ends(self, rows: int) -> View:
        """Return the uppermost and lowermost rows of a map alone, its border on all four sides."""
        _, height, width = self.goal.shape
        if 2 * rows >= height:
            return self
        kept = np.r_[:rows, height - rows : height]
        lines = self.pixels.reshape(height, PIXELS, -1)[kept].reshape(-1, PIXELS * width)
        return View(lines, self.goal[:, kept])

    def read_by(self, model: nn.Module | None) -> torch.Tensor:
        """Return the log cost [1, H, W] that a model reads; None: the border, else a coin."""
        if model is not None:
            return model.get_submodule("encoder")(torch.from_numpy(self.pixels[None]), self.goal)
        log_cost = math.log(_WALL) * torch.ones_like(self.goal)
        within = log_cost[0, 1:-1, 1:-1].numpy()
        within *= np.random.default_rng(0).random(within.shape) < 0.5
        return log_cost


def walls(log_cost: torch.Tensor) -> NDArray[np.bool_]:
    """Return which cells [H, W] are nearer, in log cost [1, H, W], to the dearest than the rest."""
    return log_cost[0].numpy() > 0.5 * float(log_cost.max() + log_cost.min())


@dataclass(frozen=True, eq=False)
class Seen:
    """What a reader and the planner make of one picture.

    Attributes:
        misread: Cells taken for the other kind.
        arrows: [1, H, W] best moves.
        seconds: CPU time of reading and planning, the picture given [s].
    """

    misread: int
    arrows: NDArray[np.int64]
    seconds: float

    @classmethod
    @torch.no_grad()
    def by(cls, model: nn.Module | None, maze: MazeSet, view: View, refined: bool = False) -> Seen:
        """Read a picture, and plan by the exact search.

        Args:
            model: The reader; None guesses by the border.
            maze: To judge what was read, and for its goal.
            view: Its picture.
            refined: The model reads a part, and the two looks of that part tell the rest.
        """
        begun = time.process_time()
        told = None
        if refined:
            part = view.ends(_ROWS)
            told = two_looks(view.cells, part.cells, walls(part.read_by(model)).ravel())
        if told is None:
            log_cost = view.read_by(model)
        else:
            log_cost = math.log(_WALL) * torch.from_numpy(told).float().view(view.goal.shape)
        cost = torch.exp(log_cost)
        field = solve_field(cost[0].double().numpy(), tuple(maze.goals[0]), N_STRAIGHT)
        values = torch.from_numpy(field.values.astype(np.float64))[None]
        q = edge_action_values(values, edges_of(log_cost.double(), None, N_STRAIGHT))
        arrows = q.argmin(dim=1).numpy()
        seconds = time.process_time() - begun
        return cls(int((walls(log_cost) != maze.occupied[0]).sum()), arrows, seconds)

    def row(self, maze: MazeSet) -> dict[str, float | None]:
        """Return the numbers of a row."""
        misread = {"cells misread": self.misread}
        return {**misread, **scores(self.arrows, maze), "CPU s a map": round(self.seconds, 3)}


def scores(arrows: NDArray[np.int64], maze: MazeSet) -> dict[str, float | None]:
    """Return success and optimal [%] of rollouts from all cells with a way."""
    arrived, moves = rollout(arrows, maze)
    starts = maze.starts
    return {
        "success %": round(100.0 * float(arrived[starts].mean()), 4),
        "optimal %": round(100.0 * float((arrived & (moves == maze.distance))[starts].mean()), 4),
        "longest path": float(maze.distance[starts].max()),
    }
