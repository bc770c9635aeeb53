"""The clearance task: an expert who slows down near obstacles.

The expert takes the fastest way for a robot whose speed falls to a quarter where it touches an
obstacle and is full two of its radii away from all of them. So a metre costs between 4 and 1, a
detour with clearance is worth at most four times its length, and a narrow gap is costly but open.
Lengths are in radii of the robot; the maps are drawn for robots from one cell to six in radius.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.learning.encoders import ClearanceEncoder
from mme_ilqr_ros.planning.distances import squared_distance
from mme_ilqr_ros.training.tasks.demonstrations import MapSet, any_goal
from mme_ilqr_ros.training.tasks.hidden_cost import HiddenCost, command

_TOUCHING_SPEED = 0.25  # fraction of the full speed
_FREE_CLEARANCE = 2.0  # radii from which on the robot is at full speed
_RADII = (1.0, 6.0)  # of robots, in cells
_FAR = 8.0  # radii beyond which obstacles are not looked for


def hidden_cost(clearance: np.ndarray) -> np.ndarray:
    """Return the expert's time per length at clearances in radii, 1 at full speed."""
    fraction = np.clip(clearance / _FREE_CLEARANCE, 0.0, 1.0)
    return 1.0 / (_TOUCHING_SPEED + (1.0 - _TOUCHING_SPEED) * fraction)


def clearance_in_radii(occupied: np.ndarray, radius: float) -> np.ndarray:
    """Return [H, W] the distance from a robot centred in each cell to the nearest obstacle.

    Args:
        occupied: bool [H, W].
        radius: Of the robot [cells].
    """
    reach = int(np.ceil((1.0 + _FAR) * radius + 0.5))
    return (np.sqrt(squared_distance(occupied, reach)) - 0.5 - radius) / radius


def generate_clearance(
    n: int, size: int, rng: np.random.Generator, shifted: bool = False
) -> MapSet:
    """Draw n maps of size x size cells; obstacles are drawn to the scale of the robot.

    Args:
        n: How many.
        size: Cells along a side.
        rng: Source of randomness.
        shifted: Rooms with doors in place of scattered obstacles.
    """
    return MapSet.stack([_draw(size, rng, shifted) for _ in range(n)])


def _draw(size: int, rng: np.random.Generator, shifted: bool) -> tuple[np.ndarray, ...]:
    """Return (blocked, layers, goal, cost) of one map on which there is room to drive."""
    while True:
        radius = float(np.exp(rng.uniform(*np.log(_RADII))))
        radius = min(radius, size / 16.0)
        occupied = _rooms(size, radius, rng) if shifted else _scattered(size, radius, rng)
        clearance = clearance_in_radii(occupied, radius)
        blocked = clearance < 0.0
        if np.mean(~blocked) > 0.2:
            break
    cost = np.where(blocked, np.inf, hidden_cost(clearance))
    layers = np.clip(clearance, -1.0, _FAR)[None].astype(np.float32)
    return blocked, layers, any_goal(blocked, rng), cost


def _scattered(size: int, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Return boxes, posts and walls, drawn until a fraction of the map is covered."""
    occupied = np.zeros((size, size), dtype=bool)
    fraction, covered = rng.uniform(0.02, 0.2), 0.0
    while covered < fraction * size * size:
        height, width = np.ceil(radius * np.exp(rng.uniform(np.log(0.2), np.log(6.0), 2)))
        row, column = rng.integers(0, size, size=2)
        occupied[row : row + int(height), column : column + int(width)] = True
        covered += height * width
    return occupied


def _rooms(size: int, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Return rooms of about ten radii with a door in every wall, some with a pillar in the way."""
    occupied = np.zeros((size, size), dtype=bool)
    room = max(6, round(10.0 * radius))
    for offset in range(room, size, room):
        occupied[offset] = occupied[:, offset] = True
    for offset in range(room, size, room):
        for begin in range(0, size, room):
            for wall in (occupied[offset], occupied[:, offset]):
                width = int(np.ceil(radius * rng.uniform(2.2, 6.0)))
                door = begin + 1 + int(rng.integers(0, max(1, room - width)))
                wall[door : door + width] = False
    pillars = rng.random((size, size)) < 0.3 / room**2
    return occupied | pillars


HIDDEN = HiddenCost(
    "clearance",
    "learn the cost of low clearance, in robot radii, from paths of an expert who slows down",
    generate_clearance,
    ClearanceEncoder,
    size=48,
    learning_rate=5e-2,
)
COMMAND = command(HIDDEN)
