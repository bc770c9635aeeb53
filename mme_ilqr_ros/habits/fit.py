"""Fit the terms of the log cost to drives: a driver as a planner who misjudges the cells.

A driver is taken to follow the best path of a cost that is ours times a smooth random error e, as
drivers of one mind still differ. The loss of a drive is, in units of its likely error T,

    (cost(driven) - E_e min over paths cost e) / T,    T = NOISE sqrt(cost(driven) x 1 m)

whose derivative is where the driver's length is minus where the planner's is expected to be, cell
by cell: zero in the mean when our cost is the driver's, however noisy. So inconsistent drivers do
not look like habits. Weights are not negative and cost `l1 |w| + l2 w^2 / 2`, so a term without
support stays 0 and one drive moves little. The price l1 of a place grows with `chance`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.occupancy import add_walk, occupancy
from mme_ilqr_ros.habits.terms import Term
from mme_ilqr_ros.planning.directed import edge_costs
from mme_ilqr_ros.planning.field import follow, solve_edges, solve_field
from mme_ilqr_ros.planning.habit_cost import MOST

Walk = np.ndarray
"""int64 [N, 2] cells (row, column)."""

NOISE = 0.083
"""Standard error of a drive's cost [m] over the square root of its cost in metres."""
_ERROR, _ERROR_LENGTH = 0.14, 0.3  # of a driver's log cost, and over how many metres it changes
_ERRORS = 24  # different ones that are drawn from
_STEP, _MEMORY, _MEMORY_OF_SQUARES, _DAMP = 0.15, 0.8, 0.95, 1.0
_TIMES, _LEAST_TIMES = 4, 12  # plans for each drive, and in all
_MOST_A_ROUND = 20  # drives; of more, another sample each round


@dataclass(frozen=True)
class Prior:
    """What a weight costs: `l1 |w| + l2 w^2 / 2`, in units of a drive's log likelihood."""

    l1: float | np.ndarray
    l2: float


@dataclass(frozen=True, eq=False)
class Driver:
    """The planner on the ground with log costs added, and a driver's errors."""

    ground: Ground
    errors: np.ndarray  # [n, H, W] factors

    @classmethod
    def on(cls, ground: Ground, rng: np.random.Generator) -> Driver:
        """Draw a driver's errors."""
        sigma = _ERROR_LENGTH / ground.side
        shape = (_ERRORS, *ground.shape)
        smooth = ndimage.gaussian_filter(rng.normal(size=shape), (0.0, sigma, sigma))
        return cls(ground, np.exp(_ERROR * smooth / max(float(smooth.std()), 1e-12)))

    def walk(
        self, cost: np.ndarray, start: np.ndarray, goal: np.ndarray, error: int | None = None
    ) -> Walk | None:
        """Return the best walk under a cost [H, W] or directed [8, H, W]; None where none leads."""
        if error is not None:
            cost = cost * self.errors[error]
        ends = [(int(cell[0]), int(cell[1])) for cell in (start, goal)]
        if cost.ndim == 3:
            field = solve_edges(edge_costs(cost), ends[1], until=ends[0])
        else:
            field = solve_field(cost, ends[1], until=ends[0])
        walk = follow(field, ends[0])
        return walk.cells if walk.reached else None


def price(occupancy: np.ndarray, cost: np.ndarray) -> float:
    """Return the cost [cells] of a walk by its `occupancy` under a cost of the same shape."""
    cost = cost.reshape(-1, *cost.shape[-2:])
    paid = occupancy > 0.0
    return float((occupancy[paid] * cost[paid]).sum())


