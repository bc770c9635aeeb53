"""Straight lines in place of staircases: any-angle paths that cost no more under the same cost.

A path of cells runs in eight directions, so across open floor it is a staircase or a hook. Both it
and a straight line have a cost, the integral of the cell cost along them (for
moves between cell centres that integral is the planner's own edge cost). A stretch of the path is
replaced by a line where the line touches no blocked cell, cuts no corner and costs no more.
"""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.compiled import compiled

_ROUNDING = 1e-9


def straighten(points: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Return the indices [K] of the points to keep; the first and the last are always kept.

    Args:
        points: [N, 2] path as (row, column) in cells, where cell (i, j) covers [i, i+1) x [j, j+1).
        cost: [H, W] cost of a cell, inf where blocked.
    """
    if len(points) < 3:
        return np.arange(len(points))
    return _kept(np.ascontiguousarray(points, dtype=np.float64), np.ascontiguousarray(cost))


def line_cost(start: np.ndarray, end: np.ndarray, cost: np.ndarray) -> float:
    """Return the integral of the cost along a line between two points given in cells.

    It is inf when the line enters a blocked cell or passes exactly between two cells that meet at
    a corner and one of them is blocked.
    """
    return _line_cost(float(start[0]), float(start[1]), float(end[0]), float(end[1]), cost)


@compiled
def _line_cost(r0, c0, r1, c1, cost):
    """Walk from cell to cell along the line; see `line_cost`."""
    row, column = math.floor(r0), math.floor(c0)
    last_row, last_column = math.floor(r1), math.floor(c1)
    d_row = 1 if r1 > r0 else -1
    d_column = 1 if c1 > c0 else -1
    # Fraction t of the line at which it next crosses into another row or column.
    t_row = (row + (d_row > 0) - r0) / (r1 - r0) if row != last_row else np.inf
    t_column = (column + (d_column > 0) - c0) / (c1 - c0) if column != last_column else np.inf
    t, total = 0.0, 0.0
    while row != last_row or column != last_column:
        crossing = min(t_row, t_column)
        total += (crossing - t) * cost[row, column]
        t = crossing
        to_row, to_column = t_row <= t + _ROUNDING, t_column <= t + _ROUNDING
        if (
            to_row
            and to_column
            and not (
                np.isfinite(cost[row + d_row, column]) and np.isfinite(cost[row, column + d_column])
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
        if not np.isfinite(cost[row, column]):
            return np.inf
    return (total + (1.0 - t) * cost[row, column]) * math.hypot(r1 - r0, c1 - c0)


@compiled
def _kept(points, cost):
    """Greedy: from each kept point go straight to the furthest that a line can still reach."""
    n = len(points)
    kept = np.zeros(n, dtype=np.int64)
    n_kept, anchor = 1, 0
    while anchor < n - 1:
        reached, spent = anchor + 1, 0.0
        for j in range(anchor + 1, n):
            spent += _line_cost(
                points[j - 1, 0], points[j - 1, 1], points[j, 0], points[j, 1], cost
            )
            direct = _line_cost(
                points[anchor, 0], points[anchor, 1], points[j, 0], points[j, 1], cost
            )
            if not direct <= spent * (1.0 + _ROUNDING):
                break
            reached = j
        kept[n_kept] = reached
        n_kept += 1
        anchor = reached
    return kept[:n_kept]
