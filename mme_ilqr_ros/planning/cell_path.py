"""The cells of a walk: check each move, straighten staircases, integrate costs along lines."""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.compiled import compiled


def first_fault(
    cells: np.ndarray, blocked: np.ndarray, start: tuple[int, int], goal: tuple[int, int]
) -> str | None:
    """Check a path cell by cell against a map, knowing nothing of how it was made.

    Args:
        cells: [N, 2] cells (row, column).
        blocked: [H, W] True where the robot must not go.
        start: Cell it must begin at.
        goal: Cell it must end at.

    Returns:
        What is wrong with the first bad cell or move, or None for a legal path.
    """
    if tuple(cells[0]) != tuple(start):
        return f"it begins at cell {tuple(cells[0].tolist())}, not at the start {tuple(start)}"
    if tuple(cells[-1]) != tuple(goal):
        return f"it ends at cell {tuple(cells[-1].tolist())}, not at the goal {tuple(goal)}"
    kind, index = _first_fault(np.ascontiguousarray(cells, dtype=np.int64), blocked)
    return _FAULTS[kind].format(tuple(cells[index].tolist())) if kind >= 0 else None


_FAULTS = (
    "cell {} lies outside the map",
    "cell {} is blocked",
    "the move from cell {} is not to a neighbour",
    "the move from cell {} cuts a corner",
)


@compiled
def _first_fault(cells, blocked):
    """Return which of `_FAULTS` is at which index of the path; -1 for none."""
    for k in range(len(cells)):
        r, c = cells[k, 0], cells[k, 1]
        if r < 0 or c < 0 or r >= blocked.shape[0] or c >= blocked.shape[1]:
            return 0, k
        if blocked[r, c]:
            return 1, k
        if k == 0:
            continue
        r0, c0 = cells[k - 1, 0], cells[k - 1, 1]
        if max(abs(r - r0), abs(c - c0)) != 1:
            return 2, k - 1
        # Of a straight move's two corner cells one is its start and the other its end: both free.
        if blocked[r, c0] or blocked[r0, c]:
            return 3, k - 1
    return -1, 0


_BY_ANGLE = np.array([2, 6, 3, 7, 0, 4, 1, 5])  # moves by their angle from +row on to +column
_ROUNDING = 1e-9
_ON_CENTRE = 1e-6  # [cells] from the line between two centres
_SAMPLES = 5  # a cell
_FURTHEST = 2000  # cells that one line spans: the time would grow with the square of the path


def straighten(points: np.ndarray, cost: np.ndarray, apart: bool = False) -> np.ndarray:
    """Return the indices [K] of the points to keep; the first and the last are always kept.

    Args:
        points: [N, 2] path as (row, column) in cells, where cell (i, j) covers [i, i+1) x [j, j+1).
        cost: [H, W] cost of a cell, inf where blocked; or [8, H, W] directed (`directed.py`).
        apart: Whether new lines pass only between centres of free cells, up to a tenth of a cell.
            These keep their distance from obstacles; elsewhere in a free cell a line can come
            nearly a cell nearer.
    """
    if len(points) < 3:
        return np.arange(len(points))
    return _kept(np.ascontiguousarray(points, dtype=np.float64), cost, apart)


@compiled
def _heading(row, column):
    """Return the two moves that a direction lies between, and how far it is on to the second."""
    turn = math.atan2(column, row) * (4.0 / math.pi) % 8.0
    k = int(turn) % 8
    return _BY_ANGLE[k], _BY_ANGLE[(k + 1) % 8], turn - math.floor(turn)


@compiled
def _unit(cost, row, column, heading):
    """Return what a cell costs per length, in a direction from `_heading` if costs have one."""
    if cost.ndim == 2:  # known when this is compiled
        price = cost[row, column]
    else:
        first, second, share = heading
        price = cost[first, row, column]
        if price < np.inf:  # else all directions are closed
            price = (1.0 - share) * price + share * cost[second, row, column]
    return price


