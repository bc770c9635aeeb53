"""Maze navigation data, generated or from a file, and how good a planner is in mazes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mme_ilqr_ros.learning.structured import StructuredPlan
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


TEST_SEED = 20_231_022
"""Never the seed of training data: `--seed` takes numbers up to a million."""

# Mazes for testing only: name, size, openness, how many.
TESTS = (
    ("15 x 15", 15, 1.0, 300),
    ("28 x 28", 28, 1.0, 100),
    ("49 x 49", 49, 1.0, 50),
    ("100 x 100", 100, 1.0, 16),
    ("256 x 256", 256, 1.0, 8),
    ("49 perfect", 49, 0.0, 30),
    ("256 perfect", 256, 0.0, 8),
)
_CELLS_AT_A_TIME = 50_000  # keeps the evaluation of wide models within some hundred MB


@dataclass(frozen=True)
class RolloutScore:
    """Outcome of rollouts from all cells that can reach the goal.

    Attributes:
        n_starts: Number of rollouts.
        n_reached: How many reach the goal without touching a wall.
        n_optimal: How many do so in the fewest moves.
        residual: Largest Bellman residual of the values that were followed.
    """

    n_starts: int = 0
    n_reached: int = 0
    n_optimal: int = 0
    residual: float = 0.0

    @property
    def success(self) -> float:
        """Fraction of rollouts that reach the goal."""
        return self.n_reached / self.n_starts

    @property
    def optimal(self) -> float:
        """Fraction of rollouts that reach it in the fewest moves."""
        return self.n_optimal / self.n_starts

    def __add__(self, other: RolloutScore) -> RolloutScore:
        """Return the score over the rollouts of both."""
        return RolloutScore(
            self.n_starts + other.n_starts,
            self.n_reached + other.n_reached,
            self.n_optimal + other.n_optimal,
            max(self.residual, other.residual),
        )

    def rank(self) -> tuple[float, ...]:
        """Return what models are compared by."""
        return self.success, self.optimal

    def row(self) -> dict[str, float]:
        """Return the numbers shown."""
        return {
            "success %": 100.0 * self.success,
            "optimal %": 100.0 * self.optimal,
            "starts": self.n_starts,
            "failures": self.n_starts - self.n_reached,
            "residual": self.residual,
        }


@torch.no_grad()
def evaluate(planner: Callable[[MazeSet], StructuredPlan], mazes: MazeSet) -> RolloutScore:
    """Roll a planner out on mazes, without a mask.

    Args:
        planner: From mazes to a plan, of which only logits and residual are used.
        mazes: Maps, goals and true distances.
    """
    score = RolloutScore()
    at_a_time = max(1, _CELLS_AT_A_TIME // mazes.occupied[0].size)
    for k in range(0, len(mazes), at_a_time):
        part = mazes.part(k, k + at_a_time)
        answer = planner(part)
        arrived, moves = rollout(answer.logits.argmax(dim=1).cpu().numpy(), part)
        optimal = arrived & (moves == part.distance)
        n_reached, n_optimal = (int(x[part.starts].sum()) for x in (arrived, optimal))
        score += RolloutScore(int(part.starts.sum()), n_reached, n_optimal, answer.residual)
    return score


def held_out_scores(
    planner: Callable[[MazeSet], StructuredPlan], only: Collection[str] | None = None
) -> dict[str, RolloutScore]:
    """Return a planner's score on each kind of test maze, over all starts of all mazes.

    Args:
        planner: From mazes to a plan, of which only logits and residual are used.
        only: Names of the kinds to test on; None for all.
    """
    scores = {}
    for k, (name, size, openness, n) in enumerate(TESTS):
        if only is None or name in only:
            mazes = generate_mazes(n, size, np.random.default_rng([TEST_SEED, k]), openness)
            scores[name] = evaluate(planner, mazes)
    return scores


def rollout(best_move: np.ndarray, mazes: MazeSet) -> tuple[np.ndarray, np.ndarray]:
    """Follow the best moves [N, H, W] from every cell at once.

    Returns:
        Whether the goal was reached without touching a wall, bool [N, H, W], and after how many
        moves [N, H, W]. A rollout that has not arrived after as many moves as there are cells is
        in a loop and never will.
    """
    n, height, width = best_move.shape
    rows, columns = np.indices((height, width))
    row, column = rows + STEPS[best_move, 0], columns + STEPS[best_move, 1]
    if mazes.wrap:
        row, column = row % height, column % width
    else:
        row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    here = (rows * width + columns).reshape(-1)
    goal = mazes.goals[:, 0] * width + mazes.goals[:, 1]
    walls = mazes.occupied.reshape(n, -1)
    end = walls | (here == goal[:, None])  # rollouts stay in a wall or at the goal
    place = np.where(end, here, (row * width + column).reshape(n, -1))
    moves = np.where(end, 0, 1)
    for _ in range(math.ceil(math.log2(height * width)) + 1):  # each round doubles the moves made
        moves = moves + np.take_along_axis(moves, place, axis=1)
        place = np.take_along_axis(place, place, axis=1)
    reached = (place == goal[:, None]) & ~walls
    return reached.reshape(best_move.shape), moves.reshape(best_move.shape)
