"""Owners with hidden dislikes on real maps, their drives, and the regret of a planner for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.habits.drive import Drive
from mme_ilqr_ros.habits.fit import Driver, Walk, price
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.habits.settings import HabitSettings

SETTINGS = HabitSettings(allow_unknown=False)
NOISE = 0.15  # about the standard deviation of a driver's log cost of a cell
LEAST = 4.0  # [m] between the ends of a drive or query
N_DISLIKES, RADII, FACTOR = 4, (1.2, 2.5), 4.0  # discs [m], and by how much they cost more


def coarse(grid: GridMap, side: float = 0.1) -> GridMap:
    """Return a map with cells of `side` m: occupied where any part is, unknown where all is."""
    k = max(1, round(side / grid.resolution))
    height, width = (n // k for n in grid.shape)
    cut = (slice(height * k), slice(width * k))
    blocks = (height, k, width, k)
    occupied = grid.occupied[cut].reshape(blocks).any(axis=(1, 3))
    unknown = grid.unknown[cut].reshape(blocks).all(axis=(1, 3)) & ~occupied
    return GridMap(occupied, k * grid.resolution, grid.origin, unknown)


@dataclass(frozen=True, eq=False)
class Owner:
    """An owner on a map.

    Attributes:
        ground: The map, its largest free region alone.
        true: [H, W] or [8, H, W] the cost that the owner has in mind.
        drives: Driven by the owner, who misjudges the cells.
        queries: [(start, goal)] unseen pairs of cells.
        best: Cost of the best path of each.
    """

    ground: Ground
    true: np.ndarray
    drives: tuple[Drive, ...]
    queries: tuple[tuple[np.ndarray, np.ndarray], ...]
    best: tuple[float, ...]

    def plans(self, cost: np.ndarray) -> list[Walk]:
        """Return what is planned for the queries under a cost."""
        planner = planner_on(self.ground)
        return [found(planner.walk(cost, *query)) for query in self.queries]

    def regret(self, cost: np.ndarray) -> float:
        """Return the mean excess over the best path of plans under a cost [%], by the true one."""
        paid = [spent(cells, self.true) for cells in self.plans(cost)]
        return 100.0 * float(np.mean(np.array(paid) / np.array(self.best)) - 1.0)


def planner_on(ground: Ground) -> Driver:
    """Return a planner without errors."""
    return Driver(ground, np.ones((1, 1, 1)))


def found(walk: Walk | None) -> Walk:
    """Return a walk that is there: all queries lie in one region."""
    assert walk is not None
    return walk


def spent(cells: Walk, cost: np.ndarray) -> float:
    """Return the cost of a walk under a cost [H, W] or [8, H, W]."""
    n_moves = 8 if cost.ndim == 3 else 1
    return price(occupancy(cells, cost.shape[-2:], n_moves), cost)


def owner_of(
    path: Path,
    seed: int,
    n_drives: int,
    n_queries: int,
    taste: Callable[[Ground, np.random.Generator], np.ndarray],
    cut: Callable[[GridMap], GridMap] = coarse,
) -> Owner:
    """Return an owner on a map.

    Args:
        path: Map file.
        seed: Of the taste, drives and queries.
        n_drives: To draw.
        n_queries: To draw.
        taste: From the ground to the true cost.
        cut: What is made of the map first.
    """
    ground = region_of(Ground.of(cut(load_map(path)), SETTINGS, {}))
    rng = np.random.default_rng(seed)
    true = taste(ground, rng)
    planner = planner_on(ground)
    queries = drawn(ground, n_queries, rng)
    drives = []
    for start, goal in drawn(ground, n_drives, rng):
        smooth = ndimage.gaussian_filter(rng.normal(size=ground.shape), 0.3 / ground.side)
        error = np.exp(NOISE * smooth / smooth.std())
        cells = found(planner.walk(true * error, start, goal))
        drives.append(Drive(ground.grid.centre_of(cells)))
    best = [spent(found(planner.walk(true, *query)), true) for query in queries]
    return Owner(ground, true, tuple(drives), tuple(queries), tuple(best))


def region_of(ground: Ground) -> Ground:
    """Return the ground with all but its largest free region closed."""
    labels = ndimage.label(ground.free)[0]
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    cost = np.where(labels == sizes.argmax(), ground.cost, np.inf)
    return Ground(ground.grid, ground.k, ground.side, cost, ground.occupied, ground.features)


def drawn(ground: Ground, n: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return random pairs of free cells at least LEAST m apart."""
    cells, pairs = np.argwhere(ground.free), []
    while len(pairs) < n:
        start, goal = cells[rng.integers(len(cells), size=2)]
        if np.hypot(*(start - goal)) * ground.side > LEAST:
            pairs.append((start, goal))
    return pairs


def dislikes(ground: Ground, rng: np.random.Generator) -> np.ndarray:
    """Return today's cost, four times as much in discs that no map shows, where traffic is."""
    return ground.cost * np.where(disliked(ground, rng), FACTOR, 1.0)


def disliked(ground: Ground, rng: np.random.Generator) -> np.ndarray:
    """Return bool [H, W]: discs around cells drawn by the traffic of random paths."""
    planner, traffic = planner_on(ground), np.zeros(ground.shape)
    for start, goal in drawn(ground, 60, rng):
        cells = found(planner.walk(ground.cost, start, goal))
        traffic[cells[:, 0], cells[:, 1]] += 1.0
    traffic = ndimage.gaussian_filter(traffic, 0.5 / ground.side) * ground.free
    cells = np.argwhere(ground.free)
    odds = traffic[ground.free]
    where = cells[rng.choice(len(cells), N_DISLIKES, p=odds / odds.sum(), replace=False)]
    rows, columns = np.indices(ground.shape)
    inside = np.zeros(ground.shape, dtype=bool)
    for row, column in where:
        radius = rng.uniform(*RADII) / ground.side
        inside |= (rows - row) ** 2 + (columns - column) ** 2 < radius**2
    return inside & ground.free
