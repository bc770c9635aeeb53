"""The lanes task: aisles between shelves where the experts keep to the right.

Seen are the shelves and, as a layer, where the floor is painted. Hidden is the rule: on painted
floor a move costs more when the nearer wall is on its left than when it is on its right. That is a
cost of directions, which no cost of cells can express.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS
from mme_ilqr_ros.training.tasks.demonstrations import MapSet, any_goal
from mme_ilqr_ros.training.tasks.hidden_cost import HiddenCost
from studies.tasks.demonstrated import command
from studies.tasks.lane_encoder import LaneEncoder
from studies.tasks.terrain import smooth_noise

LAYERS = ("painted",)
REACH = 3
_RIGHT, _MIDDLE, _WRONG = 1.0, 2.0, 4.0  # cost per length, by the side of the nearer wall


@dataclass(frozen=True)
class LaneStatistics:
    """How maps are drawn; lengths in cells.

    Attributes:
        shelf: Smallest and largest side of a shelf.
        aisle: Narrowest and widest aisle.
        missing: Fraction of shelves left out.
        paint: Size of painted areas (standard deviation of the smoothing).
        painted: Fraction of the floor that is painted.
    """

    shelf: tuple[int, int] = (3, 8)
    aisle: tuple[int, int] = (2, 6)
    missing: float = 0.15
    paint: float = 6.0
    painted: float = 0.8


ORDINARY = LaneStatistics()
SHIFTED = LaneStatistics(shelf=(2, 12), aisle=(3, 7), missing=0.3, paint=10.0, painted=0.6)


def generate_lanes(
    n: int, size: int, rng: np.random.Generator, statistics: LaneStatistics = ORDINARY
) -> MapSet:
    """Draw n maps of size x size cells."""
    return MapSet.stack([_draw(size, rng, statistics) for _ in range(n)])


def hidden_cost(occupied: np.ndarray, layers: np.ndarray) -> np.ndarray:
    """Return the cost [8, H, W] of the moves of one map; inf where they are not legal.

    Args:
        occupied: bool [H, W].
        layers: [C, H, W] as in `LAYERS`.
    """
    painted = layers[0] > 0.5
    walls = np.pad(occupied, REACH, constant_values=True)
    edges = np.empty((len(STEPS), *occupied.shape))
    for a, (row, column) in enumerate(STEPS.tolist()):
        right, left = _to_wall(walls, column, -row), _to_wall(walls, -column, row)
        rule = np.where(right < left, _RIGHT, np.where(right > left, _WRONG, _MIDDLE))
        illegal = occupied | _shifted(walls, row, column)
        if a >= N_STRAIGHT:
            illegal |= _shifted(walls, row, 0) | _shifted(walls, 0, column)
        edges[a] = np.where(illegal, np.inf, LENGTHS[a] * np.where(painted, rule, _MIDDLE))
    return edges


def _to_wall(walls: np.ndarray, row: int, column: int) -> np.ndarray:
    """Return int [H, W]: steps (row, column) to the first wall, REACH + 1 where none is so near."""
    nearest = np.full(_shifted(walls, 0, 0).shape, REACH + 1)
    for k in range(REACH, 0, -1):
        nearest[_shifted(walls, k * row, k * column)] = k
    return nearest


def _shifted(walls: np.ndarray, row: int, column: int) -> np.ndarray:
    """Return what each cell sees (row, column) away, of a grid padded by REACH."""
    height, width = walls.shape[0] - 2 * REACH, walls.shape[1] - 2 * REACH
    return walls[REACH + row :, REACH + column :][:height, :width]


def _draw(
    size: int, rng: np.random.Generator, statistics: LaneStatistics
) -> tuple[np.ndarray, ...]:
    """Return (occupied, layers, goal, cost) of one map."""
    occupied = np.zeros((size, size), dtype=bool)
    row = int(rng.integers(0, statistics.aisle[1] + 1))
    while row < size:
        height = int(rng.integers(*statistics.shelf, endpoint=True))
        column = int(rng.integers(0, statistics.aisle[1] + 1))
        while column < size:
            width = int(rng.integers(*statistics.shelf, endpoint=True))
            if rng.random() >= statistics.missing:
                occupied[row : row + height, column : column + width] = True
            column += width + int(rng.integers(*statistics.aisle, endpoint=True))
        row += height + int(rng.integers(*statistics.aisle, endpoint=True))
    noise = smooth_noise(size, statistics.paint, rng)
    painted = (noise <= np.quantile(noise, statistics.painted)) & ~occupied
    layers = painted[None].astype(np.float32)
    return occupied, layers, any_goal(occupied, rng), hidden_cost(occupied, layers)


HIDDEN = HiddenCost(
    "lanes",
    "learn on which side of an aisle to drive, from demonstrated paths",
    lambda n, size, rng, shifted: generate_lanes(n, size, rng, SHIFTED if shifted else ORDINARY),
    lambda generator: LaneEncoder(generator, len(LAYERS)),
)
COMMAND = command(HIDDEN)
