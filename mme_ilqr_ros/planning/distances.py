"""Exact distances of all cells to the nearest occupied one, up to a reach, and growth by a radius.

Both begin with the distance along the columns, which a byte holds. The rows then need only short
numbers, of which the compiler handles dozens at a time.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled, plain

_MOST_SHORT = (1 << 15) - 1  # a square that short numbers hold, and the sum of two


def squared_distance(occupied: np.ndarray, reach: int) -> np.ndarray:
    """Return int32 [H, W]: squared distance [cells^2] between centres to the nearest occupied cell.

    Args:
        occupied: bool [H, W].
        reach: Distance [cells] beyond which it is not looked for; there it is reach^2.
    """
    squares = np.arange(reach + 1, dtype=np.int32) ** 2
    return looked_up(occupied, squares, np.arange(reach * reach + 1, dtype=np.int32))


def face_distance(occupied: np.ndarray, reach: int) -> np.ndarray:
    """Return float64 [H, W]: distance [cells] from a centre to the nearest occupied square.

    The same measure as that of `inflate`: 0 in an occupied cell.

    Args:
        occupied: bool [H, W].
        reach: Cells beyond which it is not looked for; there it is reach - 1/2.
    """
    doubled = np.maximum(2 * np.arange(reach + 1, dtype=np.int32) - 1, 0)
    table = 0.5 * np.sqrt(np.arange(int(doubled[-1]) ** 2 + 1))
    return looked_up(occupied, doubled**2, table)


def looked_up(
    occupied: np.ndarray, squares: np.ndarray, table: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    """Return [H, W] what a table says of the squared distance to the nearest occupied cell.

    Args:
        occupied: bool [H, W].
        squares: int32 [reach + 1] square by the distance in whole cells along one axis, ascending;
            the squared distance is the sum of one for each axis, at most the last one.
        table: [squares[-1] + 1] by the squared distance.
        out: Gets the result, where there is one already.
    """
    out = np.empty(occupied.shape, table.dtype) if out is None else out
    is_short = int(squares[-1]) <= _MOST_SHORT
    along = _along_columns(occupied, len(squares) - 1)
    _across(along, squares.astype(np.uint16 if is_short else np.int32), table, out)
    return out


def inflate(occupied: np.ndarray, resolution: float, radius: float) -> np.ndarray:
    """Grow obstacles by a robot's radius.

    Args:
        occupied: bool [H, W], True where something stands.
        resolution: Side of a cell [m].
        radius: [m]; zero or less changes nothing.

    Returns:
        [H, W], True exactly where a disc of that radius around the cell's centre overlaps an
        occupied cell's square, so a free cell is a safe place for the robot's centre.
    """
    reach = radius / resolution
    if reach <= 0.5:
        return occupied.copy()
    # Row by row of the disc: an occupied cell `rows` away whose near face is closer than the radius
    # blocks the centres up to `columns` to either side.
    n_rows = int(np.ceil(reach + 0.5))
    to_face = np.maximum(np.arange(n_rows) - 0.5, 0.0)
    columns = np.ceil(np.sqrt(reach**2 - to_face**2) + 0.5).astype(int) - 1
    # And so by the column: one `step` columns away blocks if it is at most so many rows away.
    furthest = np.array([np.flatnonzero(columns >= k)[-1] for k in range(columns[0] + 1)])
    along = _along_columns(occupied, n_rows)
    grown = np.zeros(occupied.shape, dtype=bool)
    _grow(along, furthest.astype(along.dtype), grown)
    return grown


def _along_columns(occupied: np.ndarray, reach: int) -> np.ndarray:
    """Return [H, W] the distance [cells] to the nearest occupied cell of the column, or `reach`."""
    kind = np.uint8 if reach < np.iinfo(np.uint8).max else np.int32
    along = np.empty(occupied.shape, dtype=kind)
    _sweep_columns(plain(occupied), kind(reach), along)
    return along


@compiled
def _sweep_columns(occupied, reach, along):
    """Write the distances along the columns, at most `reach`."""
    height, width = along.shape
    zero, one = reach - reach, along.dtype.type(1)
    for j in range(width):
        along[0, j] = zero if occupied[0, j] else reach
    for i in range(1, height):
        for j in range(width):
            further = min(along.dtype.type(along[i - 1, j] + one), reach)
            along[i, j] = zero if occupied[i, j] else further
    for i in range(height - 2, -1, -1):
        for j in range(width):
            along[i, j] = min(along[i, j], along.dtype.type(along[i + 1, j] + one))


@compiled
def _across(along, squares, table, out):
    """Write the table's entry for the least of `squares[along[i, k]] + squares[abs(j - k)]`."""
    height, width = along.shape
    reach = len(squares) - 1
    # A row with a rim on both sides from which nothing comes.
    row = np.full(width + 2 * reach, squares[reach], squares.dtype)
    best = np.empty(width, squares.dtype)
    for i in range(height):
        for j in range(width):
            row[reach + j] = best[j] = squares[along[i, j]]
        for step in range(1, reach):
            extra = squares[step]
            if extra >= _largest(best):  # no cell of this row can be nearer sideways
                break
            left, right = reach - step, reach + step
            _lower(best, row[left : left + width], row[right : right + width], extra)
        for j in range(width):
            out[i, j] = table[best[j]]


@compiled
def _lower(best, left, right, extra):
    """Lower each entry to the lesser of two others plus `extra`, in vector registers."""
    for j in range(len(best)):
        nearer = left[j] if left[j] < right[j] else right[j]
        offer = best.dtype.type(nearer + extra)
        best[j] = offer if offer < best[j] else best[j]


@compiled
def _largest(entries):
    """Return the largest entry, found in vector registers."""
    largest = entries[0]
    for j in range(len(entries)):
        largest = entries[j] if entries[j] > largest else largest
    return largest


@compiled
def _grow(along, furthest, grown):
    """Write True where a cell k columns away has one at most `furthest[k]` rows from it."""
    height, width = along.shape
    n = len(furthest)
    row = np.full(width + 2 * n, along.dtype.type(furthest[0] + 1), along.dtype)
    for i in range(height):
        for j in range(width):
            row[n + j] = along[i, j]
        for step in range(n):
            left, right = n - step, n + step
            _reach(grown[i], row[left : left + width], row[right : right + width], furthest[step])


@compiled
def _reach(found, left, right, most):
    """Add where one of two entries is at most `most`, in vector registers."""
    for j in range(len(found)):
        found[j] |= (left[j] <= most) | (right[j] <= most)
