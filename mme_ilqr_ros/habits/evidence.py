"""Which habits do drives show? Tests against today's planner, drive by drive.

A table of what is seen acts on the whole map, and costs of directions take three times as long to
plan with: a few drives that happen to differ would do harm. So these terms are learned only when
the drives show them at the level ALPHA, and places when drives cost more than errors explain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage, special

from mme_ilqr_ros.habits.fit import Driver, Walk, certainty, price
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS

Pair = tuple[Walk, Walk]
"""A drive and a plan between the same ends."""

ALPHA = 0.01
_MORE = 1.28  # standard deviations: one in ten drivers without dislikes exceeds it
_PLANS, _ROUGH = 6, 0.02  # for each drive, and the least variance of one [likely errors squared]
_FEWEST = 4  # drives
_LEAST_SEEN = 1.0  # [m] of a drive where there is something to see
_LANE = 0.5  # [m] over which the directions of drives are averaged
_TURNINGS = 4000  # random ones


def beside_plans(driver: Driver, walks: Sequence[Walk]) -> list[Pair]:
    """Return each drive and a plan by today's cost, of a driver with an error but no habits."""
    pairs = []
    for k, walk in enumerate(walks):
        plan = driver.walk(driver.ground.cost, walk[0], walk[-1], k % len(driver.errors))
        pairs.append((walk, walk if plan is None else plan))
    return pairs


def cost_more(driver: Driver, walks: Sequence[Walk]) -> bool:
    """Whether drives cost more, by today's cost, than those of drivers who err but dislike nothing.

    Args:
        driver: On the ground of the walks.
        walks: Driven.
    """
    ground = driver.ground
    over, variance = 0.0, 0.0
    for k, walk in enumerate(walks):
        plans = [
            driver.walk(ground.cost, walk[0], walk[-1], (_PLANS * k + j) % len(driver.errors))
            for j in range(_PLANS)
        ]
        spent, *by_chance = (
            certainty(walk, ground) * price(occupancy(cells, ground.shape), ground.cost)
            for cells in (walk, *(plan for plan in plans if plan is not None))
        )
        if len(by_chance) > 1:
            over += spent - np.mean(by_chance)
            variance += np.var(by_chance, ddof=1) * (1.0 + 1.0 / len(by_chance)) + _ROUGH
    return bool(over > _MORE * np.sqrt(variance))


def differ_in(pairs: Sequence[Pair], argument: np.ndarray, side: float) -> bool:
    """Whether drives differ from plans in the mean of something along them.

    Args:
        pairs: Drives beside their plans.
        argument: [H, W] what is seen in a cell, or [8, H, W] by the direction of the move; NaN
            where there is nothing to see.
        side: Of a cell [m].
    """
    offsets = []
    for pair in pairs:
        means = [_mean_along(cells, argument, side) for cells in pair]
        if None not in means:
            offsets.append(means[0] - means[1])  # type: ignore[operator]
    return _differ(np.array(offsets))


def keeps_directions(pairs: Sequence[Pair], ground: Ground) -> bool:
    """Whether drives turn off their plans in one sense, wherever they do.

    A drive and its plan have the same ends, so where they part they enclose something. An owner
    who dislikes a place goes round it clockwise one way and counterclockwise the other; one who
    keeps directions goes round it in the same sense. So the difference of their flows agrees from
    drive to drive: its products are summed over pairs of drives, and compared with the sums when
    each drive is turned round at random (an exact test, as either sense is as likely then).
    """
    sigma = _LANE / ground.side
    units = (STEPS / LENGTHS[:, None]).T
    turns = []
    for walk, plan in pairs:
        apart = occupancy(walk, ground.shape, 8) - occupancy(plan, ground.shape, 8)
        flow = np.tensordot(units, apart, axes=1)
        smooth = ndimage.gaussian_filter(flow, (0.0, sigma, sigma)).ravel()
        size = float(np.linalg.norm(smooth))
        if size > 1e-9:
            turns.append(smooth / size)  # each drive counts alike
    if len(turns) < _FEWEST:
        return False
    agree = np.array(turns) @ np.array(turns).T
    np.fill_diagonal(agree, 0.0)
    senses = np.random.default_rng(0).choice([-1.0, 1.0], (_TURNINGS, len(turns)))
    by_chance = ((senses @ agree) * senses).sum(axis=1)
    return bool(np.mean(by_chance >= agree.sum() - 1e-9) < ALPHA)


def _mean_along(cells: Walk, argument: np.ndarray, side: float) -> float | None:
    """Return the mean of an argument along a walk; None where it is hardly ever there."""
    argument = argument.reshape(-1, *argument.shape[-2:])
    spent = occupancy(cells, argument.shape[1:], len(argument))
    spent = np.where(np.isnan(argument), 0.0, spent)
    total = spent.sum()
    if total * side < _LEAST_SEEN:
        return None
    return float((spent * np.nan_to_num(argument)).sum() / total)


def _differ(values: np.ndarray) -> bool:
    """Whether the mean differs from 0 at the level ALPHA, by Student's t."""
    if len(values) < _FEWEST or values.std() < 1e-12:
        return False
    t = values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))
    return bool(2.0 * special.stdtr(len(values) - 1, -abs(t)) < ALPHA)
