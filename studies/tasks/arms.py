"""Arms among discs: configuration spaces with all shortest moves, and pictures of the workspaces.

A cell of the configuration space is blocked when the arm touches a disc there; moves turn one joint
by one cell, and both joints turn without limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS
from mme_ilqr_ros.training.task import TrainingError
from mme_ilqr_ros.training.tasks.mazes import MazeSet
from studies.arm import Arm
from studies.torus import solve_torus

ARM = Arm()
MOST_DISCS = 5
RADII = (0.08, 0.2)  # [m] of the discs
PIXELS = 96
"""Along a side of a picture; it shows what the arm can reach, the base in the middle."""

SMALLEST = 6  # cells along a side
_KEPT_FREE = 0.06  # [m] round the base, so that the first link can be anywhere at all
_FEWEST_STARTS = 0.1  # fraction of the cells; a goal in a pocket teaches nothing


@dataclass(frozen=True, eq=False)
class ArmSet:
    """Workspaces, and what an expert knows of them.

    Attributes:
        discs: [N, 5, 3] rows x, y, radius in m; of those that are not there the radius is NaN.
        pictures: uint8 [N, 96, 96] of the workspaces; see `picture`.
        mazes: Configuration spaces, goals and distances; they wrap.
    """

    discs: np.ndarray
    pictures: np.ndarray
    mazes: MazeSet

    def __len__(self) -> int:
        return len(self.discs)

    def take(self, chosen: slice | np.ndarray) -> ArmSet:
        """Return the chosen workspaces."""
        return ArmSet(self.discs[chosen], self.pictures[chosen], self.mazes.take(chosen))


def picture(discs: np.ndarray) -> np.ndarray:
    """Return uint8 [96, 96] for discs [M, 3]: 255 in a disc, 0 outside; row 0 is the lowest y."""
    pixel = 2.0 * ARM.reach / PIXELS
    middle = (np.arange(PIXELS) + 0.5) * pixel - ARM.reach
    x, y = middle[None, :, None], middle[:, None, None]
    discs = discs[np.isfinite(discs[:, 2])]
    inside = discs[:, 2] - np.hypot(x - discs[:, 0], y - discs[:, 1])
    share = np.clip(inside / pixel + 0.5, 0.0, 1.0).max(axis=-1, initial=0.0)
    return np.rint(255.0 * share).astype(np.uint8)


def torus_with_expert(occupied: np.ndarray, goals: np.ndarray) -> MazeSet:
    """Return maps bool [N, H, W] that wrap, and goals [N, 2], with the expert's distances."""
    turned = [np.roll(occupied, tuple(-step), axis=(1, 2)) for step in STEPS[:N_STRAIGHT]]
    closed = occupied[:, None] | np.stack(turned, axis=1)
    fields = solve_torus(np.where(closed, np.inf, 1.0), goals)
    return MazeSet(occupied, goals, fields.values, wrap=True)


def generate_arms(n: int, size: int, rng: np.random.Generator) -> ArmSet:
    """Make random workspaces of one to five discs, each with a goal that many cells can reach.

    Args:
        n: How many.
        size: Cells along either side of the configuration space, at least 6.
        rng: Source of randomness.

    Raises:
        TrainingError: The size is too small.
    """
    if size < SMALLEST:
        raise TrainingError(f"--size {size}: a configuration space has at least {SMALLEST} cells")
    kept: list[ArmSet] = []
    while (missing := n - sum(map(len, kept))) > 0:
        drawn = _drawn(max(8, missing), size, rng)
        enough = drawn.mazes.starts.mean(axis=(1, 2)) >= _FEWEST_STARTS
        kept.append(drawn.take(np.flatnonzero(enough)[:missing]))
    spaces = [part.mazes for part in kept]
    columns = (np.concatenate([getattr(space, name) for space in spaces]) for name in _OF_MAZES)
    discs, pictures = (
        np.concatenate([getattr(part, name) for part in kept]) for name in ("discs", "pictures")
    )
    return ArmSet(discs, pictures, MazeSet(*columns, wrap=True))


_OF_MAZES = ("occupied", "goals", "distance")


def _drawn(n: int, size: int, rng: np.random.Generator) -> ArmSet:
    """Return as many workspaces, not all of which need be any good."""
    discs = np.stack([_discs(rng) for _ in range(n)])
    occupied = np.stack([ARM.configuration_space(d[np.isfinite(d[:, 2])], size) for d in discs])
    free = [np.argwhere(~space) for space in occupied]
    # Where nothing is free the goal is blocked too, so that nothing reaches it.
    goals = np.stack([f[rng.integers(len(f))] if len(f) else [0, 0] for f in free])
    pictures = np.stack([picture(d) for d in discs])
    return ArmSet(discs, pictures, torus_with_expert(occupied, goals))


def _discs(rng: np.random.Generator) -> np.ndarray:
    """Return [5, 3]: one to five discs within reach that leave the base free."""
    discs = np.full((MOST_DISCS, 3), np.nan)
    for k in range(int(rng.integers(1, MOST_DISCS + 1))):
        radius = rng.uniform(*RADII)
        nearest = radius + ARM.radius + _KEPT_FREE
        # Uniform over the ring's area.
        distance = math.sqrt(rng.uniform(nearest**2, ARM.reach**2))
        angle = rng.uniform(0.0, 2.0 * math.pi)
        discs[k] = distance * math.cos(angle), distance * math.sin(angle), radius
    return discs
