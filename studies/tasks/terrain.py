"""The terrain task: a hidden cost of places, seen only as kinds of floor, wear and people.

Seen are the obstacles and, as layers, the kind of floor (one layer each), how worn it is, and where
people stand. Hidden is the cost: each kind of floor has its own, wear raises it, loose gravel
is worse beside a wall, and people are given room. No cell's cost depends on anything more than
`REACH` cells away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.training.tasks.demonstrations import MapSet, any_goal
from mme_ilqr_ros.training.tasks.hidden_cost import HiddenCost
from studies.tasks.demonstrated import command
from studies.tasks.terrain_encoder import TerrainEncoder

LAYERS = ("smooth", "carpet", "gravel", "mud", "wear", "people")
REACH = 3
_FLOOR_COST = (1.0, 1.6, 2.8, 5.5)
_GRAVEL = 2
_COST_RANGE = (1.0, 16.0)


@dataclass(frozen=True)
class TerrainStatistics:
    """How maps are drawn; lengths in cells.

    Attributes:
        patch: Size of a patch of one kind of floor (standard deviation of the smoothing).
        wear: Size of a worn place, likewise.
        obstacles: Fraction of the map that boxes are drawn on.
        box: Smallest and largest side of a box.
        people: People per cell.
    """

    patch: float = 2.5
    wear: float = 2.0
    obstacles: float = 0.22
    box: tuple[int, int] = (1, 5)
    people: float = 0.012


ORDINARY = TerrainStatistics()
SHIFTED = TerrainStatistics(patch=5.0, wear=1.0, obstacles=0.35, box=(2, 8), people=0.03)


def generate_terrain(
    n: int, size: int, rng: np.random.Generator, statistics: TerrainStatistics = ORDINARY
) -> MapSet:
    """Draw n maps of size x size cells."""
    return MapSet.stack([_draw(size, rng, statistics) for _ in range(n)])


def hidden_cost(occupied: np.ndarray, layers: np.ndarray) -> np.ndarray:
    """Return the cost [H, W] of the cells of one map; inf in obstacles.

    Args:
        occupied: bool [H, W].
        layers: [C, H, W] as in `LAYERS`.
    """
    floor, wear, people = layers[:4], layers[4], layers[5] > 0.0
    cost = np.tensordot(_FLOOR_COST, floor, axes=1)
    to_wall = ndimage.distance_transform_edt(~np.pad(occupied, 1, constant_values=True))[1:-1, 1:-1]
    loose = np.clip((3.0 - to_wall) / 2.0, 0.0, 1.0) * floor[_GRAVEL]
    cost = cost * (1.0 + loose) * (1.0 + ndimage.uniform_filter(wear, 3, mode="constant"))
    if people.any():
        to_person = ndimage.distance_transform_edt(~people)
        cost = cost + 6.0 * np.clip(1.0 - to_person / (REACH + 0.5), 0.0, 1.0)
    return np.where(occupied, np.inf, np.clip(cost, *_COST_RANGE))


def throw_boxes(
    size: int, fraction: float, sides: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Return bool [size, size] with boxes drawn until their areas add up to a fraction of it."""
    occupied = np.zeros((size, size), dtype=bool)
    drawn = 0
    while drawn < fraction * size * size:
        height, width = rng.integers(sides[0], sides[1] + 1, size=2)
        row, column = rng.integers(0, size, size=2)
        occupied[row : row + height, column : column + width] = True
        drawn += height * width
    return occupied


def smooth_noise(size: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise [size, size] of variance near 1 that changes over `scale` cells."""
    noise = ndimage.gaussian_filter(rng.normal(size=(size, size)), scale, mode="wrap")
    return noise * (2.0 * np.sqrt(np.pi) * scale)


def _draw(
    size: int, rng: np.random.Generator, statistics: TerrainStatistics
) -> tuple[np.ndarray, ...]:
    """Return (occupied, layers, goal, cost) of one map."""
    occupied = throw_boxes(size, statistics.obstacles, statistics.box, rng)
    kinds = np.stack([smooth_noise(size, statistics.patch, rng) for _ in _FLOOR_COST])
    floor = np.arange(len(_FLOOR_COST))[:, None, None] == kinds.argmax(axis=0)
    wear = np.clip(0.5 + 0.5 * smooth_noise(size, statistics.wear, rng), 0.0, 1.0)
    people = rng.random((size, size)) < statistics.people
    layers = np.concatenate([floor, wear[None], people[None]]) * ~occupied
    cost = hidden_cost(occupied, layers)
    return occupied, layers.astype(np.float32), any_goal(occupied, rng), cost


HIDDEN = HiddenCost(
    "terrain",
    "learn the cost of floors, wear and people from demonstrated paths",
    lambda n, size, rng, shifted: generate_terrain(n, size, rng, SHIFTED if shifted else ORDINARY),
    lambda generator: TerrainEncoder(generator, len(LAYERS)),
)
COMMAND = command(HIDDEN)
