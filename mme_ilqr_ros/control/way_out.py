"""A way out of where no plan makes progress: the exact field over everything known to stand near.

The horizon of a plan is finite: out of a dead end that is deeper, every plan ends farther from the
goal than it begins. The planner knows the map only. So where nothing leads on, a field of the
cost-to-go is solved over the walls and the circles at rest round the robot, and followed to its
end. As it knows all of them at once, the robot does not drive into the same dead end again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.field import solve_field

Array = NDArray[np.float64]

REACH = 60.0  # [radii] farthest target of a field
MARGIN = 35.0  # [radii] of the field beyond robot and target
CELL = 0.25  # [radii] side of a cell, at least
MOST_CELLS = 60_000
NEARNESS = 2.0  # how much more a cell costs where the robot would touch something
SMOOTHING = 0.75  # [radii] see `CostToGo.smoothed`
THIS_SIDE = 0.25  # of the distance to the robot, in the choice of a free place beside the goal
AT_REST = 0.05  # [m/s] a circle this slow stands


@dataclass(frozen=True, eq=False)
class WayOut:
    """A field to follow.

    Attributes:
        field: Ready to track; leads to `target`.
        aim: What was to be reached [2]: the goal, or a place on the way to it.
        target: Where it leads [2]: there, or to the free place nearest to it.
        length: Cost-to-go at the robot [m]; inf where no way leads on.
        lack: How much farther from obstacles the target should be for the robot to stand there [m];
            0 where it may.
    """

    field: CostToGo
    aim: Array
    target: Array
    length: float
    lack: float

    def cost_at(self, position: Array) -> float:
        """Return the cost-to-go [m] at a position [2]."""
        field = self.field
        low = np.array([field.origin.x, field.origin.y])  # it is not turned
        return float(field.values[_cell_of(position, low, field.resolution, field.values.shape)])


def find_way_out(
    here: Array,
    goal: Array,
    circles: Array,
    walls: DistanceField | None,
    radius: float,
    required: float,
) -> WayOut:
    """Return the field over what stands round robot and goal.

    Args:
        here: The robot [2] in m.
        goal: Where it shall go [2] in m; if it is far, the field leads toward it.
        circles: Obstacles [M, 5], of which those at rest count.
        walls: Distance field of the map, or None.
        radius: The robot's radius [m].
        required: Distance of its centre to obstacles that it must keep [m].
    """
    target = here + (goal - here) * min(1.0, REACH * radius / max(np.hypot(*(goal - here)), 1e-9))
    low, high = (f(here, target) for f in (np.minimum, np.maximum))
    low, high = low - MARGIN * radius, high + MARGIN * radius
    cell = max(CELL * radius, float(np.sqrt(np.prod(high - low) / MOST_CELLS)))
    columns, rows = np.ceil((high - low) / cell).astype(int)
    origin = Pose(float(low[0]), float(low[1]), 0.0)
    distance = _distances((rows, columns), cell, low, circles, walls, 4.0 * radius)
    # What a cell's corner passes is open: the plans themselves keep the distance.
    free = distance >= required - 0.5 * cell
    start, at = (_cell_of(point, low, cell, free.shape) for point in (here, target))
    free[start] = True
    lack = max(0.0, required - float(distance[at]))
    reached = _nearest(free, at, start)
    near = np.clip(1.0 - (distance - radius) / radius, 0.0, 1.0)
    field = solve_field(np.where(free, 1.0 + NEARNESS * near, np.inf), reached)
    values = field.values * cell
    found = CostToGo(values, cell, origin, reached)
    tracked = found.smoothed(SMOOTHING * radius).filled()
    return WayOut(tracked, target, found.goal, float(values[start]), lack)


def _distances(
    shape: tuple[int, int],
    cell: float,
    low: Array,
    circles: Array,
    walls: DistanceField | None,
    reach: float,
) -> Array:
    """Return the distance [H, W] of cell centres to what stands, cut off at `reach` [m]."""
    x, y = (low[i] + cell * (np.arange(shape[1 - i]) + 0.5) for i in (0, 1))
    distance = np.full(shape, reach)
    if walls is not None:
        centres = np.stack(np.meshgrid(x, y), axis=-1)
        distance = np.minimum(distance, walls.value(centres))
    for cx, cy, radius, *_ in circles[np.hypot(circles[:, 3], circles[:, 4]) <= AT_REST]:
        columns = slice(*np.searchsorted(x, (cx - radius - reach, cx + radius + reach)))
        rows = slice(*np.searchsorted(y, (cy - radius - reach, cy + radius + reach)))
        near = np.hypot(x[columns] - cx, (y[rows] - cy)[:, None]) - radius
        np.minimum(distance[rows, columns], near, out=distance[rows, columns])
    return distance


def _cell_of(point: Array, low: Array, cell: float, shape: tuple[int, ...]) -> tuple[int, int]:
    column, row = np.floor((point - low) / cell).astype(int)
    return int(np.clip(row, 0, shape[0] - 1)), int(np.clip(column, 0, shape[1] - 1))


def _nearest(
    free: NDArray[np.bool_], cell: tuple[int, int], here: tuple[int, int]
) -> tuple[int, int]:
    """Return the free cell nearest to a cell, of all round it the one on this side.

    Otherwise it is another one in every grid, and a robot drives round and round its goal.
    """
    rows, columns = np.nonzero(free)
    away, far = (np.hypot(rows - row, columns - column) for row, column in (cell, here))
    best = int(np.argmin(away + THIS_SIDE * far))
    return int(rows[best]), int(columns[best])
