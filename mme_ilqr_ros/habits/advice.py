"""Where more drives would help: where much of the traffic can choose and little is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.fit import NOISE, Driver, Walk
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.habits.on_ground import PRIOR_ERROR, SUPPORT, TOLD
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.planning.habits import CLEARANCE_FEATURE, Habits

_QUERIES = 80  # random ones, whose paths are the traffic
_PLACES = 3  # that are named
_WIDE = 2.0  # [m] around a place
_KNOWN = 0.6  # of the prior's standard deviation: below it a place needs no more drives
# A drive of 20 m tells so much of a place that it goes round.
_TOLD_BY_ONE = TOLD * SUPPORT**2 / (NOISE**2 * 20.0)


@dataclass(frozen=True)
class Advice:
    """A place through which more drives would help.

    Attributes:
        point: Its centre in the map's frame [m].
        drives: About how many through it.
        traffic: Fraction of random paths that pass it and could go round it.
        error: Standard deviation of its log cost now.
    """

    point: tuple[float, float]
    drives: int
    traffic: float
    error: float

    def __str__(self) -> str:
        """Return one line for a person."""
        x, y = self.point
        return (
            f"about {self.drives} more drive{'s' if self.drives > 1 else ''} through"
            f" ({x:.1f}, {y:.1f}) m or round it would help: {100 * self.traffic:.0f} % of random"
            f" paths pass there and have another way, and its cost is known to a factor"
            f" {math.exp(self.error):.2f}"
        )


def advice(
    grid: GridMap, habits: Habits, settings: HabitSettings, queries: int = _QUERIES
) -> tuple[Advice, ...]:
    """Return where more drives would help most, best first; none where all is known.

    Args:
        grid: The map that the habits were learned on.
        habits: What was learned.
        settings: Of the learning.
        queries: Random paths to draw.
    """
    rng = np.random.default_rng(settings.seed)
    plain = {CLEARANCE_FEATURE} & set(habits.features)
    ground = Ground.of(grid, settings, {})
    seen = Habits(**{**vars(habits), "features": {name: habits.features[name] for name in plain}})
    cost, driver = cost_on(seen, ground), Driver(ground, np.ones((1, 1, 1)))
    window = max(1, round(_WIDE / ground.side))
    traffic = _chosen(driver, cost, window, queries, rng)
    error = np.repeat(np.repeat(habits.places_error, 2, axis=0), 2, axis=1)
    error = np.where(ground.free, error[: ground.shape[0], : ground.shape[1]], 0.0)
    error = ndimage.uniform_filter(error, window) / np.maximum(
        ndimage.uniform_filter(ground.free.astype(float), window), 1e-3
    )
    need = np.where(ground.free & (error > _KNOWN * PRIOR_ERROR), traffic * error**2, 0.0)
    result = []
    for _ in range(_PLACES):
        row, column = np.unravel_index(int(np.argmax(need)), need.shape)
        if need[row, column] <= 0.0:
            break
        at = (np.array([column, row]) + 0.5) * ground.side
        x, y = grid.origin.transform(at[None])[0]
        now = float(error[row, column])
        n = _drives_to_know(now)
        result.append(Advice((float(x), float(y)), n, float(traffic[row, column]), now))
        rows, columns = np.indices(need.shape)
        need[np.hypot(rows - row, columns - column) < 2 * window] = 0.0
    return tuple(result)


def _chosen(
    driver: Driver, cost: np.ndarray, window: int, queries: int, rng: np.random.Generator
) -> np.ndarray:
    """Return [H, W] the share of random paths that pass near and can go round for twice as much."""
    ground = driver.ground
    cells, chosen, n_paths = np.argwhere(ground.free), np.zeros(ground.shape), 0
    for _ in range(queries):
        start, goal = cells[rng.integers(len(cells), size=2)]
        walk = driver.walk(cost, start, goal)
        if walk is None or len(walk) < 2:
            continue
        near = _near(walk, ground, window)
        other = driver.walk(cost * np.where(near, 2.0, 1.0), start, goal)
        n_paths += 1
        if other is not None:
            chosen += near & ~_near(other, ground, window)
    return chosen / max(n_paths, 1)


def _near(walk: Walk, ground: Ground, window: int) -> np.ndarray:
    """Return bool [H, W]: cells about which a window meets a walk."""
    return ndimage.maximum_filter(occupancy(walk, ground.shape)[0] > 0.0, window)


def _drives_to_know(error: float) -> int:
    """Return about how many drives bring an error down to the known one."""
    goal = (_KNOWN * PRIOR_ERROR) ** -2
    return max(1, math.ceil((goal - error**-2) / _TOLD_BY_ONE - 1e-9))
