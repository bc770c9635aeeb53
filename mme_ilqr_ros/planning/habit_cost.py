"""Cell and edge costs learned from an owner's drives (weights of the kind "habits").

The value that a weight file keeps is `Habits`; learning it is `habits/learn.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose


@dataclass(frozen=True)
class Fingerprint:
    """Which map the costs of places are for."""

    shape: tuple[int, int]
    resolution: float
    origin: Pose
    digest: str


@dataclass(frozen=True, eq=False)
class Habits:
    """What was learned from drives; all terms are added to the logarithm of the cost of a cell.

    Attributes:
        fingerprint: Of the map that `places` belongs to.
        places: [h, w] >= 0 log cost of blocks of `block` m, smooth between their centres.
        places_error: [h, w] standard deviation of `places`; the prior's where nothing is known.
        block: Side of a block [m]; block (0, 0) begins at the map's corner.
        features: [K] log cost at K even knots in [0, 1] by layer name; "clearance" over radii.
        sides: [K] log cost at K even knots of the place across a corridor, 0 at the wall on the
            right and 1 at the wall on the left; all 0 without a habit.
        directions: [4, h, w] >= 0 log cost of driving to -row, -column, +row, +column.
        n_drives: How many drives they are from.
    """

    fingerprint: Fingerprint
    places: np.ndarray
    places_error: np.ndarray
    block: float
    features: dict[str, np.ndarray]
    sides: np.ndarray
    directions: np.ndarray
    n_drives: int

    @property
    def has_directions(self) -> bool:
        """Whether costs depend on the direction of a move."""
        return bool(self.sides.any() or self.directions.any())

    def save(self, path: Path) -> str:
        """Write a weight file and its checksum; return the checksum."""
        raise NotImplementedError


def load_habits(path: Path) -> Habits:
    """Read a weight file of the kind "habits".

    Raises:
        WeightsError: It cannot be used; the message names the file.
    """
    raise NotImplementedError
