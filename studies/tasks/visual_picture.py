"""A picture of the visual task: what is seen from a cell, the true map, the map read, the plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import nn

from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS
from mme_ilqr_ros.training.task import device_of
from mme_ilqr_ros.training.tasks.mazes import MazeSet
from mme_ilqr_ros.training.tasks.navigation import maze_inputs
from studies.tasks.panoramas import Look, panoramas

_VIEWS = ("north", "west", "south", "east")


@torch.no_grad()
def draw_visual(
    path: Path, model: nn.Module, maze: MazeSet, look: Look, rng: np.random.Generator
) -> None:
    """Draw the plan of a mapper and its planner from the cell furthest from the goal.

    Args:
        path: PNG to write.
        model: Mapper and planner.
        maze: One maze.
        look: What it looks like.
        rng: Of the pictures' noise.
    """
    seen = panoramas(maze.occupied, rng, look)
    _, goals = maze_inputs(maze, device_of(model))
    answer = model(torch.from_numpy(seen).to(goals.device), goals, n_moves=N_STRAIGHT)
    walls = torch.sigmoid(answer.map_logits[0]).cpu().numpy()
    distance = np.where(maze.starts[0], maze.distance[0], -1.0)
    start = np.unravel_index(int(distance.argmax()), distance.shape)
    goal = maze.goals[0]
    cells = _followed(answer.logits[0].argmax(dim=0).cpu().numpy(), maze.occupied[0], start, goal)

    figure = Figure(figsize=(9.0, 5.4))
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 12, height_ratios=(1.0, 1.5))
    for k, name in enumerate(_VIEWS):
        axes = figure.add_subplot(grid[0, 3 * k : 3 * k + 3])
        axes.imshow(seen[(0, *start, k)])
        axes.set_title(f"seen to the {name}", fontsize=10)
        axes.set_axis_off()
    shown = {"true map": maze.occupied[0], "map read: P(wall)": walls, "plan": maze.occupied[0]}
    for k, (title, values) in enumerate(shown.items()):
        axes = figure.add_subplot(grid[1, 4 * k : 4 * k + 4])
        _map(axes, values, title)
        axes.plot(start[1], start[0], "o", color="#d55e00", markersize=6)
        axes.plot(goal[1], goal[0], "*", color="#009e73", markersize=11)
    axes.plot(cells[:, 1], cells[:, 0], color="#d55e00", linewidth=2.0)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


def _map(axes: Axes, values: np.ndarray, title: str) -> None:
    axes.imshow(values, cmap="Greys", vmin=0.0, vmax=1.3)
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


def _followed(
    best_move: np.ndarray, occupied: np.ndarray, start: tuple[int, ...], goal: np.ndarray
) -> np.ndarray:
    """Return the cells [N, 2] on the way of the best moves until the goal, a wall or a loop."""
    cells = [np.array(start)]
    while len(cells) <= occupied.size and not (cells[-1] == goal).all():
        cells.append(cells[-1] + STEPS[best_move[tuple(cells[-1])]])
        inside = (cells[-1] >= 0).all() and (cells[-1] < occupied.shape).all()
        if not inside or occupied[tuple(cells[-1])]:
            break
    return np.array(cells)
