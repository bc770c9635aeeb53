"""What was learned from an owner's drives, and the weight file that keeps it (kind "habits").

`habits/learn.py` makes the value, `habit_cost.py` turns it into costs on a map.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.documents import parse_json
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.pace import Pace, pace_in
from mme_ilqr_ros.planning.weights import (
    HABITS,
    WeightFile,
    WeightsError,
    checked,
    read_weights,
    save_weights,
)

CLEARANCE_FEATURE = "clearance"
CLEAR_RADII = 8.0
"""Clearance [radii] at the last knot of the clearance feature; beyond it the term is constant."""

_LAYER = "feature."  # before the name of a feature in a weight file
_SAME_WALLS = 0.7  # of the occupied area that two maps must share to be the same place
_ROUNDING = 1e-6  # [m, rad] of an origin


@dataclass(frozen=True)
class Fingerprint:
    """Which map the costs of places are for.

    Attributes:
        shape: Rows and columns.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0).
        digest: SHA-256 of the occupied cells.
    """

    shape: tuple[int, int]
    resolution: float
    origin: Pose
    digest: str

    @classmethod
    def of(cls, grid: GridMap) -> Fingerprint:
        """Return that of a map."""
        digest = hashlib.sha256(np.packbits(grid.occupied).tobytes()).hexdigest()
        return cls(grid.shape, grid.resolution, grid.origin, digest)

    def frames_agree(self, grid: GridMap) -> bool:
        """Whether a map has the same cells at the same place, whatever they hold."""
        a, b = self.origin, grid.origin
        offset = max(abs(a.x - b.x), abs(a.y - b.y), abs(a.yaw - b.yaw))
        same_size = abs(self.resolution - grid.resolution) <= 1e-6 * grid.resolution
        return self.shape == grid.shape and same_size and offset <= _ROUNDING


@dataclass(frozen=True, eq=False)
class Habits:
    """What was learned from drives; all terms are added to the logarithm of the cost of a cell.

    Attributes:
        fingerprint: Of the map that `places` and `directions` belong to.
        walls: [h, w] fraction of each block that is occupied on that map.
        places: [h, w] >= 0 log cost of blocks of `block` m, linear between their centres.
        places_error: [h, w] standard deviation of `places`; the prior's where nothing is known.
        block: Side of a block [m]; block (0, 0) begins at the map's corner.
        features: [K] log cost at K even knots, by the layer's name: over [0, 1] of a layer, over
            [0, CLEAR_RADII] radii of the robot for "clearance".
        sides: [K] >= 0 log cost at K even knots of the place across a corridor, 0 at the wall on
            the right and 1 at the wall on the left; all 0 without a habit.
        directions: [4, h, w] >= 0 log cost of driving to -row, -column, +row, +column.
        n_drives: How many drives they are from.
        pace: Seconds per metre by place and hour beside the usual ones; None if never learned.
    """

    fingerprint: Fingerprint
    walls: np.ndarray
    places: np.ndarray
    places_error: np.ndarray
    block: float
    features: dict[str, np.ndarray]
    sides: np.ndarray
    directions: np.ndarray
    n_drives: int
    pace: Pace | None = None

    @property
    def has_directions(self) -> bool:
        """Whether costs depend on the direction of a move."""
        return bool(self.sides.any() or self.directions.any())

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the layers beside the map that the costs are a function of."""
        return tuple(sorted(set(self.features) - {CLEARANCE_FEATURE}))

    def are_of(self, grid: GridMap) -> bool:
        """Whether a map shows the place that the drives were driven in.

        The cells must lie where they lay, and most walls stand; what else stands may differ.
        """
        if not self.fingerprint.frames_agree(grid):
            return False
        now = occupied_share(grid, self.block)
        if now.shape != self.walls.shape:
            return False
        either = np.maximum(now, self.walls).sum()
        return bool(np.minimum(now, self.walls).sum() >= _SAME_WALLS * either)

    def on_cells(self, terms: np.ndarray, grid: GridMap) -> np.ndarray:
        """Return terms of blocks [h, w] at the centres of the cells of a map: float64 [H, W]."""
        return at_cells(terms, self.block, grid.shape, grid.resolution)

    def save(self, path: Path) -> str:
        """Write a weight file and its checksum; return the checksum."""
        tensors = {
            "walls": self.walls,
            "places": self.places,
            "places_error": self.places_error,
            "sides": self.sides,
            "directions": self.directions,
            **{_LAYER + name: term for name, term in self.features.items()},
            **({} if self.pace is None else self.pace.tensors()),
        }
        of = self.fingerprint
        facts = {
            "shape": of.shape,
            "resolution": of.resolution,
            "origin": [of.origin.x, of.origin.y, of.origin.yaw],
            "digest": of.digest,
            "block": self.block,
            "n_drives": self.n_drives,
        }
        return save_weights(path, tensors, {"kind": HABITS, "habits": json.dumps(facts)})


