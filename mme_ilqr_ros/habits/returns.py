"""Where a robot that drives on turns back, as on a tour: that is another drive."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.tally import Tally


def without_returns(
    points: NDArray[np.float64], grid: GridMap, near: float, apart: float, tally: Tally
) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of the parts of a stretch, none of which comes back to where it was.

    Args:
        points: [N, 2] m.
        grid: The map: what lies behind a wall is another place.
        near: How near is the same place [m].
        apart: Length driven in between, at least [m].
        tally: Counts the cuts.
    """
    arc = np.append(0.0, np.cumsum(lengths(points)))
    cells = np.floor(points / near).astype(np.int64)
    begin, seen = 0, dict[tuple[int, int], int]()
    index = 0
    while index < len(points):
        before = _met(seen, cells[index], points, index, near)
        if (
            before is not None
            and arc[index] - arc[before] > apart
            and _sees(grid, points[before], points[index])
        ):
            away = np.hypot(*(points[before : index + 1] - points[before]).T)
            turn = before + int(np.argmax(away))
            yield begin, turn
            tally.cut("turning back")
            begin, seen, index = turn, {}, turn
        seen.setdefault((int(cells[index, 0]), int(cells[index, 1])), index)
        index += 1
    yield begin, len(points) - 1


def _met(
    seen: dict[tuple[int, int], int],
    cell: NDArray[np.int64],
    points: NDArray[np.float64],
    index: int,
    near: float,
) -> int | None:
    """Return the earliest point near point `index`, if one was seen."""
    row, column = int(cell[0]), int(cell[1])
    around = (seen.get((row + i, column + j)) for i in (-1, 0, 1) for j in (-1, 0, 1))
    hits = [k for k in around if k is not None and distance(points[k], points[index]) <= near]
    return min(hits, default=None)


def _sees(grid: GridMap, a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Return whether no wall stands between two points [2]."""
    n = int(2.0 * distance(a, b) / grid.resolution) + 2
    return not in_walls(a + np.linspace(0.0, 1.0, n)[:, None] * (b - a), grid).any()


def in_walls(points: NDArray[np.float64], grid: GridMap) -> NDArray[np.bool_]:
    """Return at which points [N, 2] in m something stands on the map."""
    cells = grid.cell_at(points)
    inside = grid.contains(cells)
    rows, columns = np.where(inside[:, None], cells, 0).T
    return inside & grid.occupied[rows, columns]


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the distance of two points [2]."""
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def lengths(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lengths [N - 1] of the steps between points [N, 2]."""
    return np.hypot(*np.diff(points, axis=0).T)