@compiled
def line_cost(start, end, cost):
    """Return the integral of the cost along a line between two points [2] given in cells.

    The cost is one of cells [H, W], or directed [8, H, W] (`directed.py`).

    It is inf when the line enters a blocked cell or passes exactly between two cells that meet at
    a corner and one of them is blocked.
    """
    r0, c0, r1, c1 = start[0], start[1], end[0], end[1]
    row, column = math.floor(r0), math.floor(c0)
    last_row, last_column = math.floor(r1), math.floor(c1)
    d_row = 1 if r1 > r0 else -1
    d_column = 1 if c1 > c0 else -1
    # Fraction t of the line at which it next crosses into another row or column.
    t_row = (row + (d_row > 0) - r0) / (r1 - r0) if row != last_row else np.inf
    t_column = (column + (d_column > 0) - c0) / (c1 - c0) if column != last_column else np.inf
    heading = _heading(r1 - r0, c1 - c0) if cost.ndim == 3 else (0, 0, 0.0)
    t, total = 0.0, 0.0
    while row != last_row or column != last_column:
        crossing = min(t_row, t_column)
        total += (crossing - t) * _unit(cost, row, column, heading)
        t = crossing
        to_row, to_column = t_row <= t + _ROUNDING, t_column <= t + _ROUNDING
        if (
            to_row
            and to_column
            and not (
                np.isfinite(_unit(cost, row + d_row, column, heading))
                and np.isfinite(_unit(cost, row, column + d_column, heading))
            )
        ):
            return np.inf
        if to_row:
            row += d_row
            t_row = (row + (d_row > 0) - r0) / (r1 - r0) if row != last_row else np.inf
        if to_column:
            column += d_column
            t_column = (
                (column + (d_column > 0) - c0) / (c1 - c0) if column != last_column else np.inf
            )
        if not np.isfinite(_unit(cost, row, column, heading)):
            return np.inf
    return (total + (1.0 - t) * _unit(cost, row, column, heading)) * math.hypot(r1 - r0, c1 - c0)


@compiled
def is_apart(start, end, cost):
    """Return True when the up to four centres round every point of a line are free."""
    n = math.ceil(_SAMPLES * math.hypot(end[0] - start[0], end[1] - start[1]))
    for k in range(n + 1):
        r = start[0] + (end[0] - start[0]) * k / max(n, 1) - 0.5
        c = start[1] + (end[1] - start[1]) * k / max(n, 1) - 0.5
        for i in range(math.floor(r + _ON_CENTRE), math.ceil(r - _ON_CENTRE) + 1):
            for j in range(math.floor(c + _ON_CENTRE), math.ceil(c - _ON_CENTRE) + 1):
                inside = 0 <= i < cost.shape[-2] and 0 <= j < cost.shape[-1]
                if inside and _unit(cost, i, j, (0, 0, 0.0)) == np.inf:
                    return False
    return True


@compiled
def _kept(points, cost, apart):
    """Greedy: from each kept point go straight to one that a line can just still reach.

    It is looked for by doubling the distance, then by halving: lines are as long as the walk, and
    to try each point on it would take the square of its length.
    """
    n = len(points)
    kept, spent = np.zeros(n, dtype=np.int64), np.zeros(n)
    for j in range(1, n):
        spent[j] = spent[j - 1] + line_cost(points[j - 1], points[j], cost)
    n_kept, anchor = 1, 0
    while anchor < n - 1:
        last = min(n - 1, anchor + _FURTHEST)
        reached, beyond, step = anchor + 1, last + 1, 1
        while beyond - reached > 1:
            j = min(reached + step, last) if beyond > last else (reached + beyond) // 2
            most = (spent[j] - spent[anchor]) * (1.0 + _ROUNDING)
            is_free = line_cost(points[anchor], points[j], cost) <= most
            if is_free and (not apart or is_apart(points[anchor], points[j], cost)):
                reached, step = j, 2 * step
            else:
                beyond = j
        kept[n_kept] = reached
        n_kept += 1
        anchor = reached
    return kept[:n_kept]
