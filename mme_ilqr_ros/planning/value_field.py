"""From the cells of a walk to a path: check every one of them, go to metres."""

from __future__ import annotations

import itertools

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.planning.straighten import straighten


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
    outside = np.any((cells < 0) | (cells >= blocked.shape), axis=1)
    if outside.any():
        return f"cell {_first(cells, outside)} lies outside the map"
    hit = blocked[cells[:, 0], cells[:, 1]]
    if hit.any():
        return f"cell {_first(cells, hit)} is blocked"
    before, after = cells[:-1], cells[1:]
    jump = np.max(np.abs(after - before), axis=1, initial=0) != 1
    if jump.any():
        return f"the move from cell {_first(before, jump)} is not to a neighbour"
    # Of a straight move's two corner cells one is its start and the other its end: both free.
    cut = blocked[after[:, 0], before[:, 1]] | blocked[before[:, 0], after[:, 1]]
    if cut.any():
        return f"the move from cell {_first(before, cut)} cuts a corner"
    return None


def _first(cells: np.ndarray, mask: np.ndarray) -> tuple[int, int]:
    row, column = cells[int(np.argmax(mask))]
    return int(row), int(column)


def metric_path(
    grid: GridMap,
    cells: np.ndarray,
    start: np.ndarray,
    goal: np.ndarray | None,
    n_lead: int,
    cost: np.ndarray | None,
) -> Path:
    """Return a path of cells in m, from the exact start to the exact goal.

    Args:
        grid: Map whose frame the path is in.
        cells: [N, 2] legal path of cells.
        start: [2] point in the first cell.
        goal: [2] point in the last cell, or None to end at that cell's centre.
        n_lead: Cells at the beginning that lead out of where the robot should not be; they are
            kept as they are.
        cost: [H, W] cost under which staircases become straight lines; None keeps them.
    """
    start = np.asarray(start, dtype=float)
    end = grid.centre_of(cells[-1]) if goal is None else np.asarray(goal, dtype=float)
    ends = grid.origin.inverse().transform(np.stack([start, end]))[:, ::-1] / grid.resolution
    points = np.concatenate([ends[:1], cells[1:-1] + 0.5, ends[1:]])
    if cost is not None:
        kept = n_lead + straighten(points[n_lead:], cost)
        points = _densified(np.concatenate([points[:n_lead], points[kept]]))
    metres = grid.origin.transform(points[:, ::-1] * grid.resolution)
    metres[0], metres[-1] = start, end  # free of rounding
    return Path(metres)


def _densified(points: np.ndarray) -> np.ndarray:
    """Return the polyline with a point at least every cell, its own points included."""
    parts = [points[:1]]
    for a, b in itertools.pairwise(points):
        n = max(1, int(np.ceil(np.hypot(*(b - a)) - 1e-9)))
        parts.append(a + (b - a) * (np.arange(1, n + 1) / n)[:, None])
    return np.concatenate(parts)
