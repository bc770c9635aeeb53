"""Hard mazes: 30 x 30 cells, one shown path of at least 110 moves in each, and few of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes

SIDE = 30
LONG = 110
_AT_A_TIME = 50


@dataclass(frozen=True, eq=False)
class PathMazes(MazeSet):
    """Mazes with one start each, and one shortest path from it.

    Attributes:
        begins: int64 [N, 2] the starts (row, column).
        shown: float32 [N, 4, H, W], 1 at the moves of the path, 0 elsewhere.
    """

    begins: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    shown: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 4, 0, 0), np.float32))

    @property
    def starts(self) -> NDArray[np.bool_]:
        """Bool [N, H, W]: the one start of each maze."""
        starts = np.zeros(self.occupied.shape, dtype=bool)
        starts[np.arange(len(self)), self.begins[:, 0], self.begins[:, 1]] = True
        return starts

    def labels(self) -> NDArray[np.float32]:
        """Return the moves of the paths [N, 4, H, W]; cells off them say nothing."""
        return self.shown

    def take(self, chosen: slice | NDArray) -> PathMazes:
        """Return the chosen mazes."""
        of = (self.occupied, self.goals, self.distance)
        parts = (x[chosen] for x in of)
        return PathMazes(*parts, self.wrap, self.begins[chosen], self.shown[chosen])


def hard_mazes(n: int, rng: np.random.Generator) -> PathMazes:
    """Draw n mazes with few loops (openness 0.1) that have a start at least 110 moves away."""
    kept: list[MazeSet] = []
    while sum(len(mazes) for mazes in kept) < n:
        mazes = generate_mazes(_AT_A_TIME, SIDE, rng, openness=0.1)
        far = np.where(mazes.starts, mazes.distance, 0.0).max(axis=(1, 2)) >= LONG
        kept.append(mazes.take(far))
    of = [
        np.concatenate([getattr(mazes, name) for mazes in kept])[:n]
        for name in ("occupied", "goals", "distance")
    ]
    mazes = MazeSet(*of)
    begins = np.stack([_far_start(distance, rng) for distance in mazes.distance])
    return PathMazes(*of, False, begins, _paths(mazes, begins, rng))


def _far_start(distance: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
    far = np.argwhere(np.isfinite(distance) & (distance >= LONG))
    return far[rng.integers(len(far))]


def _paths(mazes: MazeSet, begins: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a shortest path of each maze as labels; of equal moves one is drawn."""
    best = mazes.labels() > 0.0
    shown = np.zeros_like(best, dtype=np.float32)
    at, which = begins.copy(), np.arange(len(mazes))
    while (going := (at != mazes.goals).any(axis=1)).any():
        row, column = at.T
        chance = rng.random((len(at), N_STRAIGHT)) * best[which, :, row, column]
        move = chance.argmax(axis=1)
        shown[which[going], move[going], row[going], column[going]] = 1.0
        at[going] += STEPS[move[going]]
    return shown
