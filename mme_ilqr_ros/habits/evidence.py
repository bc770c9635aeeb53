"""Do drives show habits of direction? Two tests against today's planner, drive by drive.

Costs of directions take three times as long to plan with and have many weights, so they are learned
only when drives show them at the level ALPHA; by chance one owner in a thousand gets them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage, stats

from mme_ilqr_ros.habits.fit import Driver, Walk
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS

ALPHA = 1e-3
_FEWEST = 4  # drives
_LEAST_CORRIDOR = 1.0  # [m] of a drive in corridors
_LANE = 0.5  # [m] over which the directions of drives are averaged


def keeps_a_side(driver: Driver, walks: Sequence[Walk], across: np.ndarray) -> bool:
    """Whether drives keep further to one side of corridors than plans do.

    Args:
        driver: On the ground of the walks.
        walks: Driven.
        across: [8, H, W] place across the corridor, NaN elsewhere (`directed.across`).
    """
    offsets = []
    for walk, plan in _pairs(driver, walks):
        places = [_mean_place(cells, across, driver.ground.side) for cells in (walk, plan)]
        if None not in places:
            offsets.append(places[0] - places[1])  # type: ignore[operator]
    return _differ(np.array(offsets), two_sided=True)


def keeps_directions(driver: Driver, walks: Sequence[Walk]) -> bool:
    """Whether drives go against the other drives' directions less than plans do."""
    ground = driver.ground
    sigma = _LANE / ground.side
    units = STEPS / LENGTHS[:, None]

    def flow(cells: Walk) -> np.ndarray:
        spent = occupancy(cells, ground.shape, 8)
        return ndimage.gaussian_filter(np.tensordot(units.T, spent, axes=1), (0.0, sigma, sigma))

    flows = [flow(walk) for walk in walks]
    total = np.sum(flows, axis=0) if flows else 0.0
    least = 0.5 / sigma  # about that of one drive
    gains = []
    for (walk, plan), own in zip(_pairs(driver, walks), flows, strict=True):
        others = total - own
        others = others / (np.hypot(*others) + least)
        against = np.maximum(-np.tensordot(units, others, axes=1), 0.0)
        spent = [(occupancy(cells, ground.shape, 8) * against).sum() for cells in (walk, plan)]
        gains.append((spent[1] - spent[0]) / len(walk))
    return _differ(np.array(gains), two_sided=False)


def _pairs(driver: Driver, walks: Sequence[Walk]) -> list[tuple[Walk, Walk]]:
    """Return each drive beside a plan of a driver with an error, who has no habits."""
    pairs = []
    for k, walk in enumerate(walks):
        plan = driver.walk(driver.ground.cost, walk[0], walk[-1], k % len(driver.errors))
        pairs.append((walk, walk if plan is None else plan))
    return pairs


def _mean_place(cells: Walk, across: np.ndarray, side: float) -> float | None:
    spent = occupancy(cells, across.shape[1:], 8)
    spent = np.where(np.isnan(across), 0.0, spent)
    total = spent.sum()
    if total * side < _LEAST_CORRIDOR:
        return None
    return float((spent * np.nan_to_num(across)).sum() / total)


def _differ(values: np.ndarray, *, two_sided: bool) -> bool:
    """Whether the mean differs from 0 (is above it) at the level ALPHA, by Student's t."""
    if len(values) < _FEWEST or values.std() < 1e-12:
        return False
    t = values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))
    p = stats.t.sf(abs(t) if two_sided else t, len(values) - 1)
    return bool(p * (2.0 if two_sided else 1.0) < ALPHA)
