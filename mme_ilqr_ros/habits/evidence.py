"""Which habits do drives show? Tests against today's planner, drive by drive.

A table of what is seen acts on the whole map, and costs of directions take three times as long to
plan with: a few drives that happen to differ would do harm. So these terms are learned only when
the drives show them at the level ALPHA. Held-out drives judge directions once more
(`on_ground.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage, special

from mme_ilqr_ros.habits.fit import Driver, Walk
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS

ALPHA = 0.01
_ONE_WAY = 0.1  # few of the drives meet a one-way zone at all
_FEWEST = 4  # drives
_LEAST_SEEN = 1.0  # [m] of a drive where there is something to see
_LANE = 0.5  # [m] over which the directions of drives are averaged


def differ_in(driver: Driver, walks: Sequence[Walk], argument: np.ndarray) -> bool:
    """Whether drives differ from plans in the mean of something along them.

    Args:
        driver: On the ground of the walks.
        walks: Driven.
        argument: [H, W] what is seen in a cell, or [8, H, W] by the direction of the move; NaN
            where there is nothing to see.
    """
    offsets = []
    for walk, plan in _pairs(driver, walks):
        means = [_mean_along(cells, argument, driver.ground.side) for cells in (walk, plan)]
        if None not in means:
            offsets.append(means[0] - means[1])  # type: ignore[operator]
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
    return _differ(np.array(gains), two_sided=False, alpha=_ONE_WAY)


def _pairs(driver: Driver, walks: Sequence[Walk]) -> list[tuple[Walk, Walk]]:
    """Return each drive beside a plan of a driver with an error, who has no habits."""
    pairs = []
    for k, walk in enumerate(walks):
        plan = driver.walk(driver.ground.cost, walk[0], walk[-1], k % len(driver.errors))
        pairs.append((walk, walk if plan is None else plan))
    return pairs


def _mean_along(cells: Walk, argument: np.ndarray, side: float) -> float | None:
    """Return the mean of an argument along a walk; None where it is hardly ever there."""
    argument = argument.reshape(-1, *argument.shape[-2:])
    spent = occupancy(cells, argument.shape[1:], len(argument))
    spent = np.where(np.isnan(argument), 0.0, spent)
    total = spent.sum()
    if total * side < _LEAST_SEEN:
        return None
    return float((spent * np.nan_to_num(argument)).sum() / total)


def _differ(values: np.ndarray, *, two_sided: bool, alpha: float = ALPHA) -> bool:
    """Whether the mean differs from 0 (is above it) at a level, by Student's t."""
    if len(values) < _FEWEST or values.std() < 1e-12:
        return False
    t = values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))
    p = special.stdtr(len(values) - 1, -abs(t) if two_sided else -t)
    return bool(p * (2.0 if two_sided else 1.0) < alpha)
