"""Maze navigation data: maps, goals and all shortest first moves, generated or from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mme_ilqr_ros.planning.field import solve_field
from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS
from mme_ilqr_ros.training.task import TrainingError


class MazeError(TrainingError):
    """A maze file cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True, eq=False)
class MazeSet:
    """Maps with one goal each and what an expert would do.

    Attributes:
        occupied: bool [N, H, W], True = wall.
        goals: int64 [N, 2] goal cell (row, column), free.
        distance: [N, H, W] shortest number of straight moves to the goal, inf where there is no
            way (walls included).
        wrap: Whether the maps go on at their opposite sides, like two joint angles.
    """

    occupied: np.ndarray
    goals: np.ndarray
    distance: np.ndarray
    wrap: bool = False

    def __len__(self) -> int:
        return len(self.occupied)

    @property
    def starts(self) -> np.ndarray:
        """Bool [N, H, W]: cells from which the goal can be reached, the goal itself left out."""
        return np.isfinite(self.distance) & (self.distance > 0.0)

    def labels(self) -> np.ndarray:
        """Return float32 [N, 4, H, W]: equal weights of all shortest moves, with sum 1.

        Zero in walls, in unreachable cells and at the goal. A random choice among equal moves
        would cap what can be learned.
        """
        beyond = {"mode": "wrap"} if self.wrap else {"constant_values": np.inf}
        padded = np.pad(self.distance, ((0, 0), (1, 1), (1, 1)), **beyond)
        height, width = self.distance.shape[1:]
        best = [
            padded[:, 1 + dr : 1 + dr + height, 1 + dc : 1 + dc + width] + 1.0 == self.distance
            for dr, dc in STEPS[:N_STRAIGHT].tolist()
        ]
        labels = np.stack(best, axis=1) & self.starts[:, None]
        return (labels / np.maximum(labels.sum(axis=1, keepdims=True), 1)).astype(np.float32)

    def part(self, start: int, stop: int) -> MazeSet:
        """Return the mazes from `start` up to `stop`."""
        return self.take(slice(start, stop))

    def take(self, chosen: slice | np.ndarray) -> MazeSet:
        """Return the chosen mazes."""
        return MazeSet(self.occupied[chosen], self.goals[chosen], self.distance[chosen], self.wrap)


def with_expert(occupied: np.ndarray, goals: np.ndarray) -> MazeSet:
    """Return mazes [N, H, W] and goals [N, 2] with the distances that the expert knows."""
    cost = np.where(occupied, np.inf, 1.0)
    fields = [
        solve_field(c, tuple(g), N_STRAIGHT).values
        for c, g in zip(cost, goals.tolist(), strict=True)
    ]
    return MazeSet(occupied, goals, np.stack(fields))


def generate_mazes(
    n: int, size: int | tuple[int, int], rng: np.random.Generator, openness: float = 1.0
) -> MazeSet:
    """Make random mazes: carved depth first, then opened.

    Args:
        n: How many.
        size: Cells along a side, the closed border included, at least 5; or the smallest and the
            largest size, from which each maze's is drawn. All lie in maps of the largest, the
            smaller ones in their upper left corner with wall around them.
        rng: Source of randomness.
        openness: In each maze every inner wall is removed with a probability d ~ U[0, openness];
            0 leaves perfect mazes.

    Raises:
        MazeError: A size is too small, or the largest is below the smallest.
    """
    smallest, largest = (size, size) if isinstance(size, int) else size
    if not 5 <= smallest <= largest:
        raise MazeError(f"maze size = {size}: must be at least 5 cells, the smallest one first")
    occupied = np.ones((n, largest, largest), dtype=bool)
    goals = np.empty((n, 2), dtype=np.int64)
    sides = np.full(n, largest)
    if smallest < largest:
        sides = rng.integers(smallest, largest + 1, size=n)
    for k, side in enumerate(sides.tolist()):
        maze = occupied[k, :side, :side]
        goals[k] = rng.integers(1, side - 1, size=2)
        _carve(maze, rng)
        maze[1:-1, 1:-1] &= rng.random((side - 2, side - 2)) >= openness * rng.random()
        maze[tuple(goals[k])] = False
    return with_expert(occupied, goals)


def _carve(maze: np.ndarray, rng: np.random.Generator) -> None:
    """Open a spanning tree over the cells with odd row and column, depth first."""
    rooms = (len(maze) - 1) // 2
    visited = np.zeros((rooms, rooms), dtype=bool)
    row, column = (int(i) for i in rng.integers(rooms, size=2))
    visited[row, column] = True
    maze[2 * row + 1, 2 * column + 1] = False
    trail = [(row, column)]
    while trail:
        row, column = trail[-1]
        ways = [
            (row + dr, column + dc)
            for dr, dc in ((-1, 0), (0, -1), (1, 0), (0, 1))
            if 0 <= row + dr < rooms and 0 <= column + dc < rooms
        ]
        ways = [way for way in ways if not visited[way]]
        if not ways:
            trail.pop()
            continue
        way = ways[int(rng.integers(len(ways)))]
        visited[way] = True
        maze[2 * way[0] + 1, 2 * way[1] + 1] = False
        maze[row + way[0] + 1, column + way[1] + 1] = False  # the wall between the two
        trail.append(way)


def load_mazes(path: Path, split: str) -> MazeSet:
    """Read one split of a maze file.

    The file is a .npz with arrays `<split>_maze` [N, H, W] (1 = free), `<split>_goal`
    [N, 1, H, W] one-hot and `<split>_action` [N, 4, 1, H, W] one-hot, one shortest first move of
    each cell. All shortest moves are computed again; the file's must be among them.

    Source: the 15x15 set of Zhao, Xu, Wong, ICLR 2023.

    Raises:
        MazeError: The file is missing, lacks an array, or its actions are not shortest.
    """
    try:
        with np.load(path) as file:
            maze, goal, action = (file[f"{split}_{key}"] for key in ("maze", "goal", "action"))
    except (OSError, KeyError, ValueError) as error:
        raise MazeError(f"{path}: cannot read split '{split}': {error}") from error
    goal = goal.reshape(maze.shape)
    if not (goal.sum(axis=(1, 2)) == 1).all() or not maze[goal == 1].all():
        raise MazeError(f"{path}: {split}_goal must mark one free cell of each maze")
    mazes = with_expert(maze == 0, np.argwhere(goal)[:, 1:])
    expert = action.reshape(len(maze), N_STRAIGHT, *maze.shape[1:])
    if not (mazes.labels() * expert).sum(axis=1)[mazes.starts].all():
        raise MazeError(f"{path}: {split}_action holds moves that are not on a shortest path")
    return mazes
