"""From the cells of a walk to a path in metres, straight where that costs no more."""

from __future__ import annotations

import itertools

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.planning.cell_path import straighten
from mme_ilqr_ros.planning.taut import pull_taut


def metric_path(
    grid: GridMap,
    cells: np.ndarray,
    start: np.ndarray,
    goal: np.ndarray | None,
    n_lead: int,
    cost: np.ndarray | None,
    *,
    apart: bool = False,
) -> Path:
    """Return a path of cells in m, from the exact start to the exact goal.

    Args:
        grid: Map whose frame the path is in.
        cells: [N, 2] legal path of cells.
        start: [2] point in the first cell.
        goal: [2] point in the last cell, or None to end at that cell's centre.
        n_lead: Cells at the beginning that lead out of where the robot should not be; they are
            kept as they are.
        cost: [H, W], or [8, H, W] directed, under which staircases become straight lines, pulled
            taut; None keeps them.
        apart: See `straighten`.
    """
    start = np.asarray(start, dtype=float)
    end = grid.centre_of(cells[-1]) if goal is None else np.asarray(goal, dtype=float)
    ends = grid.origin.inverse().transform(np.stack([start, end]))[:, ::-1] / grid.resolution
    points = np.concatenate([ends[:1], cells[1:-1] + 0.5, ends[1:]])
    if cost is not None:
        points = np.concatenate([points[:n_lead], taut_line(points[n_lead:], cost, apart)])
        points = _densified(points)
    metres = grid.origin.transform(points[:, ::-1] * grid.resolution)
    metres[0], metres[-1] = start, end  # free of rounding
    return Path(metres)


def taut_line(points: np.ndarray, cost: np.ndarray, apart: bool = False) -> np.ndarray:
    """Return the corners [K, 2] of a walk made straight where that costs no more.

    Args:
        points: [N, 2] as (row, column) in cells, where cell (i, j) covers [i, i+1) x [j, j+1).
        cost: Of cells [H, W], inf where blocked, or [8, H, W] directed.
        apart: See `straighten`.
    """
    return pull_taut(points[straighten(points, cost, apart)], cost, apart)


def _densified(points: np.ndarray) -> np.ndarray:
    """Return the polyline with a point at least every cell, its own points included."""
    parts = [points[:1]]
    for a, b in itertools.pairwise(points):
        n = max(1, int(np.ceil(np.hypot(*(b - a)) - 1e-9)))
        parts.append(a + (b - a) * (np.arange(1, n + 1) / n)[:, None])
    return np.concatenate(parts)
