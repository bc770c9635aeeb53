"""One-way lanes and lanes with two sides, from a file: what a direction costs where.

    lanes:
      - name: long aisle
        line: [[1.0, 2.0], [9.0, 2.0], [9.0, 6.0]]   # m, in the map's frame
        width: 1.6                                   # m, across the line
        rule: one_way                                # or keep_right, keep_left
        factor: 5.0                                  # price of a metre against the rule

A one_way lane is driven from the first point of its line to the last. With keep_right or keep_left
both directions are driven, each on its side of the line: the price falls from the line to the
middle of the own side. A metre against the rule costs `factor` times as much and a metre across the
lane what it costs without one; in between,

    1 + (factor - 1) max(0, cos(angle between the move and the wrong way))

so that no zigzag is cheaper than driving straight. It is a price and no prohibition: where the only
way leads against a lane, the robot drives it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.documents import DocumentError, parse_yaml
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import FARTHEST
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS

RULES = ("one_way", "keep_right", "keep_left")
FACTOR = 5.0
LARGEST_FACTOR = 100.0
_KEYS = ("name", "line", "width", "rule", "factor")


class LanesError(InputError):
    """A file of lanes cannot be used; the message names the file and the lane."""


@dataclass(frozen=True, eq=False)
class Lane:
    """A strip along a line, with a rule for directions.

    Attributes:
        name: For messages.
        line: [N, 2] m in the map's frame, N >= 2.
        width: Across the line [m].
        rule: One of RULES.
        factor: Price of a metre against the rule, times that without one, >= 1.
    """

    name: str
    line: NDArray[np.float64]
    width: float
    rule: str = "one_way"
    factor: float = FACTOR

    def wrong_ways(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return which ways are wrong at points [N, 2]: vectors [2, N, 2], 0 where none is.

        Their length is 1 where the rule holds fully; one is along the line, one against it.
        """
        nearest = np.full(len(points), 0.5 * self.width)
        wrong = np.zeros((2, len(points), 2))
        for a, b in itertools.pairwise(self.line):
            length = float(np.hypot(*(b - a)))
            if length == 0.0:
                continue
            along = (b - a) / length
            offset = points - a
            s = offset @ along
            left = along[0] * offset[:, 1] - along[1] * offset[:, 0]
            # A joint is round, an end is square.
            beyond = np.maximum(np.maximum(-s, s - length), 0.0)
            is_end = (beyond > 0.0) & (
                ((s < 0.0) & (a == self.line[0]).all())
                | ((s > length) & (b == self.line[-1]).all())
            )
            away = np.where(is_end, np.inf, np.hypot(left, beyond))
            nearer = away <= nearest
            nearest = np.where(nearer, away, nearest)
            forward, back = self._weights(left[nearer])
            wrong[0, nearer] = forward[:, None] * along
            wrong[1, nearer] = -back[:, None] * along
        return wrong

    def _weights(self, left: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return how wrong driving along the line, and against it, is so far to its left [N] m."""
        if self.rule == "one_way":
            return np.zeros(len(left)), np.ones(len(left))
        to_own_middle = left / (0.25 * self.width)
        if self.rule == "keep_left":
            to_own_middle = -to_own_middle
        return np.clip(1.0 + to_own_middle, 0.0, 1.0), np.clip(1.0 - to_own_middle, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Lanes:
    """The lanes of a building."""

    lanes: tuple[Lane, ...]

    def on(self, grid: GridMap) -> NDArray[np.float64]:
        """Return [8, H, W] >= 1: by what the price of crossing a cell by each move is multiplied.

        Where lanes overlap the larger factor counts.
        """
        factor = np.ones((len(STEPS), *grid.shape))
        # Row 0 has the lowest y, and a move (row, column) leads to (column, row) in x and y.
        moves = grid.origin.rotate(STEPS[:, ::-1] / LENGTHS[:, None])
        for lane in self.lanes:
            rows, columns = _window(lane, grid)
            cells = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
            if not len(cells):
                continue
            wrong = lane.wrong_ways(grid.centre_of(cells))
            inside = wrong.any(axis=(0, 2))
            against = np.maximum(moves @ wrong[:, inside].swapaxes(1, 2), 0.0).max(axis=0)
            i, j = cells[inside].T
            price = 1.0 + (lane.factor - 1.0) * against
            factor[:, i, j] = np.maximum(factor[:, i, j], price)
        return factor

    def off(self, grid: GridMap) -> list[str]:
        """Return the names of the lanes of which no point lies on a map."""
        on_map = (grid.contains(grid.cell_at(lane.line)).any() for lane in self.lanes)
        return [lane.name for lane, is_on in zip(self.lanes, on_map, strict=True) if not is_on]


def _window(lane: Lane, grid: GridMap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of the cells that may lie in a lane."""
    reach = int(0.5 * lane.width / grid.resolution) + 2
    cells = grid.cell_at(lane.line)
    low = np.clip(cells.min(axis=0) - reach, 0, grid.shape)
    high = np.clip(cells.max(axis=0) + reach + 1, 0, grid.shape)
    return np.arange(low[0], high[0]), np.arange(low[1], high[1])


def load_lanes(path: Path) -> Lanes:
    """Read a file of lanes.

    Raises:
        LanesError: It is missing or broken, or a key is absent, unknown or out of range.
    """
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except DocumentError as error:
        raise LanesError(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise LanesError(f"{path}: cannot be read: {error}") from error
    lanes = content.get("lanes") if isinstance(content, dict) else None
    if not isinstance(lanes, list) or not all(isinstance(lane, dict) for lane in lanes):
        raise LanesError(f"{path}: must hold a list 'lanes' of blocks with line, width, rule")
    return Lanes(tuple(_lane(path, k, lane) for k, lane in enumerate(lanes, start=1)))


def _lane(path: Path, number: int, keys: Mapping[str, Any]) -> Lane:
    name = str(keys.get("name", f"lane {number}"))
    where = f"{path}: {name:.40}"
    unknown = [str(key) for key in keys if key not in _KEYS]
    if unknown:
        raise LanesError(f"{where}: unknown key '{unknown[0]:.40}'; it takes {', '.join(_KEYS)}")
    rule = keys.get("rule", RULES[0])
    if rule not in RULES:
        raise LanesError(f"{where}: rule: must be one of {', '.join(RULES)}, not {rule!r:.60}")
    width = _number(where, "width", keys.get("width"), 0.0, 1000.0)
    factor = _number(where, "factor", keys.get("factor", FACTOR), 1.0, LARGEST_FACTOR)
    return Lane(name, _line(where, keys.get("line")), width, rule, factor)


def _line(where: str, value: Any) -> NDArray[np.float64]:
    try:
        line = np.array(value, dtype=float)
    except (TypeError, ValueError):
        line = np.zeros(0)
    ok = line.ndim == 2 and line.shape[1] == 2 and (np.abs(line) <= FARTHEST).all()
    if not ok or not np.hypot(*np.ptp(line, axis=0)) > 0.0:
        raise LanesError(
            f"{where}: line: must be two points [x, y] or more in m, not {value!r:.60}"
        )
    return line


def _number(where: str, name: str, value: Any, low: float, high: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and low <= value <= high and value > 0.0):
        raise LanesError(f"{where}: {name}: must be a number up to {high:g}, not {value!r:.60}")
    return float(value)