def at_cells(
    terms: np.ndarray, block: float, shape: tuple[int, int], resolution: float
) -> np.ndarray:
    """Return terms [h, w] of blocks of `block` m at the centres of cells: float64 `shape`."""
    rows, columns = (
        np.clip((np.arange(n) + 0.5) * resolution / block - 0.5, 0.0, m - 1.0)
        for n, m in zip(shape, terms.shape, strict=True)
    )
    at = np.meshgrid(rows, columns, indexing="ij")
    return ndimage.map_coordinates(terms.astype(np.float64), at, order=1, mode="nearest")


def occupied_share(grid: GridMap, block: float) -> np.ndarray:
    """Return [h, w] the fraction of each block of `block` m that is occupied, 0 beyond the map."""
    k = max(1, round(block / grid.resolution))
    height, width = (-(-n // k) for n in grid.shape)
    cells = np.zeros((height * k, width * k), dtype=np.float32)
    cells[: grid.height, : grid.width] = grid.occupied
    return cells.reshape(height, k, width, k).mean(axis=(1, 3))


def load_habits(path: Path) -> Habits:
    """Read a weight file of the kind "habits".

    Raises:
        WeightsError: It cannot be used; the message names the file.
    """
    file = read_weights(path)
    if file.kind != HABITS:
        raise WeightsError(f"{path}: weights of kind '{file.kind}', not '{HABITS}'")
    try:
        return habits_in(file)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error


def habits_in(file: WeightFile) -> Habits:
    """Return the habits that a weight file holds.

    Raises:
        WeightsError: A tensor or a fact is missing or makes no sense.
    """
    tensors = file.tensors
    shape = np.shape(tensors.get("places", 0.0))
    if len(shape) != 2:
        raise WeightsError("the weights lack the tensor 'places' [h, w]")
    features = {}
    for name in tensors:
        if name.startswith(_LAYER):
            features[name.removeprefix(_LAYER)] = _table(tensors, name)
    try:
        facts = parse_json(file.facts["habits"])
        rows, columns = (int(n) for n in facts["shape"])
        origin = Pose(*(float(value) for value in facts["origin"]))
        of = Fingerprint((rows, columns), float(facts["resolution"]), origin, str(facts["digest"]))
        n_drives, block = int(facts["n_drives"]), float(facts["block"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"the facts about the map make no sense: {error!s:.100}") from error
    if not block > 0.0:
        raise WeightsError(f"block = {block}: must be > 0 m")
    return Habits(
        of,
        walls=checked(tensors, "walls", shape),
        places=_not_negative(tensors, "places", shape),
        places_error=_not_negative(tensors, "places_error", shape),
        block=block,
        features=features,
        sides=_not_negative(tensors, "sides", _table(tensors, "sides").shape),
        directions=_not_negative(tensors, "directions", (4, *shape)),
        n_drives=n_drives,
        pace=pace_in(tensors),
    )


def _table(tensors: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Return a tensor of at least two knots."""
    n = np.size(tensors.get(name, ()))
    if n < 2:
        raise WeightsError(f"tensor {name} has {n} knots; it needs at least 2")
    return checked(tensors, name, (n,))


def _not_negative(tensors: dict[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return a tensor without negative entries: habits only add to the cost."""
    tensor = checked(tensors, name, shape)
    if (tensor < 0.0).any():
        raise WeightsError(f"tensor {name} has negative entries")
    return tensor
