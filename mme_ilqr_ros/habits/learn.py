"""Learn an owner's habits from drives on a map.

Signatures agreed between the parts; the learning itself follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.drive import Drive
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.planning.habits import Habits


@dataclass(frozen=True)
class Explained:
    """How well one cost explains held-out drives.

    Attributes:
        regret: Mean over the drives of the driven cost over the least one, minus 1 (0 = each drive
            is a best path under this cost).
        error: Standard error of that mean.
    """

    regret: float
    error: float


@dataclass(frozen=True, eq=False)
class Validation:
    """Held-out drives under three costs; `folds` 0 when there are too few drives.

    Attributes:
        shipped: Under the weights without habits.
        dijkstra: Under uniform cost.
        learned: Under habits learned from the other folds.
        gain: Mean and error of `shipped` minus `learned`, drive by drive.
        regrets: [N, 3] of each drive: shipped, Dijkstra, learned.
        folds: Number of folds.
    """

    shipped: Explained
    dijkstra: Explained
    learned: Explained
    gain: Explained
    regrets: np.ndarray
    folds: int


def learn(
    grid: GridMap,
    drives: Sequence[Drive],
    settings: HabitSettings,
    layers: Mapping[str, np.ndarray] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Habits:
    """Learn habits from drives on a map; none gives exactly the plan without habits.

    Args:
        grid: The map.
        drives: On it.
        settings: Parameters.
        layers: [H, W] in [0, 1] by name: filter masks, grey values of the map.
        progress: Called with the fraction done in [0, 1] and what is being done.
    """
    raise NotImplementedError


def cross_validate(
    grid: GridMap,
    drives: Sequence[Drive],
    settings: HabitSettings,
    layers: Mapping[str, np.ndarray] | None = None,
    folds: int = 5,
    progress: Callable[[float, str], None] | None = None,
) -> Validation:
    """Explain each drive by habits learned from the others."""
    raise NotImplementedError
