"""Habits from walks on the ground: which terms are learned, with which priors, and what is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.habits.drive import Drive, DriveError
from mme_ilqr_ros.habits.evidence import Pair, beside_plans, cost_more, differ_in, keeps_directions
from mme_ilqr_ros.habits.fit import Driver, Prior, Walk, certainty, chance, fit
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.habits.snapping import snapped
from mme_ilqr_ros.habits.terms import Directions, Places, Table, Term
from mme_ilqr_ros.planning.directed import across
from mme_ilqr_ros.planning.habit_cost import MOST
from mme_ilqr_ros.planning.habits import (
    CLEARANCE_FEATURE,
    Fingerprint,
    Habits,
    occupied_share,
)

PLACES, SIDES, DIRECTIONS = "places", "sides", "directions"
N_KNOTS = {CLEARANCE_FEATURE: 9, SIDES: 5}
_LAYER_KNOTS = 5
_NOISE_OF_ONE, _PLACES_L2 = 0.1, 0.2
_CHANCE = 0.3
"""Of the standard deviation that a derivative has by chance: a place is not blamed below it."""
_TABLE_PRIOR = Prior(l1=0.3, l2=0.1)
_ROUNDS = 100
_DIRECTED = 0.6  # as many rounds, where each takes several times as long
_AGAIN = 1.3  # undoes what the prior takes off places that many drives support
_MOST_PLACE = 2.0  # log cost of a place
UNFAMILIAR = 0.18
"""Largest log cost of a place where no drive went, beside one where many go; see `_disliked`."""
_TRUST = 5.0  # drives that show half of it
_FAMILIAR = 0.6  # [m] beside a drive
PRIOR_ERROR = 0.5
"""Standard deviation of the log cost of a place before a drive is seen."""
TOLD = 0.1
"""Share of a drive's information that what is learned of a place makes use of."""
SUPPORT = 1.6
"""Width [m] of a place of which a drive tells."""

_log = logging.getLogger(__name__)
Progress = Callable[[float, str], None]


def usable(drives: Sequence[Drive], ground: Ground) -> list[Walk]:
    """Return the walks of the drives that have one; say which have none, and why."""
    walks = []
    for drive in drives:
        try:
            walks.append(snapped(drive, ground))
        except DriveError as error:
            _log.warning("%s; left out", error)
    return walks


def learn_on(
    ground: Ground,
    walks: Sequence[Walk],
    settings: HabitSettings,
    progress: Progress | None = None,
) -> Habits:
    """Do what `learn` does, from walks on the ground."""
    if not walks:
        return _habits(ground, walks, {}, {}, [])
    rng = np.random.default_rng(settings.seed)
    driver = Driver.on(ground, rng)
    pairs = beside_plans(driver, walks)
    terms: dict[str, Term] = {}
    if cost_more(driver, walks):
        terms[PLACES] = Places(ground.shape, ground.side)
    for name, argument in ground.features.items():
        if differ_in(pairs, argument, ground.side):
            terms[name] = Table(argument, N_KNOTS.get(name, _LAYER_KNOTS))
    if settings.directions:
        terms |= _directed_terms(pairs, ground)
    if not terms:
        return _habits(ground, walks, {}, {}, pairs)
    report = None if progress is None else lambda done: progress(done, "learning")
    weights = _fitted(driver, walks, terms, _ROUNDS, rng, report)
    return _habits(ground, walks, terms, weights, pairs)


def _fitted(
    driver: Driver,
    walks: Sequence[Walk],
    terms: Mapping[str, Term],
    n_rounds: int,
    rng: np.random.Generator,
    report: Callable[[float], None] | None = None,
) -> dict[str, np.ndarray]:
    """Return the weights of terms fitted to walks, each against its prior."""
    # The noise of a sum of derivatives grows with the root of the number of drives.
    least = _NOISE_OF_ONE * np.sqrt(len(walks))
    priors = dict.fromkeys(terms, _TABLE_PRIOR) | {DIRECTIONS: Prior(least, _PLACES_L2)}
    if PLACES in terms:
        by_chance = chance(driver, walks, terms[PLACES])
        priors[PLACES] = Prior(least + _CHANCE * by_chance, _PLACES_L2)
    if any(term.directed for term in terms.values()):
        n_rounds = int(_DIRECTED * n_rounds)
    return fit(driver, walks, terms, priors, n_rounds, rng, report)


