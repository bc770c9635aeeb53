"""Maze sets on disk: the `.npz` files of DiffPlan and of the planning datasets of Neural A*."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import MapError

SPLITS = ("train", "val", "test")  # in the order of the arrays that have no names
PER_SPLIT = 4  # arrays without names: map, goal, best moves, minus distance


@dataclass(frozen=True, eq=False)
class Maze:
    """One maze and its goal.

    Attributes:
        name: Split and number.
        blocked: [H, W].
        goal: Free cell (row, column).
        n_moves: 4 where the set's moves are straight, else 8.
    """

    name: str
    blocked: NDArray[np.bool_]
    goal: tuple[int, int]
    n_moves: int


def read_maze_file(path: Path) -> list[Maze]:
    """Return the held-out mazes of a file; those to train on only where there are no others.

    Two layouts are known: arrays `<split>_maze`, `<split>_goal` and `<split>_action`, and twelve
    arrays without names. In both 1 is free and the goal is one-hot.

    Raises:
        MapError: The file is missing or broken; one line that names it.
    """
    try:
        with np.load(path) as file:
            splits = _named(file) or _unnamed(file)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise MapError(f"{path}: cannot be read: {error}") from error
    if not splits:
        raise MapError(f"{path}: has no arrays <split>_maze and <split>_goal")
    held_out = {name: arrays for name, arrays in splits.items() if name != "train"} or splits
    return [maze for name, arrays in held_out.items() for maze in _mazes(path, name, *arrays)]


Arrays = tuple[NDArray, NDArray, int]


def _named(file: np.lib.npyio.NpzFile) -> dict[str, Arrays]:
    names = [key.removesuffix("_maze") for key in file.files if key.endswith("_maze")]
    return {
        name: (file[f"{name}_maze"], file[f"{name}_goal"], file[f"{name}_action"].shape[1])
        for name in names
    }


def _unnamed(file: np.lib.npyio.NpzFile) -> dict[str, Arrays]:
    if set(file.files) != {f"arr_{k}" for k in range(PER_SPLIT * len(SPLITS))}:
        return {}
    splits = {}
    for k, name in enumerate(SPLITS):
        maze, goal, best = (file[f"arr_{PER_SPLIT * k + i}"] for i in range(3))
        splits[name] = (maze, goal, best.shape[1])
    return splits


def _mazes(path: Path, split: str, maze: NDArray, goal: NDArray, n_moves: int) -> list[Maze]:
    goals = goal.reshape(maze.shape)
    if not (goals.astype(bool).sum(axis=(1, 2)) == 1).all() or not maze[goals.astype(bool)].all():
        raise MapError(f"{path}: {split}: each maze must have one goal, on a free cell")
    if n_moves not in (4, 8):
        raise MapError(f"{path}: {split}: actions of {n_moves} moves; 4 and 8 are known")
    cells = np.argwhere(goals)[:, 1:].tolist()
    return [
        Maze(f"{split}_{k:04d}", blocked, (row, column), n_moves)
        for k, (blocked, (row, column)) in enumerate(zip(maze == 0, cells, strict=True))
    ]