def fit(
    driver: Driver,
    walks: Sequence[Walk],
    terms: Mapping[str, Term],
    priors: Mapping[str, Prior],
    n_rounds: int,
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> dict[str, np.ndarray]:
    """Return the weights [size] of each term that explain the walks.

    Args:
        driver: On the ground of the walks.
        walks: Driven.
        terms: By name.
        priors: By the same names.
        n_rounds: Steps; the result is the mean over the second half.
        rng: Draws drives and errors.
        progress: Called with the fraction done.
    """
    ground = driver.ground
    n_moves = 8 if any(term.directed for term in terms.values()) else 1
    scales = np.array([certainty(walk, ground) for walk in walks])
    weights = {name: np.zeros(term.size) for name, term in terms.items()}
    mean = {name: np.zeros(term.size) for name, term in terms.items()}
    momentum = dict(weights)
    squares: dict[str, np.ndarray] = {}
    begin = n_rounds // 2
    for n in range(n_rounds):
        if n >= begin:
            for name in terms:
                mean[name] += weights[name] / (n_rounds - begin)
        log_cost = added(terms, weights)
        cost = ground.cost * np.exp(np.minimum(log_cost, MOST))
        excess = _excess(driver, walks, scales, cost, n_moves, rng)
        held = np.isfinite(cost) & (log_cost < MOST)
        slope = excess * np.where(held, cost, 0.0)
        for name, term in terms.items():
            g = term.gather(slope if term.directed else slope.sum(axis=0))
            squares[name] = g * g + _MEMORY_OF_SQUARES * (squares.get(name, g * g) - g * g)
            momentum[name] = g + _MEMORY * (momentum[name] - g)
            prior, w = priors[name], weights[name]
            step = _STEP * (1.0 - n / n_rounds) / (np.sqrt(squares[name]) + _DAMP)
            weights[name] = np.maximum(w - step * (momentum[name] + prior.l2 * w + prior.l1), 0.0)
        if progress is not None:
            progress((n + 1) / n_rounds)
    return mean


def _excess(
    driver: Driver,
    walks: Sequence[Walk],
    scales: np.ndarray,
    cost: np.ndarray,
    n_moves: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return [n_moves, H, W] by how much more length drives spend in cells than erring plans."""
    drawn = rng.permutation(len(walks))[:_MOST_A_ROUND]
    excess = np.zeros((n_moves, *driver.ground.shape))
    for k in drawn:
        walk, share = walks[k], scales[k] * len(walks) / len(drawn)
        planned = driver.walk(cost, walk[0], walk[-1], int(rng.integers(_ERRORS)))
        if planned is not None:
            add_walk(excess, walk, share)
            add_walk(excess, planned, -share)
    return excess


def chance(driver: Driver, walks: Sequence[Walk], term: Term) -> np.ndarray:
    """Return the standard deviation [size] that the derivative by a term's weights has by chance.

    It is that of drivers without habits, who only err, on the same errands: where they take now
    one way, now another, a drive that takes one of them says little.

    Args:
        driver: On the ground of the walks.
        walks: Driven; only where they begin and end counts.
        term: Of costs of cells.
    """
    ground, variance = driver.ground, np.zeros(term.size)
    paid = np.where(ground.free, ground.cost, 0.0)
    n_times = max(_TIMES, -(-_LEAST_TIMES // max(len(walks), 1)))
    for k, walk in enumerate(walks):
        slopes = []
        for j in range(k * n_times, (k + 1) * n_times):
            plan = driver.walk(ground.cost, walk[0], walk[-1], j % len(driver.errors))
            if plan is not None:
                slopes.append(term.gather(occupancy(plan, ground.shape)[0] * paid))
        if len(slopes) > 1:
            variance += certainty(walk, ground) ** 2 * np.var(slopes, axis=0, ddof=1)
    return np.sqrt(variance)


def added(terms: Mapping[str, Term], weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the log cost [H, W], or [8, H, W] if a term is directed, that terms add."""
    parts = [term.spread(weights[name]) for name, term in terms.items()]
    flat = sum(part for part in parts if part.ndim == 2)
    return flat + sum(part for part in parts if part.ndim == 3)  # type: ignore[return-value]


def certainty(walk: Walk, ground: Ground) -> float:
    """Return 1 / T [1 / cells] of a drive."""
    metres = ground.side * price(occupancy(walk, ground.shape), ground.cost)
    return ground.side / (NOISE * np.sqrt(max(metres, 1.0)))
