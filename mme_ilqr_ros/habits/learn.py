"""Learn an owner's habits from drives on a map, and check them on drives held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.drive import Drive, DriveError
from mme_ilqr_ros.habits.explain import Explained, Validation, cost_on, missed, regret_of
from mme_ilqr_ros.habits.fit import Driver
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.on_ground import Progress, learn_on, usable
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.planning.habits import Habits

__all__ = ["Explained", "Validation", "cross_validate", "learn"]


def learn(
    grid: GridMap,
    drives: Sequence[Drive],
    settings: HabitSettings,
    layers: Mapping[str, np.ndarray] | None = None,
    progress: Progress | None = None,
) -> Habits:
    """Learn habits from drives on a map; none gives exactly the plan without habits.

    Args:
        grid: The map.
        drives: On it. One that cannot be walked there is left out, with a warning.
        settings: Parameters.
        layers: [H, W] in [0, 1] by name: filter masks, grey values of the map.
        progress: Called with the fraction done in [0, 1] and what is being done.

    Raises:
        DriveError: A layer does not fit the map, or no drive can be walked on it.
    """
    ground = Ground.of(grid, settings, layers or {})
    walks = usable(drives, ground)
    if drives and not walks:
        raise DriveError(
            f"none of the {len(drives)} drives can be walked on this map by a robot that keeps"
            f" {settings.least_distance:g} m from obstacles; see the warnings"
        )
    return learn_on(ground, walks, settings, progress)


def cross_validate(
    grid: GridMap,
    drives: Sequence[Drive],
    settings: HabitSettings,
    layers: Mapping[str, np.ndarray] | None = None,
    folds: int = 5,
    progress: Progress | None = None,
) -> Validation:
    """Explain each drive by habits learned from the drives of the other folds.

    Args:
        grid: The map.
        drives: On it; with fewer than two usable ones nothing can be said.
        settings: Parameters.
        layers: As of `learn`.
        folds: Parts of the drives; with fewer drives, one drive each.
        progress: Called with the fraction done in [0, 1] and what is being done.
    """
    ground = Ground.of(grid, settings, layers or {})
    walks = usable(drives, ground)
    folds = min(folds, len(walks)) if len(walks) > 1 else 0
    driver = Driver(ground, np.ones((1, 1, 1)))
    regrets = np.zeros((len(walks) if folds else 0, 3))
    misses = np.zeros_like(regrets)
    order = np.random.default_rng(settings.seed).permutation(len(walks))
    uniform = np.where(ground.free, 1.0, np.inf)
    for fold in range(folds):
        if progress is not None:
            progress(fold / folds, "cross-validation")
        held = set(order[fold::folds].tolist())
        rest = [walk for k, walk in enumerate(walks) if k not in held]
        learned = cost_on(learn_on(ground, rest, settings), ground)
        for k in held:
            costs = ground.cost, uniform, learned
            regrets[k] = [regret_of(walks[k], cost, driver) for cost in costs]
            misses[k] = [missed(walks[k], cost, driver) for cost in costs]
    columns = [Explained.of(column) for column in regrets.T]
    gain = Explained.of(misses[:, 0] - misses[:, 2])
    return Validation(columns[0], columns[1], columns[2], gain, regrets, misses, folds)