def _directed_terms(pairs: Sequence[Pair], ground: Ground) -> dict[str, Term]:
    """Return the terms of directions that the drives show.

    Who keeps to one side also turns off plans in one sense, and in a loop driven one way one side
    may be driven more: where both are shown, the fit tells which it is.
    """
    terms: dict[str, Term] = {}
    places = across(ground.occupied, ground.side)
    if differ_in(pairs, places, ground.side):
        terms[SIDES] = Table(places, N_KNOTS[SIDES])
    if keeps_directions(pairs, ground):
        terms[DIRECTIONS] = Directions(ground.shape, ground.side)
    return terms


def _habits(
    ground: Ground,
    walks: Sequence[Walk],
    terms: Mapping[str, Term],
    weights: Mapping[str, np.ndarray],
    pairs: Sequence[Pair],
) -> Habits:
    """Return what was learned, places in blocks of two cells of the ground."""
    places = np.zeros(ground.shape)
    directions = np.zeros((4, *ground.shape))
    if PLACES in terms:
        n = len(walks)
        places = _AGAIN * n / (n + 1.0) * terms[PLACES].spread(weights[PLACES])
        trust = n / (n + _TRUST)
        unseen = min(_disliked(ground, walks, places), UNFAMILIAR)
        places = places + unseen * trust * _unfamiliar(ground, walks)
        places = np.minimum(places, _MOST_PLACE)
    if isinstance(term := terms.get(DIRECTIONS), Directions):
        directions = np.minimum(term.fields(weights[DIRECTIONS]), MOST)
    features = {name: _table(weights, name, ground) for name in ground.features}
    return Habits(
        Fingerprint.of(ground.grid),
        occupied_share(ground.grid, 2.0 * ground.side),
        places=_blocks(places),
        places_error=_blocks(_error(ground, pairs)),
        block=2.0 * ground.side,
        features={name: table for name, table in features.items() if table.any()},
        sides=weights.get(SIDES, np.zeros(N_KNOTS[SIDES])).astype(np.float32),
        directions=np.stack([_blocks(part) for part in directions]),
        n_drives=len(walks),
    )


def _table(weights: Mapping[str, np.ndarray], name: str, ground: Ground) -> np.ndarray:
    """Return a feature's table; a constant is no habit, so its least entry is 0."""
    table = weights.get(name)
    return np.zeros(2, np.float32) if table is None else (table - table.min()).astype(np.float32)


def _blocks(values: np.ndarray) -> np.ndarray:
    """Return float32 means of blocks of 2 x 2 cells."""
    padded = np.pad(values, [(0, n % 2) for n in values.shape], mode="edge")
    height, width = (n // 2 for n in padded.shape)
    return padded.reshape(height, 2, width, 2).mean(axis=(1, 3)).astype(np.float32)


def _unfamiliar(ground: Ground, walks: Sequence[Walk]) -> np.ndarray:
    """Return [H, W] in [0, 1]: 1 where no drive went near, towards 0 where many did."""
    sigma = _FAMILIAR / ground.side
    visits = np.zeros(ground.shape)
    for walk in walks:
        visits[walk[:, 0], walk[:, 1]] += 1.0
    return np.exp(-2.5 * sigma * ndimage.gaussian_filter(visits, sigma))


def _disliked(ground: Ground, walks: Sequence[Walk], places: np.ndarray) -> float:
    """Return the mean log cost learned of places on the drives' plans by today's cost.

    About as much is to be expected of places where no drive went: an owner whose drives are today's
    plans dislikes little elsewhere.
    """
    planner = Driver(ground, np.ones((1, 1, 1)))
    total, length = 0.0, 0
    for walk in walks:
        plan = planner.walk(ground.cost, walk[0], walk[-1])
        if plan is not None:
            total, length = total + places[plan[:, 0], plan[:, 1]].sum(), length + len(plan)
    return float(total / max(length, 1))


def _error(ground: Ground, pairs: Sequence[Pair]) -> np.ndarray:
    """Return the standard deviation [H, W] of the log cost of places; no drive makes it larger.

    A drive tells of a place where it parts from its plan by today's cost: there the owner chose.
    Its information is the square of the difference of what both pay near the place, over the
    drive's likely error, times a share that makes this figure the error of what is learned
    (docs/learned_costs.md). Where all ways lead through a place, no drive tells what it costs.
    """
    known = np.zeros(ground.shape)
    paid = np.where(ground.free, ground.cost, 0.0)
    window = max(1, round(SUPPORT / ground.side))
    for walk, plan in pairs:
        apart = occupancy(walk, ground.shape)[0] - occupancy(plan, ground.shape)[0]
        near = ndimage.uniform_filter(apart * paid, window) * window**2
        known += TOLD * (certainty(walk, ground) * near) ** 2
    return 1.0 / np.sqrt(1.0 / PRIOR_ERROR**2 + known)
