"""What any path costs on a map: by it a plan in force is compared with a new one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.planning.cell_path import line_cost


@dataclass(frozen=True, eq=False)
class PathCost:
    """The integral of the cost of the cells along paths, the same for planned and older ones.

    Attributes:
        grid: The map.
        cost: [H, W] cost of its cells, inf where blocked; or [8, H, W] directed, see `directed.py`.
        n_lead: Moves by which the robot leaves blocked cells. So far the beginning of a path may
            be blocked, and counts by its length.
    """

    grid: GridMap
    cost: np.ndarray
    n_lead: int = 0

    def __call__(self, path: Path) -> float:
        """Return the cost of a path [m of cost 1]; inf where it is blocked or leaves the map."""
        cells = self.grid.cell_at(path.points)
        if not self.grid.contains(cells).all():
            return math.inf
        is_free = np.isfinite(np.atleast_3d(self.cost.T)[cells[:, 1], cells[:, 0], 0])
        first = int(np.argmax(is_free))
        n_most = self.n_lead + 1 if self.n_lead else 0  # by up to a cell it may begin earlier
        lead = float(path.arc_length[first])
        if not is_free[first] or lead > n_most * math.sqrt(2.0) * self.grid.resolution:
            return math.inf
        local = self.grid.origin.inverse().transform(path.points[first:]) / self.grid.resolution
        points = np.ascontiguousarray(local[:, ::-1])
        return lead + self.grid.resolution * float(_along(points, self.cost))


@compiled
def _along(points, cost):
    """Return the integral of a cost (see `line_cost`) along a polyline [N, 2] given in cells."""
    total = 0.0
    for k in range(len(points) - 1):
        total += line_cost(points[k], points[k + 1], cost)
    return total
